function Get-AzConnectedMachineHealthProbe {
    <#
    .SYNOPSIS
    Gets the health probes of a machine.
    .DESCRIPTION
    Returns each probe and the last sample that a watch took with it.
    .EXAMPLE
    Get-AzConnectedMachineHealthProbe -ResourceGroupName myResourceGroup -MachineName myVM

    Lists the probes of a machine.
    .EXAMPLE
    Get-AzConnectedMachine | Get-AzConnectedMachineHealthProbe | Where-Object State -eq Unhealthy

    Finds what is not well on any machine.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.HealthProbe')]
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

        # Name of one probe.
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $list = CallBackend $PSCmdlet 'probe.list' $address -Target $(if ($Name) { $Name } else { $MachineName })
        if ($null -ne $list) { foreach ($probe in $list['value']) { ToProbe $probe $ResourceGroupName $MachineName } }
    }
}
