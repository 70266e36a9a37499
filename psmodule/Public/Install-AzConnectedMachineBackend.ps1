function Install-AzConnectedMachineBackend {
    <#
    .SYNOPSIS
    Makes the Python environment that this module works with.
    .DESCRIPTION
    Makes a virtual environment for this version of the module and installs the backend there, from the wheel that
    the module carries. What the backend needs comes from the Python package index, or with -WheelFolder from a
    folder and no network. Where all is in place already nothing is done. Nothing is ever installed without this
    command.
    .EXAMPLE
    Install-AzConnectedMachineBackend

    Makes the environment of the current user.
    .EXAMPLE
    Install-AzConnectedMachineBackend -Scope AllUsers -Python /usr/bin/python3.12 -WheelFolder ./wheels

    Makes the environment of the machine with a chosen Python and without a network. The folder holds what
    'pip download az-connectedmachine-lite' fetched elsewhere.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.Backend')]
    param(
        # CurrentUser, or AllUsers for every user of the machine, which needs administrative rights.
        [ValidateSet('CurrentUser', 'AllUsers')]
        [string] $Scope = 'CurrentUser',

        # Full path of the Python to make the environment with, 3.11 or newer; by default one that is found on PATH.
        [string] $Python,

        # A folder with the wheels of everything that the backend needs; the network is not used then.
        [string] $WheelFolder,

        # Make the environment anew, also where it is in place.
        [switch] $Force
    )

    process {
        $folder = BackendFolder $Scope
        $installed = if ($Force) { $null } else { InstalledPython $folder }
        if ($installed -and (AskPython $installed).Backend -eq (ModuleVersion)) { return ToBackend $Scope $folder $installed }
        if ($WheelFolder) { $WheelFolder = FullPath $PSCmdlet $WheelFolder }
        $source = ChooseBackendSource $Python $folder
        if ($source -is [Management.Automation.ErrorRecord]) { $PSCmdlet.ThrowTerminatingError($source) }
        if (-not (ShouldChange $PSCmdlet "'$folder'" "make a Python environment with '$($source.Python)' and install backend $(ModuleVersion)")) { return }
        $problem = MakeBackend $PSCmdlet $folder $source $WheelFolder
        if ($problem) { $PSCmdlet.ThrowTerminatingError($problem) }
        StopBackend # the next call starts the new one
        ToBackend $Scope $folder (PythonIn $folder)
    }
}
