function Get-AzConnectedExtensionType {
    <#
    .SYNOPSIS
    Gets the extension types of a publisher.
    .DESCRIPTION
    Lists the types that the catalogue of documented extensions or a gallery knows, in lower case.
    .EXAMPLE
    Get-AzConnectedExtensionType -Location WestUS -Publisher Microsoft.Azure.Monitoring.DependencyAgent

    Lists the types of a publisher.
    .EXAMPLE
    Get-AzConnectedExtensionType -Location WestUS -Publisher Microsoft.Azure.Monitor | ForEach-Object Name

    Lists their names alone.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionType')]
    param(
        # Azure region; every one has the same galleries here.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Location,

        # The publisher.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

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
        $list = CallBackend $PSCmdlet 'type.list' @{ location = $Location; publisher = $Publisher }
        if ($null -ne $list) { foreach ($found in $list['value']) { ToExtensionType $found } }
    }
}
