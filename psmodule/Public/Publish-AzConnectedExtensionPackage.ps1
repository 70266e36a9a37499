function Publish-AzConnectedExtensionPackage {
    <#
    .SYNOPSIS
    Publishes a handler package into a gallery.
    .DESCRIPTION
    Checks a handler zip and makes it an extension image that machines can install and move to. A version that
    is published stays what it is: the same version with other content is refused.
    .EXAMPLE
    Publish-AzConnectedExtensionPackage -Path ./agent-9.10.zip -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.10' -OperatingSystem Windows -SupportsAutomaticUpgrade

    Publishes a version that enrolled extensions move to by themselves.
    .EXAMPLE
    Publish-AzConnectedExtensionPackage -Path ./agent-9.10.zip -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.10' -OperatingSystem Windows -WhatIf

    Says what would be published where.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.ExtensionImage')]
    param(
        # The zip file.
        [Parameter(Mandatory)]
        [string] $Path,

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
        [object] $Version,

        # Operating system that the package is for.
        [Parameter(Mandatory)]
        [ValidateSet('Linux', 'Windows')]
        [string] $OperatingSystem,

        # Processor architecture that the package is for; by default any.
        [ValidateSet('x64', 'arm64', 'any')]
        [string] $Architecture,

        # Enrolled extensions may move to this version by themselves; by default what the catalogue says.
        [switch] $SupportsAutomaticUpgrade,

        # Gallery to use; by default the one that always exists.
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $GalleryName
    )

    process {
        $file = FullPath $PSCmdlet $Path
        $parameters = @{
            path            = $file
            publisher       = $Publisher
            type            = $ExtensionType
            version         = VersionText $PSCmdlet 'Version'
            operatingSystem = $OperatingSystem
            architecture    = $Architecture
            gallery         = $GalleryName
        }
        if ($PSBoundParameters.ContainsKey('SupportsAutomaticUpgrade')) { $parameters['supportsAutomaticUpgrade'] = [bool] $SupportsAutomaticUpgrade }
        if (-not (ShouldChange $PSCmdlet "$Publisher.$ExtensionType $($parameters['version'])" "publish '$file'")) { return }
        $image = CallBackend $PSCmdlet 'image.publish' $parameters -Target $file -Changes
        if ($null -ne $image) { ToImage $image }
    }
}
