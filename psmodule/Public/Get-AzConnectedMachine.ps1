function Get-AzConnectedMachine {
    <#
    .SYNOPSIS
    Gets connected machines.
    .DESCRIPTION
    Without parameters every machine of the subscription, with -ResourceGroupName those of one resource group,
    with -Name one machine.
    .EXAMPLE
    Get-AzConnectedMachine

    Lists every machine.
    .EXAMPLE
    Get-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM

    Gets one machine.
    #>
    [CmdletBinding(DefaultParameterSetName = 'List', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.Machine')]
    param(
        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Get')]
        [Alias('MachineName')]
        [ArgumentCompleter({ & (Get-Module -Name Az.ConnectedMachineLite) { CompleteWord @args } @args })]
        [string] $Name,

        # Resource group of the machine, or of the machines to list.
        [Parameter(Mandatory, ParameterSetName = 'Get')]
        [Parameter(Mandatory, ParameterSetName = 'List1')]
        [ArgumentCompleter({ & (Get-Module -Name Az.ConnectedMachineLite) { CompleteWord @args } @args })]
        [string] $ResourceGroupName,

        # Subscriptions to look in; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string[]] $SubscriptionId
    )

    process {
        if (-not $SubscriptionId) { $SubscriptionId = '' } # the backend's default
        foreach ($subscription in $SubscriptionId) {
            $parameters = @{ subscriptionId = $subscription; resourceGroup = $ResourceGroupName; name = $Name }
            if ($PSCmdlet.ParameterSetName -eq 'Get') {
                $machine = CallBackend $PSCmdlet 'machine.get' $parameters -Target $Name
                if ($null -ne $machine) { ToMachine $machine }
                continue
            }
            $list = CallBackend $PSCmdlet 'machine.list' $parameters
            if ($null -ne $list) { foreach ($machine in $list['value']) { ToMachine $machine } }
        }
    }
}
