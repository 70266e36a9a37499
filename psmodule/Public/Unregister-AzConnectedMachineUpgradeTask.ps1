function Unregister-AzConnectedMachineUpgradeTask {
    <#
    .SYNOPSIS
    Takes the task away that runs upgrade passes.
    .DESCRIPTION
    The system's scheduler starts no more passes for this state root. A pass that is under way goes on. Where there is no
    task, nothing happens.
    .EXAMPLE
    Unregister-AzConnectedMachineUpgradeTask

    Takes the task away.
    .EXAMPLE
    Unregister-AzConnectedMachineUpgradeTask -WhatIf

    Says what would be done.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
    param(
        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        if (-not (ShouldChange $PSCmdlet 'this host' 'have no more upgrade passes run by the scheduler')) { return }
        $done = CallBackend $PSCmdlet 'schedule.unregister' @{} -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
