# Values of PowerShell to JSON text, alike on Windows PowerShell 5.1 and on 7.
#
# Not ConvertTo-Json: it cuts deep values short, writes a date in two ways, unrolls arrays and shows members
# that the engine attached to strings and arrays. Here a value is written as it is, or refused by name.
function WriteJson {
    param(
        [object] $Value,
        # SecureString leaves are opened: only what is stored encrypted may ask for it.
        [switch] $OpenSecrets
    )

    $text = [Text.StringBuilder]::new()
    AppendJson $text $Value 0 $OpenSecrets
    $text.ToString()
}

function AppendJson {
    param([Text.StringBuilder] $Text, [object] $Value, [int] $Depth, [bool] $OpenSecrets)

    if ($Depth -gt 64) { throw [FormatException]::new('A value is nested deeper than 64 levels, or holds itself.') }
    if ($null -eq $Value -or $Value -is [DBNull]) { $null = $Text.Append('null'); return }
    if ($Value -is [string]) { AppendJsonString $Text $Value; return }
    if ($Value -is [Text.StringBuilder]) { $null = $Text.Append($Value.ToString()); return } # JSON already
    if ($Value -is [bool] -or $Value -is [switch]) {
        $null = $Text.Append($(if ([bool] $Value) { 'true' } else { 'false' }))
        return
    }
    if ($Value -is [Collections.IDictionary]) {
        $separator = '{'
        foreach ($entry in $Value.GetEnumerator()) {
            $null = $Text.Append($separator)
            AppendJsonString $Text ([string] $entry.Key)
            $null = $Text.Append(':')
            AppendJson $Text $entry.Value ($Depth + 1) $OpenSecrets
            $separator = ','
        }
        $null = $Text.Append($(if ($separator -eq '{') { '{}' } else { '}' }))
        return
    }
    if ($Value -is [Collections.IEnumerable]) {
        $separator = '['
        foreach ($item in $Value) {
            $null = $Text.Append($separator)
            AppendJson $Text $item ($Depth + 1) $OpenSecrets
            $separator = ','
        }
        $null = $Text.Append($(if ($separator -eq '[') { '[]' } else { ']' }))
        return
    }
    if ($Value -is [Management.Automation.PSCustomObject]) {
        $members = [Collections.Specialized.OrderedDictionary]::new([StringComparer]::Ordinal)
        foreach ($member in $Value.PSObject.Properties) {
            if ($member.MemberType -eq 'NoteProperty') { $members[$member.Name] = $member.Value }
        }
        AppendJson $Text $members $Depth $OpenSecrets
        return
    }
    AppendJsonScalar $Text $Value $OpenSecrets
}

function AppendJsonScalar {
    param([Text.StringBuilder] $Text, [object] $Value, [bool] $OpenSecrets)

    $invariant = [Globalization.CultureInfo]::InvariantCulture
    if ($Value -is [enum]) { AppendJsonString $Text ($Value.ToString()); return }
    if ($Value -is [double] -or $Value -is [float]) {
        if ([double]::IsNaN($Value) -or [double]::IsInfinity($Value)) { throw [FormatException]::new('NaN and infinity cannot be written as JSON.') }
        $digits = $Value.ToString('R', $invariant)
        # A reader that takes it for an integer would take every digit for meant.
        if ($digits -match '^-?\d{16,}$') { $digits += '.0' }
        $null = $Text.Append($digits)
        return
    }
    if ($Value -is [int] -or $Value -is [long] -or $Value -is [decimal] -or $Value -is [byte] -or $Value -is [sbyte] -or
        $Value -is [int16] -or $Value -is [uint16] -or $Value -is [uint32] -or $Value -is [uint64] -or $Value -is [bigint]) {
        $null = $Text.Append($Value.ToString($invariant))
        return
    }
    if ($Value -is [datetime]) { AppendJsonString $Text (UtcText $Value); return }
    if ($Value -is [DateTimeOffset]) { AppendJsonString $Text (UtcText $Value.UtcDateTime); return }
    if ($Value -is [char] -or $Value -is [guid] -or $Value -is [uri] -or $Value -is [version] -or $Value -is [timespan]) {
        AppendJsonString $Text ($Value.ToString())
        return
    }
    if ($Value -is [securestring]) {
        if (-not $OpenSecrets) { throw [FormatException]::new('A SecureString may only be a value of -ProtectedSetting.') }
        AppendJsonString $Text (OpenSecret $Value)
        return
    }
    throw [FormatException]::new("A value of type $($Value.GetType().FullName) cannot be written as JSON.")
}

function AppendJsonString {
    param([Text.StringBuilder] $Text, [string] $Value)

    $escaped = $Value.Replace('\', '\\').Replace('"', '\"')
    if ($escaped -match '[\x00-\x1f]') {
        $escaped = $escaped.Replace("`r", '\r').Replace("`n", '\n').Replace("`t", '\t')
        foreach ($code in 0..31) { $escaped = $escaped.Replace([string] [char] $code, ('\u{0:x4}' -f $code)) }
    }
    $null = $Text.Append('"').Append($escaped).Append('"')
}

function UtcText {
    param([datetime] $Time)

    $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ss.FFFFFFF', [Globalization.CultureInfo]::InvariantCulture) + 'Z'
}

function OpenSecret {
    param([securestring] $Secret)

    $memory = [Runtime.InteropServices.Marshal]::SecureStringToBSTR($Secret)
    try { [Runtime.InteropServices.Marshal]::PtrToStringBSTR($memory) }
    finally { [Runtime.InteropServices.Marshal]::ZeroFreeBSTR($memory) }
}
