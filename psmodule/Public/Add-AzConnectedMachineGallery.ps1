function Add-AzConnectedMachineGallery {
    <#
    .SYNOPSIS
    Adds a gallery that extension images come from.
    .DESCRIPTION
    A gallery is a folder or the root of a web site. One exists from the start; images are looked for in all.
    .EXAMPLE
    Add-AzConnectedMachineGallery -Name team -Path ./team-gallery

    Adds a folder as a gallery.
    .EXAMPLE
    Add-AzConnectedMachineGallery -Name spare -Path ./spare-gallery; Publish-AzConnectedExtensionPackage -Path ./agent-9.10.zip -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.10' -OperatingSystem Windows -GalleryName spare

    Adds a gallery and publishes into it.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.Gallery')]
    param(
        # Name of the gallery.
        [Parameter(Mandatory)]
        [string] $Name,

        # Folder or web root of the gallery.
        [Parameter(Mandatory)]
        [string] $Path
    )

    process {
        $place = FullPath $PSCmdlet $Path
        if (-not (ShouldChange $PSCmdlet "gallery '$Name'" "add '$place'")) { return }
        $gallery = CallBackend $PSCmdlet 'gallery.add' @{ name = $Name; path = $place } -Target $Name -Changes
        if ($null -ne $gallery) { ToGallery $gallery }
    }
}
