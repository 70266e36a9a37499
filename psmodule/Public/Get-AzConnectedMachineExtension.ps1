function Get-AzConnectedMachineExtension {
    <#
    .SYNOPSIS
    Gets the extensions of a machine.
    .DESCRIPTION
    Returns what is wished for on the machine and how it stands: version, provisioning state, the handler's own
    report. Protected settings are never returned.
    .EXAMPLE
    Get-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM

    Lists the extensions of a machine.
    .EXAMPLE
    Get-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent

    Gets one extension.
    .EXAMPLE
    Get-AzConnectedMachine | Get-AzConnectedMachineExtension

    Lists the extensions of every machine.
    #>
    [CmdletBinding(DefaultParameterSetName = 'List', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MachineExtension')]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'List', ValueFromPipelineByPropertyName)]
        [Parameter(Mandatory, ParameterSetName = 'Get', ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'List', ValueFromPipelineByPropertyName)]
        [Parameter(Mandatory, ParameterSetName = 'Get', ValueFromPipelineByPropertyName)]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of the extension resource.
        [Parameter(Mandatory, ParameterSetName = 'Get')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # What is shown besides; it is always shown here.
        [Parameter(ParameterSetName = 'List')]
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
            $parameters = @{ subscriptionId = $subscription; resourceGroup = $ResourceGroupName; machine = $MachineName }
            if ($PSCmdlet.ParameterSetName -eq 'Get') {
                $parameters['name'] = $Name
                $extension = CallBackend $PSCmdlet 'extension.get' $parameters -Target $Name
                if ($null -ne $extension) { ToExtension $extension }
                continue
            }
            $list = CallBackend $PSCmdlet 'extension.list' $parameters -Target $MachineName
            if ($null -ne $list) { ToExtensions $list }
        }
    }
}
