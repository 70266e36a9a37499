function Remove-AzConnectedMachineHealthProbe {
    <#
    .SYNOPSIS
    Removes a health probe from a machine.
    .DESCRIPTION
    The probe no longer counts for the health of the machine.
    .EXAMPLE
    Remove-AzConnectedMachineHealthProbe -ResourceGroupName myResourceGroup -MachineName myVM -Name web

    Removes one probe.
    .EXAMPLE
    Get-AzConnectedMachineHealthProbe -ResourceGroupName myResourceGroup -MachineName myVM | Remove-AzConnectedMachineHealthProbe

    Removes every probe of a machine.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType([bool])]
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

        # Name of the probe.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        if (-not (ShouldChange $PSCmdlet "machine '$MachineName'" "remove health probe '$Name'")) { return }
        $done = CallBackend $PSCmdlet 'probe.remove' $address -Target $Name -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
