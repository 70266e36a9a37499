function Remove-AzConnectedMachineUpgradeHold {
    <#
    .SYNOPSIS
    Ends a hold on an extension.
    .DESCRIPTION
    Without -Version the hold of the extension itself, with -Version that of the version. Holds come from the
    pipeline too.
    .EXAMPLE
    Remove-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Version '9.10'

    Lets the extension move to that version again.
    .EXAMPLE
    Get-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM | Remove-AzConnectedMachineUpgradeHold

    Removes every hold of a machine.
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

        # Name of the extension resource.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Version whose hold ends; by default the hold of the extension itself.
        [Parameter(ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $parameters = $address + @{ version = VersionText $PSCmdlet 'Version' }
        if (-not (ShouldChange $PSCmdlet "extension '$Name' of machine '$MachineName'" 'end the hold')) { return }
        $done = CallBackend $PSCmdlet 'hold.remove' $parameters -Target $Name -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
