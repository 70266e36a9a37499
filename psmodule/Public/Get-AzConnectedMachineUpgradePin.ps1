function Get-AzConnectedMachineUpgradePin {
    <#
    .SYNOPSIS
    Gets the pins of the extensions of a machine.
    .DESCRIPTION
    Returns every pin of the machine, or those of one extension.
    .EXAMPLE
    Get-AzConnectedMachineUpgradePin -ResourceGroupName myResourceGroup -MachineName myVM

    Lists the pins of a machine.
    .EXAMPLE
    Get-AzConnectedMachine | Get-AzConnectedMachineUpgradePin

    Lists the pins of every machine.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradePin')]
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

        # Name of one extension; by default every extension of the machine.
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $list = CallBackend $PSCmdlet 'pin.list' $address -Target $(if ($Name) { $Name } else { $MachineName })
        if ($null -ne $list) { foreach ($pin in $list['value']) { ToPin $pin $ResourceGroupName } }
    }
}
