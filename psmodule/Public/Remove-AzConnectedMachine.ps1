function Remove-AzConnectedMachine {
    <#
    .SYNOPSIS
    Forgets a machine and its history.
    .DESCRIPTION
    A machine that has extensions is not forgotten: remove them first. A machine that is not there counts as removed.
    .EXAMPLE
    Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Name spare -Simulated | Remove-AzConnectedMachine

    Makes a simulated machine and forgets it.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Delete', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Delete')]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Delete')]
        [Alias('MachineName')]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'Delete')]
        [string] $SubscriptionId,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'DeleteViaIdentity', ValueFromPipeline)]
        [object] $InputObject,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $Name }
        if ($PSBoundParameters.ContainsKey('InputObject')) {
            $address = ResolveIdentity $PSCmdlet $InputObject
            if ($null -eq $address) { return }
        }
        $parameters = @{ subscriptionId = $address.subscriptionId; resourceGroup = $address.resourceGroup; name = $address.machine }
        if (-not (ShouldChange $PSCmdlet "machine '$($address.machine)'" 'forget it and its history')) { return }
        $done = CallBackend $PSCmdlet 'machine.remove' $parameters -Target $address.machine -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
