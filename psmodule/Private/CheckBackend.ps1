# What Test-AzConnectedMachineBackend looks at. Each returns a sentence, or the error record of what is wrong.

function CheckPlace {
    $python = FindPython
    if ($python -is [string]) { "The Python of this module is '$python'." } else { $python }
}

function CheckPython {
    $python = FindPython
    $told = AskPython $python
    if ($null -eq $told) { return NewErrorRecord 'PythonFailed' 'InvalidResult' $python "'$python' does not run as a Python." 'Install the backend again: Install-AzConnectedMachineBackend -Force.' }
    if ($told.Version -lt [version] '3.11') { return NewErrorRecord 'PythonTooOld' 'InvalidResult' $python "'$python' is Python $($told.Version)." 'Use Python 3.11 or newer.' }
    "It is Python $($told.Version)."
}

function CheckPackage {
    $python = FindPython
    $version = (AskPython $python).Backend
    if (-not $version) { return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $python "az-connectedmachine-lite is not installed for '$python'." "Run '$python -m pip install az-connectedmachine-lite', or Install-AzConnectedMachineBackend." }
    if ($version -ne (ModuleVersion)) { return NewErrorRecord 'BackendMismatch' 'InvalidResult' $python "The backend is $version, the module $(ModuleVersion)." 'Install module and backend of the same release.' }
    "The backend is $version, as the module."
}

# The real thing: a question to the backend that opens the store.
function CheckAnswer {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    if (-not $script:Turn.Wait(0)) { return NewErrorRecord 'BackendBusy' 'ResourceBusy' 'gallery.list' 'Another command of this module is waiting for its answer in this runspace.' 'Try again when it has ended.' }
    $script:LastId++
    $call = @{ Cmdlet = $Cmdlet; Id = "$script:LastId"; Sent = $false; Answered = $false; Progress = $null; ProgressAt = 0 }
    try { $reply = ExchangeFrames $call 'gallery.list' @{} $false }
    finally {
        EndCall $call
        $null = $script:Turn.Release()
    }
    if ($reply -is [Management.Automation.ErrorRecord]) { return $reply }
    if ($reply.Contains('error')) {
        $data = $reply['error']['data']
        return NewErrorRecord $data['code'] $data['category'] $data['target'] $reply['error']['message'] $data['hint']
    }
    'It answers, and its state can be read.'
}
