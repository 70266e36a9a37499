function Get-AzConnectedMachineUpgradePolicy {
    <#
    .SYNOPSIS
    Gets the upgrade policy of a machine or of one of its extensions.
    .DESCRIPTION
    Returns each value that is in force and, in Source, where it comes from: the preset, the machine, or the
    extension.
    .EXAMPLE
    Get-AzConnectedMachineUpgradePolicy -ResourceGroupName myResourceGroup -MachineName myVM

    Gets the policy of a machine.
    .EXAMPLE
    (Get-AzConnectedMachineUpgradePolicy -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent).Source.RetryInterval

    Says where a value of one extension comes from.
    #>
    [CmdletBinding(PositionalBinding = $false)]
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
        [string] $SubscriptionId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $policy = CallBackend $PSCmdlet 'policy.get' $address -Target $MachineName
        if ($null -ne $policy) { ToPolicy $policy }
    }
}
