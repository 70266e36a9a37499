# JSON text to ordered dictionaries, arrays and plain values, alike on Windows PowerShell 5.1 and on 7.
#
# Not ConvertFrom-Json: since 6.0 it makes dates of strings that look like one, and both engines refuse keys
# that differ by case only. What a user wrote into settings must come back as it was written. It reads
# what the backend wrote, so it finds a text that was cut short but is no judge of JSON otherwise.
function ReadJson {
    param([string] $Text)

    $pattern = '\G\s*(?:"((?>[^"\\]+|\\.)*)"|(-?\d+)(?![\d.eE])|(-?\d+\.?\d*(?:[eE][-+]?\d+)?)|(true|false|null)|([\[\]{},:]))'
    $invariant = [Globalization.CultureInfo]::InvariantCulture
    $outer = [Collections.Generic.Stack[object]]::new()
    $container = [Collections.Generic.List[object]]::new()
    $isList = $true
    $key = $null
    $end = 0
    $token = [regex]::Match($Text, $pattern)
    while ($token.Success) {
        $end = $token.Index + $token.Length
        $groups = $token.Groups
        $isValue = $true
        if ($groups[5].Success) {
            $mark = $groups[5].Value
            if ($mark -eq '{' -or $mark -eq '[') {
                $outer.Push($container)
                $outer.Push($key)
                $isList = $mark -eq '['
                if ($isList) { $container = [Collections.Generic.List[object]]::new() }
                else { $container = [Collections.Specialized.OrderedDictionary]::new([StringComparer]::OrdinalIgnoreCase) }
                $key = $null
                $isValue = $false
            }
            elseif ($mark -eq '}' -or $mark -eq ']') {
                if ($outer.Count -eq 0) {
                    $end = $token.Index
                    break
                }
                $value = $container
                if ($isList) { $value = $container.ToArray() }
                $key = $outer.Pop()
                $container = $outer.Pop()
                $isList = $container -is [Collections.Generic.List[object]]
            }
            else { $isValue = $false }
        }
        elseif ($groups[1].Success) {
            $value = $groups[1].Value
            # Every escape of JSON is one of the regular expression language too.
            if ($value.Contains('\')) { $value = [regex]::Unescape($value) }
        }
        elseif ($groups[2].Success) {
            $whole = [bigint]::Parse($groups[2].Value, $invariant)
            if ($whole -ge [int]::MinValue -and $whole -le [int]::MaxValue) { $value = [int] $whole }
            elseif ($whole -ge [long]::MinValue -and $whole -le [long]::MaxValue) { $value = [long] $whole }
            else { $value = $whole }
        }
        elseif ($groups[3].Success) { $value = [double]::Parse($groups[3].Value, $invariant) }
        elseif ($groups[4].Value -eq 'null') { $value = $null }
        else { $value = $groups[4].Value -eq 'true' }

        if ($isValue) {
            if ($isList) { $container.Add($value) }
            elseif ($null -eq $key) { $key = $value }
            else {
                if ($container.Contains($key)) { $container = SpellingAwareCopy $container }
                $container[$key] = $value
                $key = $null
            }
        }
        $token = $token.NextMatch()
    }
    if ($outer.Count -ne 0 -or $container.Count -ne 1 -or $Text.Substring($end).Trim()) {
        throw [FormatException]::new('The text is not one whole JSON value.')
    }
    , $container[0]
}

# Keys are found without regard to case, as PowerShell's users expect, until two of them differ only by it.
function SpellingAwareCopy {
    param([Collections.Specialized.OrderedDictionary] $Dictionary)

    $copy = [Collections.Specialized.OrderedDictionary]::new([StringComparer]::Ordinal)
    foreach ($entry in $Dictionary.GetEnumerator()) { $copy[$entry.Key] = $entry.Value }
    $copy
}
