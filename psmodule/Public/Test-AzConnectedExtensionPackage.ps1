function Test-AzConnectedExtensionPackage {
    <#
    .SYNOPSIS
    Runs a handler package on a throw-away machine and says how it keeps the handler contract.
    .DESCRIPTION
    For publishers, before a release. Looks into the zip, then installs, enables, configures, disables and
    uninstalls the package, updates to it from a previous one, and takes it back. Writes one object for each demand
    of the contract, with what was observed and whether that is Passed, Warning, Failed or NotApplicable.

    The commands of the package run on this host as the current user. The folder that they run in, and what still
    runs of the package, are removed at the end; what the package does elsewhere, such as a service that it makes or
    a package that it installs, is real. Use a host that may be spoilt, and trust the package.

    Machines, extensions and galleries of this host are not touched.
    .EXAMPLE
    Test-AzConnectedExtensionPackage -Path ./agent-9.10.zip -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows -Version '9.10' -Confirm:$false

    Checks a package; a lower version of the same package plays the one that is updated from.
    .EXAMPLE
    Test-AzConnectedExtensionPackage -Path ./agent-9.10.zip -Setting @{ port = 8080 } -Window 00:01:00 -Confirm:$false | Where-Object Result -eq Failed

    Writes only what does not keep the contract.
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High', PositionalBinding = $false)]
    [OutputType('AzConnectedMachineLite.PackageFinding')]
    param(
        # The zip file.
        [Parameter(Mandatory)]
        [string] $Path,

        # Zip file of the version to update from and to go back to; by default the same package as a lower version.
        [string] $PreviousPath,

        # Publisher of the extension; by default what the package or its file name says.
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $Publisher,

        # Type of the extension; by default what the package or its file name says.
        [Alias('Type')]
        [ArgumentCompleter({ & (Get-Module Az.ConnectedMachineLite) CompleteWord @args })]
        [string] $ExtensionType,

        # Version of the package; quote one that is kept in a variable.
        [object] $Version,

        # Operating system that the package is for; by default what its commands look like.
        [ValidateSet('Linux', 'Windows')]
        [string] $OperatingSystem,

        # Public settings; by default an empty object.
        [Alias('Settings')]
        [hashtable] $Setting,

        # Protected settings; it is looked after that their texts show nowhere.
        [Alias('ProtectedSettings')]
        [hashtable] $ProtectedSetting,

        # How long the package may take to report success after it was enabled; by default 30 seconds.
        [timespan] $Window
    )

    process {
        $file = FullPath $PSCmdlet $Path
        $parameters = @{
            path            = $file
            publisher       = $Publisher
            type            = $ExtensionType
            version         = VersionText $PSCmdlet 'Version'
            operatingSystem = $OperatingSystem
        }
        if ($PreviousPath) { $parameters['previousPath'] = FullPath $PSCmdlet $PreviousPath }
        if ($PSBoundParameters.ContainsKey('Window')) { $parameters['window'] = $Window.TotalSeconds }
        try {
            if ($null -ne $Setting) { $parameters['settings'] = WriteJson $Setting }
            if ($null -ne $ProtectedSetting) { $parameters['protectedSettings'] = WriteJson $ProtectedSetting -OpenSecrets }
        }
        catch [FormatException] {
            $PSCmdlet.ThrowTerminatingError((NewErrorRecord 'InvalidRequestContent' 'InvalidArgument' $file $_.Exception.Message `
                        'Settings may hold texts, numbers, dates, true and false, lists and hashtables.'))
        }
        if (-not (ShouldChange $PSCmdlet $file 'run the commands of the package on this host')) { return }
        # No -Changes: nothing of it is kept, so a repeat has nothing to find.
        $found = CallBackend $PSCmdlet 'image.check' $parameters -Target $file
        if ($null -ne $found) { foreach ($finding in $found['value']) { ToFinding $finding } }
    }
}
