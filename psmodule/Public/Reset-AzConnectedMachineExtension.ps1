function Reset-AzConnectedMachineExtension {
    <#
    .SYNOPSIS
    Has an extension forget what it keeps between its runs.
    .DESCRIPTION
    Disables the extension, runs the reset command of its handler, and enables it again, with the settings as they
    are; waits for the end. It is enabled again also when the reset fails. Only a handler whose manifest has a
    resetStateCommand offers this.
    .EXAMPLE
    Reset-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent

    Resets one extension.
    .EXAMPLE
    Get-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent | Reset-AzConnectedMachineExtension

    Resets the extension that comes through the pipeline.
    #>
    [CmdletBinding(DefaultParameterSetName = 'Reset', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MachineExtension')]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Reset')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'Reset')]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of the extension resource.
        [Parameter(Mandatory, ParameterSetName = 'Reset')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'Reset')]
        [string] $SubscriptionId,

        # An extension as a cmdlet of this module returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'ResetViaIdentity', ValueFromPipeline)]
        [object] $InputObject,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Return as soon as the wish is stored; the work goes on in the background.
        [switch] $NoWait
    )

    process {
        $address = ExtensionAddress $PSCmdlet
        if ($null -eq $address) { return }
        if (-not (ShouldChange $PSCmdlet "extension '$($address.name)' of machine '$($address.machine)'" 'reset its state')) { return }
        DoCall $PSCmdlet 'extension.resetState' ($address + @{ wait = -not $NoWait }) $address.name 'ToExtension'
    }
}
