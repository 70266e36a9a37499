# The environments that Install-AzConnectedMachineBackend makes, one for each version of the module.
#
# The program runs with the rights of whoever calls a cmdlet. The place of the machine is therefore one that
# only administrators can write to, which %ProgramData% is not.

# Returns the folder of this module version's environment, or nothing where the system has no such place.
function BackendFolder {
    param([ValidateSet('CurrentUser', 'AllUsers')] [string] $Scope)

    # A new account has the folder yet to be made; unless told not to verify, .NET names none then.
    $base = if ($Scope -eq 'CurrentUser') { [Environment]::GetFolderPath('LocalApplicationData', 'DoNotVerify') }
    elseif (IsWindowsHost) { [Environment]::GetFolderPath('ProgramFiles') }
    else { '/usr/local/lib' }
    if ($base) { [IO.Path]::Combine($base, 'AzConnectedMachineLite', 'backend', (ModuleVersion)) }
}

# Returns the Python of an environment that was made to its end, or nothing.
function InstalledPython {
    param([string] $Folder)

    if ($Folder -and [IO.File]::Exists((BackendMarker $Folder))) { PythonIn $Folder }
}

# The last file that is written: without it the folder is what a killed installation left.
function BackendMarker {
    param([string] $Folder)

    [IO.Path]::Combine($Folder, 'azcmlite-installed')
}

function PythonIn {
    param([string] $Folder)

    foreach ($place in 'bin/python', 'Scripts\python.exe') {
        $python = [IO.Path]::Combine($Folder, $place)
        if ([IO.File]::Exists($python)) { return $python }
    }
}

# Returns the wheel that the built module carries, or nothing in a clone.
function BundledWheel {
    $folder = [IO.Path]::Combine($ExecutionContext.SessionState.Module.ModuleBase, 'backend')
    if ([IO.Directory]::Exists($folder)) { @([IO.Directory]::GetFiles($folder, '*.whl'))[0] }
}

function ModuleVersion { $ExecutionContext.SessionState.Module.Version.ToString() }

# $IsWindows does not exist on 5.1.
function IsWindowsHost { [IO.Path]::DirectorySeparatorChar -eq '\' }
