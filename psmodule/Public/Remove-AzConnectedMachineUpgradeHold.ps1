function Remove-AzConnectedMachineUpgradeHold {
    <#
    .SYNOPSIS
    Ends a hold on an extension.
    .DESCRIPTION
    Without -Version the hold of the extension itself, with -Version that of the version as it was given. Holds
    come from the pipeline too. -All ends every hold of a machine, or of one extension.
    .EXAMPLE
    Remove-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Version '9.10'

    Lets the extension move to that version again.
    .EXAMPLE
    Get-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM | Where-Object Expired | Remove-AzConnectedMachineUpgradeHold

    Removes the holds of a machine that are over.
    .EXAMPLE
    Remove-AzConnectedMachineUpgradeHold -ResourceGroupName myResourceGroup -MachineName myVM -All

    Removes every hold of a machine.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false, DefaultParameterSetName = 'One')]
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

        # Name of the extension resource; with -All by default every one of the machine.
        [Parameter(ParameterSetName = 'One', Mandatory, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'All', ValueFromPipelineByPropertyName)]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Version whose hold ends; by default the hold of the extension itself.
        [Parameter(ParameterSetName = 'One', ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # End every hold.
        [Parameter(ParameterSetName = 'All', Mandatory)]
        [switch] $All,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        if ($All) {
            $target = if ($Name) { "extension '$Name' of machine '$MachineName'" } else { "machine '$MachineName'" }
            if (-not (ShouldChange $PSCmdlet $target 'end every hold')) { return }
            $done = CallBackend $PSCmdlet 'hold.clear' $address -Target $(if ($Name) { $Name } else { $MachineName }) -Changes
            if ($null -ne $done -and $PassThru) { $true }
            return
        }
        $parameters = $address + @{ version = VersionText $PSCmdlet 'Version' }
        if (-not (ShouldChange $PSCmdlet "extension '$Name' of machine '$MachineName'" 'end the hold')) { return }
        $done = CallBackend $PSCmdlet 'hold.remove' $parameters -Target $Name -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
