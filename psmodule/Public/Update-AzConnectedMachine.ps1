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
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [Alias('MachineName')]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $SubscriptionId,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityExpanded', ValueFromPipeline)]
        [object] $InputObject,

        # Tags; they replace those that are there.
        [hashtable] $Tag,

        # Kind to show.
        [string] $Kind,

        # Type of the identity to show.
        [string] $IdentityType,

        # Name of the place where it stands; the other parts of the place are kept only with it.
        [string] $LocationDataName,

        # City of that place.
        [string] $LocationDataCity,

        # District of that place.
        [string] $LocationDataDistrict,

        # Country or region of that place.
        [string] $LocationDataCountryOrRegion,

        # Id of a cluster to show.
        [string] $ParentClusterResourceId,

        # Id of a private link scope to show.
        [string] $PrivateLinkScopeResourceId
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $Name }
        if ($PSBoundParameters.ContainsKey('InputObject')) {
            $address = ResolveIdentity $PSCmdlet $InputObject
            if ($null -eq $address) { return }
        }
        $parameters = @{ subscriptionId = $address.subscriptionId; resourceGroup = $address.resourceGroup; name = $address.machine }
        $parameters['bodyText'] = MachineBody $PSCmdlet
        if (-not (ShouldChange $PSCmdlet "machine '$($address.machine)'" 'change what describes it')) { return }
        $machine = CallBackend $PSCmdlet 'machine.patch' $parameters -Target $address.machine -Changes
        if ($null -ne $machine) { ToMachine $machine }
    }
}
