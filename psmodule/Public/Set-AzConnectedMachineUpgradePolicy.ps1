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

        # How long the machine is watched after an explicit upgrade; zero by default.
        [Nullable[timespan]] $ManualHealthWindow,

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
                @('RetryInterval', 'retryInterval'), @('ManualHealthWindow', 'manualHealthWindow'),
                @('PassInterval', 'passInterval'),
                @('InstallTimeout', 'installTimeout'), @('UpdateTimeout', 'updateTimeout'), @('EnableTimeout', 'enableTimeout'),
                @('DisableTimeout', 'disableTimeout'), @('UninstallTimeout', 'uninstallTimeout'))) {
            if (-not $PSBoundParameters.ContainsKey($pair[0])) { continue }
            $span = $PSBoundParameters[$pair[0]]
            $changes[$pair[1]] = if ($null -eq $span) { [DBNull]::Value } else { $span.TotalSeconds }
        }
        $target = if ($Name) { "extension '$Name' of machine '$MachineName'" } else { "machine '$MachineName'" }
        if (-not (ShouldChange $PSCmdlet $target "change the policy: $(@($changes.Keys | Sort-Object) -join ', ')")) { return }
        $policy = CallBackend $PSCmdlet 'policy.set' ($address + $changes) -Target $(if ($Name) { $Name } else { $MachineName }) -Changes
        if ($null -ne $policy) { ToPolicy $policy }
    }
}
