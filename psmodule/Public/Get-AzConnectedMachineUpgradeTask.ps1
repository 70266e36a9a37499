function Get-AzConnectedMachineUpgradeTask {
    <#
    .SYNOPSIS
    Gets the task that runs upgrade passes.
    .DESCRIPTION
    Returns the task of this state root as its scheduler has it, with the times and the exit code that the scheduler
    knows; nothing when there is none.
    .EXAMPLE
    Get-AzConnectedMachineUpgradeTask

    Shows the task.
    .EXAMPLE
    if (-not (Get-AzConnectedMachineUpgradeTask)) { Register-AzConnectedMachineUpgradeTask }

    Registers a task where there is none.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeTask')]
    param()

    process {
        $list = CallBackend $PSCmdlet 'schedule.list' @{}
        if ($null -ne $list) { foreach ($task in $list['value']) { ToTask $task } }
    }
}
