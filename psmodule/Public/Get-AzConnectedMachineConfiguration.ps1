function Get-AzConnectedMachineConfiguration {
    <#
    .SYNOPSIS
    Gets which extensions the administrator of a machine admits.
    .DESCRIPTION
    Returns the allowlist, the blocklist, whether extensions are switched on, and the mode: what azcmagent config
    shows of the Arc agent. In monitor mode ModeAllowList has what that mode admits.
    .EXAMPLE
    Get-AzConnectedMachineConfiguration -ResourceGroupName myResourceGroup -MachineName myVM

    Gets the configuration of a machine.
    .EXAMPLE
    Get-AzConnectedMachine | Get-AzConnectedMachineConfiguration | Where-Object Mode -eq monitor

    Lists the machines that admit extensions for monitoring and security alone.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MachineConfiguration')]
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

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName }
        $configuration = CallBackend $PSCmdlet 'config.get' $address -Target $MachineName
        if ($null -ne $configuration) { ToConfiguration $configuration }
    }
}
