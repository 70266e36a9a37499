function Get-AzConnectedMachineUpgrade {
    <#
    .SYNOPSIS
    Gets what was decided about the extensions of a machine, or what was done to them.
    .DESCRIPTION
    Without -History the decision of each extension as it stands: its reason, the versions, when it is looked at
    next. With -History the operations, newest first, each with its steps.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM

    Shows why each extension is where it is.
    .EXAMPLE
    Get-AzConnectedMachineUpgrade -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -History

    Shows what happened to one extension.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradeDecision', 'AzConnectedMachineLite.UpgradeOperation')]
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
        [string] $SubscriptionId,

        # Get operations instead of decisions.
        [switch] $History
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $list = CallBackend $PSCmdlet $(if ($History) { 'upgrade.history' } else { 'upgrade.decisions' }) $address -Target $MachineName
        if ($null -eq $list) { return }
        foreach ($item in $list['value']) { if ($History) { ToOperation $item } else { ToDecision $item } }
    }
}
