function Add-AzConnectedMachineUpgradeHold {
    <#
    .SYNOPSIS
    Keeps an extension from moving by itself, at all or to certain versions.
    .DESCRIPTION
    Without -Version the extension stays where it is; with -Version only the versions that begin with it are passed
    over. A hold has no end unless -Until gives it one, and does not bind who asks for a version; a pin does: see
    Add-AzConnectedMachineUpgradePin.
    .EXAMPLE
    Add-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Version '9.10' -Reason 'breaks the proxy'

    Passes every 9.10 over.
    .EXAMPLE
    Add-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Until (Get-Date).AddDays(7)

    Keeps the extension where it is for a week.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeHold')]
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

        # Name of the extension resource.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Version to pass over, 9.10 for every 9.10; quote one that is kept in a variable. By default the extension itself is held.
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # When the hold ends.
        [Nullable[datetime]] $Until,

        # Why, for those who meet it.
        [string] $Reason
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $hold = @{ version = VersionText $PSCmdlet 'Version'; reason = $Reason }
        if ($null -ne $Until) { $hold['until'] = UtcText $Until }
        if (-not (ShouldChange $PSCmdlet "extension '$Name' of machine '$MachineName'" $(if ($hold['version']) { "hold version $($hold['version'])" } else { 'hold' }))) { return }
        $added = CallBackend $PSCmdlet 'hold.add' ($address + $hold) -Target $Name -Changes
        if ($null -ne $added) { ToHold $added $ResourceGroupName }
    }
}
