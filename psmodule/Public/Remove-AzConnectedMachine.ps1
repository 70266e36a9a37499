function Remove-AzConnectedMachine {
    <#
    .SYNOPSIS
    Forgets a machine and its history.
    .DESCRIPTION
    A machine that has extensions is not forgotten: remove them first. A machine that is not there counts as removed.
    .EXAMPLE
    Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Name spare -Simulated | Remove-AzConnectedMachine

    Makes a simulated machine and forgets it.
    .EXAMPLE
    Remove-AzConnectedMachine -ResourceGroupName myResourceGroup -Name spare -PassThru

    Forgets a machine by its name; writes $true when it was done.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Delete', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Delete')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Delete')]
        [Alias('MachineName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'Delete')]
        [string] $SubscriptionId,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'DeleteViaIdentity', ValueFromPipeline)]
        [object] $InputObject,

        # Return a job that does it.
        [switch] $AsJob,

        # Taken as Azure's cmdlets take it; there is nothing to wait for.
        [switch] $NoWait,

        # Write $true when it was done.
        [switch] $PassThru,

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
        if (-not (ShouldChange $PSCmdlet "machine '$($address.machine)'" 'forget it and its history')) { return }
        $writer = if ($PassThru) { 'ToTrue' }
        DoCall $PSCmdlet 'machine.remove' $parameters $address.machine $writer
    }
}
