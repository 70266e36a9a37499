function Get-AzConnectedExtensionPublisher {
    <#
    .SYNOPSIS
    Gets everybody who publishes extensions.
    .DESCRIPTION
    Lists the publishers that the catalogue of documented extensions or a gallery knows, in lower case.
    .EXAMPLE
    Get-AzConnectedExtensionPublisher -Location WestUS

    Lists the publishers.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionPublisher')]
    param(
        # Azure region; every one has the same galleries here.
        [Parameter(Mandatory)]
        [string] $Location
    )

    process {
        $list = CallBackend $PSCmdlet 'publisher.list' @{ location = $Location }
        if ($null -ne $list) { foreach ($found in $list['value']) { ToPublisher $found } }
    }
}
