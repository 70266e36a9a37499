function Test-AzConnectedMachineBackend {
    <#
    .SYNOPSIS
    Says whether the backend of this module works, and what to do when it does not.
    .DESCRIPTION
    Looks at each thing that a call needs, in the order in which it needs them, and writes what it found. What
    cannot be looked at because of what failed before is skipped.
    .EXAMPLE
    Test-AzConnectedMachineBackend

    Shows every check.
    .EXAMPLE
    if (Test-AzConnectedMachineBackend | Where-Object Result -eq Failed) { 'The backend does not work.' }

    Asks for failures in a script.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.BackendCheck')]
    param()

    process {
        $isOpen = $true
        foreach ($check in @(
                @{ Name = 'Place'; Look = { CheckPlace } },
                @{ Name = 'Python'; Look = { CheckPython } },
                @{ Name = 'Package'; Look = { CheckPackage } },
                @{ Name = 'Answer'; Look = { CheckAnswer $PSCmdlet } })) {
            if (-not $isOpen) {
                ToBackendCheck $check.Name 'Skipped' 'Something that it needs has failed.'
                continue
            }
            $found = & $check.Look
            $isOpen = $found -is [string]
            if ($isOpen) { ToBackendCheck $check.Name 'Passed' $found }
            else { ToBackendCheck $check.Name 'Failed' $found.Exception.Message $found.ErrorDetails.RecommendedAction }
        }
    }
}
