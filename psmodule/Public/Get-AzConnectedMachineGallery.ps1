function Get-AzConnectedMachineGallery {
    <#
    .SYNOPSIS
    Gets the galleries that extension images come from.
    .DESCRIPTION
    Lists every gallery, or gets one by its name.
    .EXAMPLE
    Get-AzConnectedMachineGallery

    Lists the galleries.
    .EXAMPLE
    Get-AzConnectedMachineGallery -Name default

    Shows where the default gallery is.
    #>
    [CmdletBinding(PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.Gallery')]
    param(
        # Name of one gallery.
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Name
    )

    process {
        $list = CallBackend $PSCmdlet 'gallery.list' @{ name = $Name } -Target $Name
        if ($null -ne $list) { foreach ($gallery in $list['value']) { ToGallery $gallery } }
    }
}
