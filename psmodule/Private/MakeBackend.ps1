# The making of a backend's environment, for Install-AzConnectedMachineBackend.

# Returns the Python and the wheel to make it from, or an error record that says what is missing.
function ChooseBackendSource {
    param([string] $Named, [string] $Folder)

    if (-not $Folder) {
        return NewErrorRecord 'NoDataFolder' 'ResourceUnavailable' $Named 'This account has no folder for the data of programs.' 'Set HOME, or install with -Scope AllUsers.'
    }
    $wheel = BundledWheel
    if (-not $wheel) {
        return NewErrorRecord 'BackendPackageNotFound' 'ObjectNotFound' $ExecutionContext.SessionState.Module.ModuleBase 'This copy of the module carries no backend to install.' `
            "In a clone run 'python3 -m venv .venv' and '.venv/bin/python -m pip install .', or 'python3 scripts/build.py' for a module that carries it."
    }
    foreach ($python in PythonCandidates $Named) {
        $told = AskPython $python
        if ($null -ne $told -and $told.MakesEnvironments -and $told.Version -ge [version] '3.11') { return @{ Python = $python; Wheel = $wheel } }
    }
    $what = if ($Named) { "'$Named' is no Python 3.11 or newer that can make environments." } else { 'No Python 3.11 or newer that can make environments is on PATH.' }
    NewErrorRecord 'PythonNotFound' 'NotInstalled' $Named $what 'Install Python 3.11 or newer (Debian and Ubuntu: with python3-venv), or name one with -Python.'
}

function PythonCandidates {
    param([string] $Named)

    if ($Named) { return $Named }
    foreach ($command in Get-Command -Name python3, python, python3.14, python3.13, python3.12, python3.11 -CommandType Application -All -ErrorAction Ignore) {
        # The Store's stand-in for Python has no bytes and opens the Store.
        if ([IO.FileInfo]::new($command.Source).Length -or -not (IsWindowsHost)) { $command.Source }
    }
}

# Makes it and returns nothing, or returns the error record that says why it could not be made. One shell at a
# time works on a folder; one that is killed leaves a folder without its mark, which is made anew.
function MakeBackend {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Folder, [hashtable] $Source, [string] $WheelFolder)

    $hint = 'Correct what is said there and run the command again; it starts anew.'
    $lock = $null
    try {
        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($Folder))
        $lock = [IO.FileStream]::new("$Folder.lock", 'OpenOrCreate', 'ReadWrite', 'None')
        if ([IO.Directory]::Exists($Folder)) {
            [IO.File]::Delete((BackendMarker $Folder)) # first: from here on it is unfinished
            [IO.Directory]::Delete($Folder, $true)
        }
        $index = @(if ($WheelFolder) { '--no-index', '--find-links', $WheelFolder })
        $pip = @('-I', '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--quiet') + $index + $Source.Wheel
        foreach ($step in @(
                @{ Share = 5; Status = 'Making the environment'; Python = { $Source.Python }; Words = '-I', '-m', 'venv', $Folder },
                @{ Share = 35; Status = 'Installing the backend and what it needs'; Python = { PythonIn $Folder }; Words = $pip },
                @{ Share = 90; Status = 'Starting it once'; Python = { PythonIn $Folder }; Words = '-I', '-c', 'import connectedmachine.service, cryptography, jsonschema, psutil, pydantic' })) {
            ShowInstall $Cmdlet $step.Status $step.Share
            $done = RunTool (& $step.Python) $step.Words
            if ($null -eq $done -or $done.Code -ne 0) {
                $said = if ($null -eq $done) { 'it cannot be started.' } else { LastLine $done.Output }
                return NewErrorRecord 'BackendInstallFailed' 'InvalidResult' $Folder "$($step.Status) failed: $said" $hint
            }
        }
        [IO.File]::WriteAllText((BackendMarker $Folder), (ModuleVersion))
    }
    catch [IO.IOException], [UnauthorizedAccessException] {
        NewErrorRecord 'BackendInstallFailed' 'WriteError' $Folder "'$Folder' cannot be written: $($_.Exception.GetBaseException().Message)" `
            'Close what uses it (another installation, a session with a backend), or install for another scope.'
    }
    finally {
        ShowInstall $Cmdlet
        if ($null -ne $lock) { $lock.Dispose() }
    }
}

# Without a status it is over; that may be while Ctrl+C unwinds, where the engine accepts no output.
function ShowInstall {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Status, [int] $Percent = -1)

    . FollowCaller $Cmdlet
    $record = [Management.Automation.ProgressRecord]::new(1, "Install backend $(ModuleVersion)", $(if ($Status) { $Status } else { 'Done' }))
    $record.PercentComplete = $Percent
    if (-not $Status) { $record.RecordType = 'Completed' }
    try { $Cmdlet.WriteProgress($record) } catch [Management.Automation.PipelineStoppedException] { $null = $_ }
}
