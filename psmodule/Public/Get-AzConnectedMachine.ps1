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
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Resource group of the machine, or of the machines to list.
        [Parameter(Mandatory, ParameterSetName = 'Get')]
        [Parameter(Mandatory, ParameterSetName = 'List1')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # What is shown besides; it is always shown here.
        [Parameter(ParameterSetName = 'List1')]
        [Parameter(ParameterSetName = 'Get')]
        [ValidateSet('instanceView')]
        [string] $Expand,

        # Subscriptions to look in; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string[]] $SubscriptionId,

        # Azure's cmdlets take it too; nothing is sent to Azure, so it has no effect here.
        [Alias('AzureRMContext', 'AzureCredential')]
        [ValidateNotNull()]
        [psobject] $DefaultProfile,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(DontShow)]
        [uri] $Proxy,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(DontShow)]
        [pscredential] $ProxyCredential,

        # Has no effect here: nothing is sent to Azure.
        [Parameter(DontShow)]
        [switch] $ProxyUseDefaultCredentials
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
