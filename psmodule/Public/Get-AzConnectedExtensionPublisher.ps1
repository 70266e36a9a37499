function Get-AzConnectedExtensionPublisher {
    <#
    .SYNOPSIS
    Gets everybody who publishes extensions.
    .DESCRIPTION
    Lists the publishers that the catalogue of documented extensions or a gallery knows, in lower case.
    .EXAMPLE
    Get-AzConnectedExtensionPublisher -Location WestUS

    Lists the publishers.
    .EXAMPLE
    Get-AzConnectedExtensionPublisher -Location WestUS | ForEach-Object { Get-AzConnectedExtensionType -Location WestUS -Publisher $_.Name }

    Lists every type of every publisher.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionPublisher')]
    param(
        # Azure region; every one has the same galleries here.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Location,

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
        $list = CallBackend $PSCmdlet 'publisher.list' @{ location = $Location }
        if ($null -ne $list) { foreach ($found in $list['value']) { ToPublisher $found } }
    }
}
