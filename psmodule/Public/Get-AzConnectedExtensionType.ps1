function Get-AzConnectedExtensionType {
    <#
    .SYNOPSIS
    Gets the extension types of a publisher.
    .DESCRIPTION
    Lists the types that the catalogue of documented extensions or a gallery knows, in lower case.
    .EXAMPLE
    Get-AzConnectedExtensionType -Location WestUS -Publisher Microsoft.Azure.Monitoring.DependencyAgent

    Lists the types of a publisher.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionType')]
    param(
        # Azure region; every one has the same galleries here.
        [Parameter(Mandatory)]
        [string] $Location,

        # The publisher.
        [Parameter(Mandatory)]
        [string] $Publisher
    )

    process {
        $list = CallBackend $PSCmdlet 'type.list' @{ location = $Location; publisher = $Publisher }
        if ($null -ne $list) { foreach ($found in $list['value']) { ToExtensionType $found } }
    }
}
