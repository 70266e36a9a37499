function Unpublish-AzConnectedExtensionPackage {
    <#
    .SYNOPSIS
    Takes a published version out of choice.
    .DESCRIPTION
    The version is withdrawn: no machine moves to it any more. Its package is kept, and machines that have it
    keep it.
    .EXAMPLE
    Unpublish-AzConnectedExtensionPackage -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.10'

    Withdraws a version.
    .EXAMPLE
    Unpublish-AzConnectedExtensionPackage -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.10' -GalleryName default

    Withdraws it from one gallery.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionImage')]
    param(
        # Publisher of the extension.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

        # Type of the extension.
        [Parameter(Mandatory)]
        [Alias('Type')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ExtensionType,

        # Version of the package, two to four numbers; quote one that is kept in a variable.
        [Parameter(Mandatory)]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [object] $Version,

        # Operating system that the package is for.
        [ValidateSet('Linux', 'Windows')]
        [string] $OperatingSystem,

        # Processor architecture that the package is for.
        [ValidateSet('x64', 'arm64', 'any')]
        [string] $Architecture,

        # Gallery to use; by default the one that always exists.
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $GalleryName
    )

    process {
        $parameters = @{
            publisher       = $Publisher
            type            = $ExtensionType
            version         = VersionText $PSCmdlet 'Version'
            operatingSystem = $OperatingSystem
            architecture    = $Architecture
            gallery         = $GalleryName
        }
        $image = "$Publisher.$ExtensionType $($parameters['version'])"
        if (-not (ShouldChange $PSCmdlet $image 'withdraw')) { return }
        $withdrawn = CallBackend $PSCmdlet 'image.unpublish' $parameters -Target $image -Changes
        if ($null -ne $withdrawn) { ToImage $withdrawn }
    }
}
