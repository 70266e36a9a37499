function Update-AzConnectedMachineExtension {
    <#
    .SYNOPSIS
    Changes an extension that a machine has.
    .DESCRIPTION
    Changes what is named and leaves the rest; it never adds an extension. To move several extensions to stated
    versions use Update-AzConnectedExtension.
    .EXAMPLE
    Update-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -EnableAutomaticUpgrade

    Enrols an extension in automatic upgrade.
    .EXAMPLE
    Get-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM | Update-AzConnectedMachineExtension -EnableAutomaticUpgrade:$false

    Takes every extension of a machine out of automatic upgrade.
    .EXAMPLE
    Set-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Location WestUS -ForceRerun again -NoWait | Update-AzConnectedMachineExtension

    Waits for what -NoWait began, and writes the extension as it stands then.
    #>
    [CmdletBinding(DefaultParameterSetName = 'UpdateExpanded', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MachineExtension')]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Update')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Update')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of the extension resource.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Update')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityMachine')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'Update')]
        [Parameter(ParameterSetName = 'UpdateViaJsonFilePath')]
        [Parameter(ParameterSetName = 'UpdateViaJsonString')]
        [string] $SubscriptionId,

        # An extension as a cmdlet of this module returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentity', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityExpanded', ValueFromPipeline)]
        [object] $InputObject,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityMachine', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityMachineExpanded', ValueFromPipeline)]
        [object] $MachineInputObject,

        # The changes as an extension object, or a hashtable of the same names.
        [Parameter(Mandatory, ParameterSetName = 'Update', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentity', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaIdentityMachine', ValueFromPipeline)]
        [object] $ExtensionParameter,

        # The request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [string] $JsonString,

        # A file with the request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [string] $JsonFilePath,

        # Publisher of the extension.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

        # Type of the extension.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [Alias('ExtensionType')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Type,

        # Requested version, one to four numbers; 9.5 asks for the newest 9.5. Quote a version that is kept in a
        # variable: a number has lost its trailing zeros by then.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $TypeHandlerVersion,

        # Follow the releases of the publisher: each new version of the same major is applied by itself.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [switch] $EnableAutomaticUpgrade,

        # Takes the value of -EnableAutomaticUpgrade $true, written as a word of its own.
        [Parameter(ParameterSetName = 'UpdateExpanded', Position = 0, DontShow)]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded', Position = 0, DontShow)]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded', Position = 0, DontShow)]
        [Nullable[bool]] $BareValue,

        # Take the newest minor version of the requested major, once, at this call.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [switch] $AutoUpgradeMinorVersion,

        # Settings of the extension, as its publisher documents them.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [Alias('Settings')]
        [hashtable] $Setting,

        # Settings that are stored encrypted and never shown; a SecureString may be a value.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [Alias('ProtectedSettings')]
        [hashtable] $ProtectedSetting,

        # Names of the extensions that are to be ready before this one is installed; an empty list names none.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [AllowEmptyCollection()]
        [string[]] $ProvisionAfterExtension,

        # A text that, when it changes, has the handler apply its settings again.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [string] $ForceRerun,

        # Tags as name and value.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'UpdateViaIdentityMachineExpanded')]
        [hashtable] $Tag,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Write the extension as soon as the wish is stored; the work goes on in the background. Piped into
        # Update-AzConnectedMachineExtension it is waited for.
        [switch] $NoWait,

        # Change the version now, though no maintenance window is open; the history says so.
        [switch] $IgnoreWindow,

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
        $body = switch -Wildcard ($PSCmdlet.ParameterSetName) {
            '*Json*' { BodyFromJson $PSCmdlet }
            '*Expanded' { ExtensionBody $PSCmdlet }
            default { CopiedExtensionBody $PSCmdlet $ExtensionParameter }
        }
        WriteExtension $PSCmdlet 'patch' $address $body -NoWait:$NoWait -IgnoreWindow:$IgnoreWindow
    }
}
