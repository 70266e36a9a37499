function Add-AzConnectedMachineUpgradePin {
    <#
    .SYNOPSIS
    Lets an extension have certain versions only, or never have certain ones, whoever asks.
    .DESCRIPTION
    A version of four numbers pins to that version alone, a shorter one to every version that begins with it; with
    -Block those versions are never taken. Upgrade passes choose among what is left, and a request for another
    version is refused. Nothing moves because of a pin. A further pin replaces the one before; blocks add up.
    What is to stay where it is until somebody asks otherwise is held, not pinned: see
    Add-AzConnectedMachineUpgradeHold.
    .EXAMPLE
    Add-AzConnectedMachineUpgradePin -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Version '9.10' -Reason 'what we tested'

    Keeps the extension within 9.10.
    .EXAMPLE
    Add-AzConnectedMachineUpgradePin -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Version '9.10.17' -Block

    Never takes 9.10.17.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.UpgradePin')]
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

        # Version to pin to, or to block; quote one that is kept in a variable.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # Never take these versions, in place of only these.
        [switch] $Block,

        # Why, for those who meet it.
        [string] $Reason
    )

    process {
        $address = @{ subscriptionId = $SubscriptionId; resourceGroup = $ResourceGroupName; machine = $MachineName; name = $Name }
        $pin = @{ version = VersionText $PSCmdlet 'Version'; block = [bool] $Block; reason = $Reason }
        $action = if ($Block) { "block version $($pin['version'])" } else { "pin to version $($pin['version'])" }
        if (-not (ShouldChange $PSCmdlet "extension '$Name' of machine '$MachineName'" $action)) { return }
        $added = CallBackend $PSCmdlet 'pin.add' ($address + $pin) -Target $Name -Changes
        if ($null -ne $added) { ToPin $added $ResourceGroupName }
    }
}
