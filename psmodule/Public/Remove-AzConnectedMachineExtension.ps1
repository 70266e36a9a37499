function Remove-AzConnectedMachineExtension {
    <#
    .SYNOPSIS
    Removes an extension from a machine.
    .DESCRIPTION
    Disables and uninstalls the extension and waits for the end. An extension that is not there counts as removed.
    .EXAMPLE
    Remove-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent

    Removes one extension.
    .EXAMPLE
    Get-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM | Remove-AzConnectedMachineExtension

    Removes every extension of a machine.
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
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of the extension resource.
        [Parameter(Mandatory, ParameterSetName = 'Delete')]
        [Parameter(Mandatory, ParameterSetName = 'DeleteViaIdentityMachine')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'Delete')]
        [string] $SubscriptionId,

        # An extension as a cmdlet of this module returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'DeleteViaIdentity', ValueFromPipeline)]
        [object] $InputObject,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'DeleteViaIdentityMachine', ValueFromPipeline)]
        [object] $MachineInputObject,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Return as soon as the wish is stored; the work goes on in the background.
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
        $address = ExtensionAddress $PSCmdlet
        if ($null -eq $address) { return }
        $isWanted = ShouldChange $PSCmdlet "extension '$($address.name)' of machine '$($address.machine)'" {
            $preview = CallBackend $PSCmdlet 'extension.preview' ($address + @{ verb = 'remove' }) -Target $address.name
            if ($null -ne $preview) { $preview['message'] }
        }
        if (-not $isWanted) { return }
        $writer = if ($PassThru) { 'ToTrue' }
        DoCall $PSCmdlet 'extension.remove' ($address + @{ wait = -not $NoWait }) $address.name $writer
    }
}
