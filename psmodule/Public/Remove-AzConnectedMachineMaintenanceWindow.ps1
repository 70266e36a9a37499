function Remove-AzConnectedMachineMaintenanceWindow {
    <#
    .SYNOPSIS
    Removes a maintenance window of a machine or of an extension.
    .DESCRIPTION
    What waited for the window may move at once when no other window of its level is left. Windows come from the
    pipeline too.
    .EXAMPLE
    Remove-AzConnectedMachineMaintenanceWindow -ResourceGroupName myResourceGroup -MachineName myVM -WindowName nights

    Removes a window of the machine.
    .EXAMPLE
    Get-AzConnectedMachineMaintenanceWindow -ResourceGroupName myResourceGroup -MachineName myVM | Remove-AzConnectedMachineMaintenanceWindow

    Removes every window of a machine and its extensions.
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

        # Name of the window.
        [Parameter(Mandatory, ValueFromPipelineByPropertyName)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $WindowName,

        # Name of the extension whose window it is; by default it is the machine's.
        [Parameter(ValueFromPipelineByPropertyName)]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [string] $SubscriptionId,

        # Write $true when it was done.
        [switch] $PassThru
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $target = if ($Name) { "extension '$Name' of machine '$MachineName'" } else { "machine '$MachineName'" }
        if (-not (ShouldChange $PSCmdlet $target "remove maintenance window '$WindowName'")) { return }
        $done = CallBackend $PSCmdlet 'window.remove' ($address + @{ windowName = $WindowName }) -Target $WindowName -Changes
        if ($null -ne $done -and $PassThru) { $true }
    }
}
