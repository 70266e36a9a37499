function Get-AzConnectedExtensionMetadata {
    <#
    .SYNOPSIS
    Gets the versions of an extension type that can be put on a machine.
    .DESCRIPTION
    Lists the versions that the galleries offer, newest first, or gets one of them. Withdrawn versions are left out.
    .EXAMPLE
    Get-AzConnectedExtensionMetadata -Location WestUS -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows

    Lists the versions of a type.
    .EXAMPLE
    Get-AzConnectedExtensionMetadata -Location WestUS -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.5'

    Gets one version.
    #>
    [CmdletBinding(DefaultParameterSetName = 'List', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionMetadata')]
    param(
        # Azure region; every one has the same galleries here.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Location,

        # Publisher of the extension.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

        # Type of the extension.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ExtensionType,

        # One version, in quotes.
        [Parameter(Mandatory, ParameterSetName = 'Get')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # Taken as today's module takes it; versions are the same in every subscription.
        [string[]] $SubscriptionId,

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
        $address = @{ location = $Location; publisher = $Publisher; type = $ExtensionType }
        if ($PSCmdlet.ParameterSetName -eq 'Get') {
            $address['version'] = VersionText $PSCmdlet 'Version'
            $found = CallBackend $PSCmdlet 'metadata.get' $address
            if ($null -ne $found) { ToMetadata $found }
            return
        }
        $list = CallBackend $PSCmdlet 'metadata.list' $address
        if ($null -ne $list) { foreach ($found in $list['value']) { ToMetadata $found } }
    }
}
