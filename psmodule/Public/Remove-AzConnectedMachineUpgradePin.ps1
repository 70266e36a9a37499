function Remove-AzConnectedMachineUpgradePin {
    <#
    .SYNOPSIS
    Removes a pin of an extension.
    .DESCRIPTION
    With -Version the pin or block of that version, without it every one of the extension. Pins come from the
    pipeline too.
    .EXAMPLE
    Remove-AzConnectedMachineUpgradePin -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Version '9.10'

    Lets the extension have other versions again.
    .EXAMPLE
    Get-AzConnectedMachineUpgradePin -ResourceGroupName myResourceGroup -MachineName myVM | Remove-AzConnectedMachineUpgradePin

    Removes every pin of a machine.
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

        # Version whose pin or block is removed; by default every one of the extension.
        [Parameter(ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $parameters = $address + @{ version = VersionText $PSCmdlet 'Version' }
        if (-not (ShouldChange $PSCmdlet "extension '$Name' of machine '$MachineName'" $(if ($parameters['version']) { "unpin version $($parameters['version'])" } else { 'remove every pin' }))) { return }
        $done = CallBackend $PSCmdlet 'pin.remove' $parameters -Target $Name -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
