function Set-AzConnectedMachineExtension {
    <#
    .SYNOPSIS
    Creates or changes an extension of a machine.
    .DESCRIPTION
    States what shall be on the machine, brings it about and waits for the end. What is left out stays as it is,
    $null clears; an unchanged version moves nothing, so the same call may run every night.
    .EXAMPLE
    Set-AzConnectedMachineExtension -ExtensionName "Microsoft.Azure.Monitoring.DependencyAgent" -ResourceGroupName "myResourceGroup" -VMName "myVM" -Publisher "Microsoft.Azure.Monitoring.DependencyAgent" -ExtensionType "DependencyAgentWindows" -TypeHandlerVersion 9.5 -Location WestUS -EnableAutomaticUpgrade $true

    Installs 9.5 and follows the publisher's releases from then on.
    .EXAMPLE
    Set-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Location WestUS -Setting @{ enableAMA = 'true' }

    Changes the settings of an extension and leaves its version alone.
    .EXAMPLE
    Set-AzConnectedMachineExtension -ResourceGroupName myResourceGroup -MachineName myVM -Name DependencyAgent -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Location WestUS -AsJob | Receive-Job -Wait

    Does the work in a job and waits for its result.
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

        # An extension to copy, as a cmdlet of this module returns it, or a hashtable of the same names.
        [Parameter(Mandatory, ParameterSetName = 'Update', ValueFromPipeline)]
        [object] $ExtensionParameter,

        # The request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonString')]
        [string] $JsonString,

        # A file with the request body as JSON.
        [Parameter(Mandatory, ParameterSetName = 'UpdateViaJsonFilePath')]
        [string] $JsonFilePath,

        # Azure region to show for the extension.
        [Parameter(Mandatory, ParameterSetName = 'UpdateExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Location,

        # Publisher of the extension.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

        # Type of the extension.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Alias('Type')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ExtensionType,

        # Requested version, one to four numbers; 9.5 asks for the newest 9.5. Quote a version that is kept in a
        # variable: a number has lost its trailing zeros by then.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $TypeHandlerVersion,

        # Follow the releases of the publisher: each new version of the same major is applied by itself.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [switch] $EnableAutomaticUpgrade,

        # Takes the value of -EnableAutomaticUpgrade $true, written as a word of its own.
        [Parameter(ParameterSetName = 'UpdateExpanded', Position = 0, DontShow)]
        [Nullable[bool]] $BareValue,

        # Take the newest minor version of the requested major, once, at this call.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [switch] $AutoUpgradeMinorVersion,

        # Settings of the extension, as its publisher documents them.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Alias('Settings')]
        [hashtable] $Setting,

        # Settings that are stored encrypted and never shown; a SecureString may be a value.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [Alias('ProtectedSettings')]
        [hashtable] $ProtectedSetting,

        # Names of the extensions that are to be ready before this one is installed; an empty list names none.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [AllowEmptyCollection()]
        [string[]] $ProvisionAfterExtension,

        # A text that, when it changes, has the handler apply its settings again.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $ForceRerun,

        # Tags as name and value.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [hashtable] $Tag,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $InstanceViewName,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $InstanceViewType,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $InstanceViewTypeHandlerVersion,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $StatusCode,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $StatusDisplayStatus,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $StatusLevel,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [string] $StatusMessage,

        # Has no effect, as in Azure: how an extension stands is said by its handler, not by a request.
        [Parameter(ParameterSetName = 'UpdateExpanded')]
        [datetime] $StatusTime,

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
        WriteExtension $PSCmdlet 'put' $address $body -NoWait:$NoWait -IgnoreWindow:$IgnoreWindow
    }
}
