function Update-AzConnectedMachine {
    <#
    .SYNOPSIS
    Changes what describes a machine.
    .DESCRIPTION
    What is not given stays. Nothing of it changes the machine itself; a warning names what would have an effect in Azure.
    .EXAMPLE
    Update-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM -Tag @{ env = 'test' }

    Replaces the tags of a machine.
    .EXAMPLE
    Update-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM -LocationDataName Redmond -LocationDataCity Redmond

    Says where a machine stands.
    #>
    [CmdletBinding(DefaultParameterSetName = 'UpdateExpanded', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.Machine')]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Update')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Update')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [Alias('MachineName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'Update')]
        [Parameter(ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(ParameterSetName = 'UpdateViaJsonString')]
        [string] $SubscriptionId,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentity', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityExpanded', ValueFromPipeline)]
        [object] $InputObject,

        # The changes as a machine object, or a hashtable of the same names.
        [Parameter(Mandatory, ParameterSetName = 'Update', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentity', ValueFromPipeline)]
        [object] $Parameter,

        # The request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [string] $JsonString,

        # A file with the request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [string] $JsonFilePath,

        # Tags; they replace those that are there.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [hashtable] $Tag,

        # Kind to show.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $Kind,

        # Type of the identity to show; it comes before -EnableSystemAssignedIdentity.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $IdentityType,

        # Name of the place where it stands; the other parts of the place are kept only with it.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $LocationDataName,

        # City of that place.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $LocationDataCity,

        # District of that place.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $LocationDataDistrict,

        # Country or region of that place.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $LocationDataCountryOrRegion,

        # Id of a cluster to show; $null takes it away.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $ParentClusterResourceId,

        # Id of a private link scope to show; $null takes it away.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $PrivateLinkScopeResourceId,

        # Whether to show an identity of the system's own.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Nullable[bool]] $EnableSystemAssignedIdentity,

        # Profile of the operating system to show, as Azure's REST API writes it.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [object] $OSProfile,

        # Version of Azure's agent to show as wanted; there is none here, so nothing is upgraded.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $AgentUpgradeDesiredVersion,

        # Text to show with it.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [string] $AgentUpgradeCorrelationId,

        # Whether to show Azure's agent as one that upgrades itself.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [switch] $AgentUpgradeEnableAutomatic,

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
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $Name }
        if ($PSBoundParameters.ContainsKey('InputObject')) {
            $address = ResolveIdentity $PSCmdlet $InputObject
            if ($null -eq $address) { return }
        }
        $parameters = @{ subscriptionId = $address.subscriptionId; resourceGroup = $address.resourceGroup; name = $address.machine }
        $parameters['bodyText'] = switch -Wildcard ($PSCmdlet.ParameterSetName) {
            '*Json*' { BodyFromJson $PSCmdlet }
            '*Expanded' { MachineBody $PSCmdlet $PSBoundParameters }
            default { MachineBody $PSCmdlet (MachineChanges $Parameter) }
        }
        if (-not (ShouldChange $PSCmdlet "machine '$($address.machine)'" 'change what describes it')) { return }
        $machine = CallBackend $PSCmdlet 'machine.patch' $parameters -Target $address.machine -Changes
        if ($null -ne $machine) { ToMachine $machine }
    }
}
