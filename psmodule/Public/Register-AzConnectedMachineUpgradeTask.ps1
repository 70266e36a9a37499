function Register-AzConnectedMachineUpgradeTask {
    <#
    .SYNOPSIS
    Has the system's scheduler run upgrade passes from now on.
    .DESCRIPTION
    Registers one task for this state root, in place of an earlier one: with the Task Scheduler of Windows, with launchd,
    with systemd where it runs, and with cron otherwise. The task looks at every machine that is this host, or at
    the one that is named, and upgrades what is due. As root or administrator it runs as such, else as you.
    .EXAMPLE
    Register-AzConnectedMachineUpgradeTask

    Runs a pass every hour.
    .EXAMPLE
    Register-AzConnectedMachineUpgradeTask -At 03:30 -Jitter 00:30:00

    Runs a pass every night, within half an hour of the time that is named.
    .EXAMPLE
    Register-AzConnectedMachineUpgradeTask -ResourceGroupName myResourceGroup -MachineName myVM -Every 06:00:00

    Looks at one machine, four times a day.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Host', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeTask')]
    param(
        # Resource group of the machine; together with its name.
        [Parameter(Mandatory, ParameterSetName = 'Machine', ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine, which may be a simulated one.
        [Parameter(Mandatory, ParameterSetName = 'Machine', ValueFromPipelineByPropertyName)]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Time from one pass to the next: minutes that divide an hour, or hours that divide a day.
        [Nullable[timespan]] $Every,

        # Time of the day, in place of Every: HH:MM by the clock of the host.
        [string] $At,

        # Over how long starts are spread; by default a quarter of the interval, 15 minutes at most.
        [Nullable[timespan]] $Jitter,

        # Which scheduler; by default the best one that there is.
        [ValidateSet('TaskScheduler', 'Launchd', 'Systemd', 'Cron')]
        [string] $Scheduler
    )

    process {
        $task = @{
            subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName
            at = $At; scheduler = $Scheduler
        }
        if ($null -ne $Every) { $task['every'] = $Every.TotalSeconds }
        if ($null -ne $Jitter) { $task['jitter'] = $Jitter.TotalSeconds }
        $target = if ($MachineName) { "machine '$MachineName'" } else { 'this host' }
        if (-not (ShouldChange $PSCmdlet $target 'have the scheduler of the system run upgrade passes')) { return }
        $registered = CallBackend $PSCmdlet 'schedule.register' $task -Changes
        if ($null -ne $registered) { ToTask $registered }
    }
}
