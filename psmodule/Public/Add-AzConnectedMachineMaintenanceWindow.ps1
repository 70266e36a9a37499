function Add-AzConnectedMachineMaintenanceWindow {
    <#
    .SYNOPSIS
    Lets versions of what is installed change in a window of time only.
    .DESCRIPTION
    As soon as a machine has a window, a version changes only while one of its windows is open: by an upgrade
    pass, a retry or an explicit request, which waits for the window, unless -IgnoreWindow is given with it.
    First installations, settings, resets, removals and rollbacks do not wait, nor does what has begun. Give
    -Name for windows of one extension, which then take the place of the machine's. The same -WindowName again
    changes the window.
    .EXAMPLE
    Add-AzConnectedMachineMaintenanceWindow -ResourceGroupName myResourceGroup -MachineName myVM -WindowName nights -TimeZone Europe/Berlin -Start 22:00 -Duration 06:00:00 -Day Saturday, Sunday

    Versions change in the nights that begin on Saturday and Sunday.
    .EXAMPLE
    Add-AzConnectedMachineMaintenanceWindow -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -WindowName patchday -TimeZone UTC -Start 20:00 -Duration 04:00:00 -Day Tuesday -Week Second -Blackout 2026-12-20/2027-01-03 -Spread 01:00:00

    One extension changes on the second Tuesday of a month, not at the end of the year, and each machine begins
    at its own moment within the first hour.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MaintenanceWindow')]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of the window.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $WindowName,

        # IANA's name of the time zone whose clocks count, such as Europe/Berlin or UTC.
        [Parameter(Mandatory)]
        [string] $TimeZone,

        # Local time at which it opens, such as 22:00. Where clocks skip it, it opens after the gap.
        [Parameter(Mandatory)]
        [string] $Start,

        # How long it stays open, across midnight and clock changes: a minute to seven days.
        [Parameter(Mandatory)]
        [timespan] $Duration,

        # Name of the extension that it is for; by default it is the machine's.
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Days on which it opens; by default every day.
        [ValidateSet('Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday')]
        [string[]] $Day,

        # On which of those days of a month it opens; by default on all of them.
        [ValidateSet('First', 'Second', 'Third', 'Fourth', 'Last')]
        [string[]] $Week,

        # Local dates on which it does not open, and at whose beginning it is cut: 2026-12-24, or a range
        # 2026-12-20/2027-01-03.
        [string[]] $Blackout,

        # Each machine begins at its own moment within this time; at most half of the duration.
        [timespan] $Spread,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $window = @{ windowName = $WindowName; timeZone = $TimeZone; start = $Start; duration = $Duration.TotalSeconds }
        if ($Day) { $window['days'] = $Day }
        if ($Week) { $window['weeks'] = $Week }
        if ($Blackout) { $window['blackouts'] = $Blackout }
        if ($PSBoundParameters.ContainsKey('Spread')) { $window['spread'] = $Spread.TotalSeconds }
        $target = if ($Name) { "extension '$Name' of machine '$MachineName'" } else { "machine '$MachineName'" }
        if (-not (ShouldChange $PSCmdlet $target "add maintenance window '$WindowName'")) { return }
        $added = CallBackend $PSCmdlet 'window.add' ($address + $window) -Target $WindowName -Changes
        if ($null -ne $added) { ToWindow $added $ResourceGroupName }
    }
}
