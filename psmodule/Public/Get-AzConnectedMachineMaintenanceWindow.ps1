function Get-AzConnectedMachineMaintenanceWindow {
    <#
    .SYNOPSIS
    Gets the maintenance windows of a machine.
    .DESCRIPTION
    Returns every window of the machine and its extensions, or those of one extension's own, with whether it is
    open and when it opens next. Without any window, versions change at any time.
    .EXAMPLE
    Get-AzConnectedMachineMaintenanceWindow -ResourceGroupName myResourceGroup -MachineName myVM

    Lists the windows of a machine.
    .EXAMPLE
    Get-AzConnectedMachine | Get-AzConnectedMachineMaintenanceWindow

    Lists the windows of every machine.
    #>
    [CmdletBinding(PositionalBinding = $false)]
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

        # Name of one extension; by default the windows of the machine and of every extension.
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $list = CallBackend $PSCmdlet 'window.list' $address -Target $(if ($Name) { $Name } else { $MachineName })
        if ($null -ne $list) { foreach ($window in $list['value']) { ToWindow $window $ResourceGroupName } }
    }
}
