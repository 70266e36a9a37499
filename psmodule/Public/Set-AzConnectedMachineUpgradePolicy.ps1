function Set-AzConnectedMachineUpgradePolicy {
    <#
    .SYNOPSIS
    Changes the upgrade policy of a machine or of one of its extensions.
    .DESCRIPTION
    Changes the values that are named; $null takes a value back, so that the machine's or the preset's holds
    again. Returns the policy as it is then.
    .EXAMPLE
    Set-AzConnectedMachineUpgradePolicy -ResourceGroupName myResourceGroup -MachineName myVM -HealthWindow 00:10:00

    Watches the machine for ten minutes after an automatic upgrade.
    .EXAMPLE
    Set-AzConnectedMachineUpgradePolicy -ResourceGroupName myResourceGroup -MachineName myVM -HealthWindow $null

    Goes back to the window of the preset.
    .EXAMPLE
    Set-AzConnectedMachineUpgradePolicy -ResourceGroupName myResourceGroup -MachineName myVM -EnableTimeout 00:20:00

    Gives each handler twenty minutes for its enable, before that is ended and counts as failed.
    .EXAMPLE
    Set-AzConnectedMachineUpgradePolicy -ResourceGroupName myResourceGroup -MachineName myVM -RetryInterval 06:00:00 -RetryGrowth 2 -RetryLimit 5

    Tries a failed version again after 6, 12, 24 and 48 hours, and then no more by itself.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradePolicy')]
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

        # Name of one extension, whose own values come before those of the machine.
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Preset that values come from when nothing else says them: arc-2021 or arc-2025.
        [AllowNull()]
        [AllowEmptyString()]
        [ValidateSet('arc-2021', 'arc-2025', '', IgnoreCase = $false)]
        [string] $Preset,

        # How long the machine is watched after an automatic upgrade.
        [Nullable[timespan]] $HealthWindow,

        # How long it must have been healthy without a break at the end of the window.
        [Nullable[timespan]] $StableFor,

        # How long it must be healthy for the watch to end early.
        [Nullable[timespan]] $HealthyFor,

        # Pause before a failed version is tried again.
        [Nullable[timespan]] $RetryInterval,

        # Factor by which each further failure of a version lengthens that pause: 1 to 10.
        [Nullable[double]] $RetryGrowth,

        # What that pause grows to at most; zero for a year.
        [Nullable[timespan]] $RetryLongest,

        # How often a version is tried until somebody asks for more; 0 for as often as it takes.
        [Nullable[int]] $RetryLimit,

        # How long after its first failure a version is tried; zero for as long as it takes.
        [Nullable[timespan]] $RetryFor,

        # Part of the pause that a machine's own delay adds to it at most: 0 to 1.
        [Nullable[double]] $RetryJitter,

        # How long the machine is watched after an explicit upgrade; zero by default.
        [Nullable[timespan]] $ManualHealthWindow,

        # Time from one health sample to the next.
        [Nullable[timespan]] $SampleInterval,

        # Pause before a failed rollback is tried again; doubles with each.
        [Nullable[timespan]] $RollbackPause,

        # Whether an extension that is created from now on is enrolled unless its creation says otherwise.
        [Nullable[bool]] $EnrolByDefault,

        # From one upgrade pass to the next, as you schedule them: a runner stays for a maintenance window that
        # opens sooner.
        [Nullable[timespan]] $PassInterval,

        # How long the handler's install may take before it is ended and counts as failed.
        [Nullable[timespan]] $InstallTimeout,

        # How long the handler's update may take before it is ended and counts as failed.
        [Nullable[timespan]] $UpdateTimeout,

        # How long the handler's enable may take before it is ended and counts as failed.
        [Nullable[timespan]] $EnableTimeout,

        # How long the handler's disable may take before it is ended and counts as failed.
        [Nullable[timespan]] $DisableTimeout,

        # How long the handler's uninstall may take before it is ended and counts as failed.
        [Nullable[timespan]] $UninstallTimeout
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $changes = @{}
        if ($PSBoundParameters.ContainsKey('Preset')) { $changes['preset'] = if ($Preset) { $Preset } else { [DBNull]::Value } }
        foreach ($pair in @(
                @('HealthWindow', 'healthWindow'), @('StableFor', 'stableFor'), @('HealthyFor', 'healthyFor'),
                @('RetryInterval', 'retryInterval'), @('RetryGrowth', 'retryGrowth'), @('RetryLongest', 'retryLongest'),
                @('RetryLimit', 'retryLimit'), @('RetryFor', 'retryFor'), @('RetryJitter', 'retryJitter'),
                @('ManualHealthWindow', 'manualHealthWindow'), @('SampleInterval', 'sampleInterval'),
                @('RollbackPause', 'rollbackPause'), @('EnrolByDefault', 'enrolByDefault'), @('PassInterval', 'passInterval'),
                @('InstallTimeout', 'installTimeout'), @('UpdateTimeout', 'updateTimeout'), @('EnableTimeout', 'enableTimeout'),
                @('DisableTimeout', 'disableTimeout'), @('UninstallTimeout', 'uninstallTimeout'))) {
            if (-not $PSBoundParameters.ContainsKey($pair[0])) { continue }
            $value = $PSBoundParameters[$pair[0]]
            $changes[$pair[1]] = if ($null -eq $value) { [DBNull]::Value } elseif ($value -is [timespan]) { $value.TotalSeconds } else { $value }
        }
        $target = if ($Name) { "extension '$Name' of machine '$MachineName'" } else { "machine '$MachineName'" }
        if (-not (ShouldChange $PSCmdlet $target "change the policy: $(@($changes.Keys | Sort-Object) -join ', ')")) { return }
        $policy = CallBackend $PSCmdlet 'policy.set' ($address + $changes) -Target $(if ($Name) { $Name } else { $MachineName }) -Changes
        if ($null -ne $policy) { ToPolicy $policy }
    }
}
