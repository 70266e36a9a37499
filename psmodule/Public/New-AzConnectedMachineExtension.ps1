function New-AzConnectedMachineExtension {
    <#
    .SYNOPSIS
    Adds an extension to a machine.
    .DESCRIPTION
    States that an extension shall be on a machine, installs it and waits for the end. Over an existing
    extension it does what Set-AzConnectedMachineExtension does: what is left out stays.
    .EXAMPLE
    New-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Location WestUS -EnableAutomaticUpgrade

    Installs the newest version and follows the publisher's releases from then on.
    .EXAMPLE
    Get-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM | New-AzConnectedMachineExtension -Name DependencyAgent -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Location WestUS

    Installs it on a machine that comes from the pipeline.
    #>
    [CmdletBinding(DefaultParameterSetName = 'CreateExpanded', SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.MachineExtension')]
    [OutputType([Management.Automation.Job])]
    param(
        # Resource group of the machine.
        [Parameter(Mandatory, ParameterSetName = 'CreateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Create')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonString')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ResourceGroupName,

        # Name of the machine.
        [Parameter(Mandatory, ParameterSetName = 'CreateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Create')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonString')]
        [Alias('VMName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $MachineName,

        # Name of the extension resource.
        [Parameter(Mandatory, ParameterSetName = 'CreateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'Create')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityMachine')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonFilePath')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonString')]
        [Alias('ExtensionName')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name,

        # Subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'Create')]
        [Parameter(ParameterSetName = 'CreateViaJsonFilePath')]
        [Parameter(ParameterSetName = 'CreateViaJsonString')]
        [string] $SubscriptionId,

        # An extension as a cmdlet of this module returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentity', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityExpanded', ValueFromPipeline)]
        [object] $InputObject,

        # A machine as Get-AzConnectedMachine returns it, or a hashtable with its Id.
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityMachine', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityMachineExpanded', ValueFromPipeline)]
        [object] $MachineInputObject,

        # An extension to copy, as a cmdlet of this module returns it, or a hashtable of the same names.
        [Parameter(Mandatory, ParameterSetName = 'Create', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentity', ValueFromPipeline)]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityMachine', ValueFromPipeline)]
        [object] $ExtensionParameter,

        # The request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonString')]
        [string] $JsonString,

        # A file with the request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'CreateViaJsonFilePath')]
        [string] $JsonFilePath,

        # Azure region to show for the extension.
        [Parameter(Mandatory, ParameterSetName = 'CreateExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(Mandatory, ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Location,

        # Publisher of the extension.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

        # Type of the extension.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [Alias('Type')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ExtensionType,

        # Requested version, one to four numbers; 9.5 asks for the newest 9.5. Quote a version that is kept in a
        # variable: a number has lost its trailing zeros by then.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $TypeHandlerVersion,

        # Follow the releases of the publisher: each new version of the same major is applied by itself.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [switch] $EnableAutomaticUpgrade,

        # Takes the value of -EnableAutomaticUpgrade $true, written as a word of its own.
        [Parameter(ParameterSetName = 'CreateExpanded', Position = 0, DontShow)]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded', Position = 0, DontShow)]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded', Position = 0, DontShow)]
        [Nullable[bool]] $BareValue,

        # Take the newest minor version of the requested major, once, at this call.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [switch] $AutoUpgradeMinorVersion,

        # Settings of the extension, as its publisher documents them.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [Alias('Settings')]
        [hashtable] $Setting,

        # Settings that are stored encrypted and never shown; a SecureString may be a value.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [Alias('ProtectedSettings')]
        [hashtable] $ProtectedSetting,

        # Names of the extensions that are to be ready before this one is installed; an empty list names none.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [AllowEmptyCollection()]
        [string[]] $ProvisionAfterExtension,

        # A text that, when it changes, has the handler apply its settings again.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $ForceRerun,

        # Tags as name and value.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [hashtable] $Tag,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $InstanceViewName,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $InstanceViewType,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $InstanceViewTypeHandlerVersion,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $StatusCode,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $StatusDisplayStatus,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $StatusLevel,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [string] $StatusMessage,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'CreateExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityExpanded')]
        [Parameter(ParameterSetName = 'CreateViaIdentityMachineExpanded')]
        [datetime] $StatusTime,

        # Return a job that waits for the end; Stop-Job stops the waiting, not the work.
        [switch] $AsJob,

        # Write the extension as soon as the wish is stored; the work goes on in the background. Piped into
        # Update-AzConnectedMachineExtension it is waited for.
        [switch] $NoWait,

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
        WriteExtension $PSCmdlet 'put' $address $body -NoWait:$NoWait
    }
}
