# What a user wrote at a parameter to what the backend reads.

# Returns the version bound to a parameter as text. A number that is not written at the parameter itself may
# have lost its text on the way: 1.10 in a variable or a splat is 1.1 by now. One that is written there has
# it: where its text is not what the number would print, the engine hands it over inside a PSObject that
# remembers how it was spelled, and that any assignment or call would take off.
function VersionText {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Parameter)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    if ($null -eq $bound[$Parameter]) { return $null }
    $text = [string] $bound[$Parameter]
    if ($bound[$Parameter] -isnot [psobject]) { WarnOfLostDigits $Cmdlet $bound[$Parameter] "-$Parameter" "-$Parameter[\s:``]+" }
    if ($bound[$Parameter] -is [string] -or $bound[$Parameter] -is [version] -or $text -match '^[\d.]+$') { return $text }
    $Cmdlet.ThrowTerminatingError((NewErrorRecord 'InvalidVersion' 'InvalidArgument' $bound[$Parameter] "-$Parameter takes a version, not '$text'." `
                "Write one to four numbers separated by dots in quotes, for example '9.5'."))
}

function WarnOfLostDigits {
    param(
        [Management.Automation.PSCmdlet] $Cmdlet,
        [object] $Version,
        # What the user knows it as, and the pattern of what stands before a value that is written there.
        [string] $What,
        [string] $Before
    )

    if ($Version -isnot [double] -and $Version -isnot [float] -and $Version -isnot [decimal]) { return }
    $text = [string] $Version
    if ((CallText) -match ($Before + [regex]::Escape($text) + '(?![\w.])')) { return }
    $Cmdlet.WriteWarning("$What got the number $text; if it was written as a version it may have lost digits (1.10 becomes 1.1). Quote it: '$text'.")
}

# Returns the statements that led to the cmdlet's call, as the caller wrote them.
function CallText {
    $texts = foreach ($frame in Get-PSCallStack) {
        if (-not "$($frame.ScriptName)".StartsWith($script:ModuleFolder)) { $frame.Position.Text }
    }
    $texts -join "`n"
}

# Returns what -EnableAutomaticUpgrade says. As a switch it takes no separate word, so '-EnableAutomaticUpgrade
# $true' leaves $true to a hidden parameter at position 0; this decides whether it belongs to the switch.
function ReadUpgradeFlag {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    if (-not $bound.ContainsKey('BareValue')) { return [bool] $bound['EnableAutomaticUpgrade'] }
    $value = $bound['BareValue']
    $problem = $null
    if (-not $bound.ContainsKey('EnableAutomaticUpgrade')) { $problem = "There is a value '$value' that belongs to no parameter." }
    elseif ($null -eq $value) { $problem = '-EnableAutomaticUpgrade takes $true or $false, not $null.' }
    elseif (-not $bound['EnableAutomaticUpgrade']) { $problem = "-EnableAutomaticUpgrade has a value already; '$value' belongs to no parameter." }
    elseif (-not $value) {
        # '-EnableAutomaticUpgrade -Confirm $false' must not end the enrolment. How the call is written tells
        # the two apart.
        $isWrittenSo = (CallText) -match '-EnableAutomaticUpgrade[\s`]+\$false'
        foreach ($entry in $bound.GetEnumerator()) {
            if (-not $isWrittenSo -and $entry.Key -ne 'EnableAutomaticUpgrade' -and $entry.Value -is [switch] -and $entry.Value) {
                $problem = "It is not clear whether '$value' belongs to -EnableAutomaticUpgrade or to -$($entry.Key)."
                break
            }
        }
    }
    if ($problem) {
        $Cmdlet.ThrowTerminatingError((NewErrorRecord 'InvalidAutomaticUpgradeValue' 'InvalidArgument' $value $problem 'Write -EnableAutomaticUpgrade:$true or -EnableAutomaticUpgrade:$false.'))
    }
    [bool] $value
}

# Returns the JSON body that the given parameters of Update-AzConnectedMachine describe; what is not given is
# not in it, what is empty clears.
function MachineBody {
    param([Management.Automation.PSCmdlet] $Cmdlet, [Collections.IDictionary] $Given)

    $body = [ordered]@{}
    $properties = [ordered]@{}
    if ($Given.ContainsKey('Tag')) { $body['tags'] = StringValues $Given['Tag'] }
    if ($Given.ContainsKey('Kind')) { $body['kind'] = TextOrNull $Given['Kind'] }
    if ($null -ne $Given['EnableSystemAssignedIdentity']) {
        $body['identity'] = @{ type = $(if ($Given['EnableSystemAssignedIdentity']) { 'SystemAssigned' } else { 'None' }) }
    }
    if ($Given.ContainsKey('IdentityType')) { $body['identity'] = @{ type = $Given['IdentityType'] } }
    foreach ($pair in @(
            @('LocationDataName', 'locationData', 'name'), @('LocationDataCity', 'locationData', 'city'), @('LocationDataDistrict', 'locationData', 'district'),
            @('LocationDataCountryOrRegion', 'locationData', 'countryOrRegion'), @('AgentUpgradeCorrelationId', 'agentUpgrade', 'correlationId'),
            @('AgentUpgradeDesiredVersion', 'agentUpgrade', 'desiredVersion'), @('AgentUpgradeEnableAutomatic', 'agentUpgrade', 'enableAutomaticUpgrade'))) {
        if (-not $Given.ContainsKey($pair[0])) { continue }
        if (-not $properties.Contains($pair[1])) { $properties[$pair[1]] = [ordered]@{} }
        $properties[$pair[1]][$pair[2]] = $Given[$pair[0]]
    }
    foreach ($pair in @(@('ParentClusterResourceId', 'parentClusterResourceId'), @('PrivateLinkScopeResourceId', 'privateLinkScopeResourceId'))) {
        if ($Given.ContainsKey($pair[0])) { $properties[$pair[1]] = TextOrNull $Given[$pair[0]] }
    }
    if ($Given.ContainsKey('OSProfile')) { $properties['osProfile'] = $Given['OSProfile'] }
    $body['properties'] = $properties
    BodyText $Cmdlet $body
}

# A [string] parameter that was given $null has the empty text.
function TextOrNull {
    param([string] $Text)

    if ($Text) { $Text }
}

# Returns what a machine object, whose nulls say nothing, or a hashtable of the same names would change.
function MachineChanges {
    param([object] $Machine)

    $changes = @{}
    foreach ($name in 'Kind', 'IdentityType', 'LocationDataName', 'LocationDataCity', 'LocationDataDistrict', 'LocationDataCountryOrRegion',
        'ParentClusterResourceId', 'PrivateLinkScopeResourceId', 'OSProfile', 'AgentUpgradeCorrelationId', 'AgentUpgradeDesiredVersion') {
        $value = PropertyOf $Machine $name
        if ($null -ne $value) { $changes[$name] = $value }
    }
    $tags = PropertyOf $Machine 'Tags'
    if ($null -eq $tags) { $tags = PropertyOf $Machine 'Tag' }
    if ($null -ne $tags) { $changes['Tag'] = $tags }
    $isAutomatic = PropertyOf $Machine 'AgentUpgradeEnableAutomaticUpgrade'
    if ($null -ne $isAutomatic) { $changes['AgentUpgradeEnableAutomatic'] = $isAutomatic }
    $changes
}

# Returns the JSON body that the bound parameters describe; what is not bound is not in it.
function ExtensionBody {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    $body = [ordered]@{}
    $properties = [ordered]@{}
    if ($bound.ContainsKey('Location')) { $body['location'] = $bound['Location'] }
    if ($bound.ContainsKey('Tag')) { $body['tags'] = StringValues $bound['Tag'] }
    foreach ($pair in @(
            @('Publisher', 'publisher'), @('ExtensionType', 'type'), @('Type', 'type'), @('ForceRerun', 'forceUpdateTag'), @('ProvisionAfterExtension', 'provisionAfterExtensions'),
            @('Setting', 'settings'), @('ProtectedSetting', 'protectedSettings'))) {
        if ($bound.ContainsKey($pair[0])) { $properties[$pair[1]] = $bound[$pair[0]] }
    }
    if ($bound.ContainsKey('TypeHandlerVersion')) {
        $properties['typeHandlerVersion'] = VersionText $Cmdlet 'TypeHandlerVersion'
    }
    if ($bound.ContainsKey('AutoUpgradeMinorVersion')) { $properties['autoUpgradeMinorVersion'] = [bool] $bound['AutoUpgradeMinorVersion'] }
    if ($bound.ContainsKey('EnableAutomaticUpgrade') -or $bound.ContainsKey('BareValue')) {
        $properties['enableAutomaticUpgrade'] = ReadUpgradeFlag $Cmdlet
    }
    $body['properties'] = $properties
    BodyText $Cmdlet $body
}

# Returns the JSON body that an extension object describes: one of ours, whose nulls say nothing, or a
# hashtable with the same names.
function CopiedExtensionBody {
    param([Management.Automation.PSCmdlet] $Cmdlet, [object] $Extension)

    $body = [ordered]@{}
    $properties = [ordered]@{}
    foreach ($pair in @(
            @('Publisher', 'publisher'), @('MachineExtensionType', 'type'), @('TypeHandlerVersion', 'typeHandlerVersion'),
            @('ForceUpdateTag', 'forceUpdateTag'), @('ProvisionAfterExtension', 'provisionAfterExtensions'), @('AutoUpgradeMinorVersion', 'autoUpgradeMinorVersion'),
            @('EnableAutomaticUpgrade', 'enableAutomaticUpgrade'), @('Setting', 'settings'), @('ProtectedSetting', 'protectedSettings'))) {
        $value = PropertyOf $Extension $pair[0]
        if ($null -ne $value) { $properties[$pair[1]] = $value }
    }
    # A change's own name for it; an extension object has its resource type there.
    $type = PropertyOf $Extension 'Type'
    if ($type -and $type -notlike '*/*') { $properties['type'] = $type }
    $location = PropertyOf $Extension 'Location'
    if ($location -and $Cmdlet.MyInvocation.MyCommand.Name -notlike 'Update-*') { $body['location'] = $location }
    $tags = PropertyOf $Extension 'Tags'
    if ($null -eq $tags) { $tags = PropertyOf $Extension 'Tag' }
    if ($null -ne $tags) { $body['tags'] = StringValues $tags }
    $body['properties'] = $properties
    BodyText $Cmdlet $body
}

function BodyText {
    param([Management.Automation.PSCmdlet] $Cmdlet, [Collections.IDictionary] $Body)

    try {
        $protected = $Body['properties']['protectedSettings']
        # Only what is stored encrypted may hold a SecureString.
        if ($null -ne $protected) { $Body['properties']['protectedSettings'] = [Text.StringBuilder]::new((WriteJson $protected -OpenSecrets)) }
        WriteJson $Body
    }
    catch [FormatException] {
        $Cmdlet.ThrowTerminatingError((NewErrorRecord 'InvalidRequestContent' 'InvalidArgument' $Cmdlet.MyInvocation.MyCommand.Name $_.Exception.Message `
                    'Settings may hold texts, numbers, dates, true and false, lists and hashtables.'))
    }
}

# Returns the text of -JsonString or of the file that -JsonFilePath names; the backend judges what is in it.
function BodyFromJson {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    $bound = $Cmdlet.MyInvocation.BoundParameters
    if ($bound.ContainsKey('JsonString')) { return $bound['JsonString'] }
    TextOfFile $Cmdlet $bound['JsonFilePath']
}

function TextOfFile {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $File)

    $path = FullPath $Cmdlet $File
    try { [IO.File]::ReadAllText($path) }
    catch {
        $Cmdlet.ThrowTerminatingError((NewErrorRecord 'FileNotReadable' 'ReadError' $path "'$path' cannot be read: $($_.Exception.InnerException.Message)" 'Give the path of a JSON file.'))
    }
}

# The process has a working directory of its own; what the user sees is the location of the session.
function FullPath {
    param([Management.Automation.PSCmdlet] $Cmdlet, [string] $Path)

    if ($Path -match '^https?://') { return $Path }
    $Cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
}

function StringValues {
    param([object] $Table)

    if ($null -eq $Table) { return $null }
    $texts = [ordered]@{}
    foreach ($key in $Table.Keys) { $texts[[string] $key] = [string] $Table[$key] }
    $texts
}

# Returns the extension targets of an upgrade as JSON text.
function TargetsText {
    param([Management.Automation.PSCmdlet] $Cmdlet, [object] $Target)

    $targets = [ordered]@{}
    if ($null -ne $Target) {
        foreach ($key in $Target.Keys) {
            $version = PropertyOf $Target[$key] 'targetVersion'
            WarnOfLostDigits $Cmdlet $version 'targetVersion' 'targetVersion[''"]?\s*=\s*'
            $targets[[string] $key] = @{ targetVersion = [string] $version }
        }
    }
    WriteJson $targets
}

# Returns the extension targets that a request body given as JSON holds.
function TargetsFromJson {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    $text = BodyFromJson $Cmdlet
    try {
        $null = ConvertFrom-Json $text # judges what ReadJson takes for granted
        WriteJson (PropertyOf (ReadJson $text.Trim()) 'extensionTargets')
    }
    catch {
        $Cmdlet.ThrowTerminatingError((NewErrorRecord 'InvalidRequestContent' 'InvalidArgument' $text 'The request body is not JSON.' `
                    'Write {"extensionTargets": {"Publisher.Type": {"targetVersion": "1.2"}}}.'))
    }
}
