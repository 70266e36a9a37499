function Resolve-AzConnectedMachineUpgrade {
    <#
    .SYNOPSIS
    Decides what becomes of an upgrade whose rollback is pending.
    .DESCRIPTION
    When the previous version could not be brought back, it is tried again with growing pauses. This decides
    sooner: Forward tries the new version again, Back tries the previous one now, Stop leaves the extension as it
    is and ends the tries.
    .EXAMPLE
    Resolve-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Choice Back

    Tries at once to bring the previous version back.
    .EXAMPLE
    Resolve-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Choice Forward

    Leaves the previous version behind and tries the new one again.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeDecision')]
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

        # What to do: Forward, Back or Stop.
        [Parameter(Mandatory)]
        [ValidateSet('Forward', 'Back', 'Stop')]
        [string] $Choice
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $action = @{ Forward = 'try the new version again'; Back = 'bring the previous version back now'; Stop = 'end the rollback as it stands' }[$Choice]
        if (-not (ShouldChange $PSCmdlet "extension '$Name' of machine '$MachineName'" $action)) { return }
        $decision = CallBackend $PSCmdlet 'upgrade.resolve' ($address + @{ choice = $Choice.ToLowerInvariant() }) -Target $Name -Changes
        if ($null -ne $decision) { ToDecision $decision }
    }
}
