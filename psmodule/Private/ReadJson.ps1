# JSON text to ordered dictionaries, arrays and plain values, alike on Windows PowerShell 5.1 and on 7.
#
# Not ConvertFrom-Json: since 6.0 it makes dates of strings that look like one, and both engines refuse keys
# that differ by case only. What a user wrote into settings must come back as it was written. It reads
# what the backend wrote, so it finds a text that was cut short but is no judge of JSON otherwise.
function ReadJson {
    param([string] $Text)

    $pattern = '\G\s*(?:"((?>[^"\\]+|\\.)*)"|(-?\d+)(?![\d.eE])|(-?\d+\.?\d*(?:[eE][-+]?\d+)?)|(true|false|null)|([\[\]{},:]))'
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
        elseif ($groups[2].Success) { $value = if ($groups[2].Length -lt 10) { [int] $groups[2].Value } else { ReadLongNumber $groups[2].Value } }
        elseif ($groups[3].Success) { $value = [double] $groups[3].Value }
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
    if ($outer.Count -ne 0 -or $container.Count -ne 1 -or $end -ne $Text.Length) {
        throw [FormatException]::new('The text is not one whole JSON value.')
    }
    , $container[0]
}

# Returns a whole number in the smallest type that holds it.
function ReadLongNumber {
    param([string] $Digits)

    $number = [bigint]::Parse($Digits, [Globalization.CultureInfo]::InvariantCulture)
    if ($number -ge [int]::MinValue -and $number -le [int]::MaxValue) { return [int] $number }
    if ($number -ge [long]::MinValue -and $number -le [long]::MaxValue) { return [long] $number }
    $number
}

# Keys are found without regard to case, as PowerShell's users expect, until two of them differ only by it.
function SpellingAwareCopy {
    param([Collections.Specialized.OrderedDictionary] $Dictionary)

    $copy = [Collections.Specialized.OrderedDictionary]::new([StringComparer]::Ordinal)
    foreach ($entry in $Dictionary.GetEnumerator()) { $copy[$entry.Key] = $entry.Value }
    $copy
}
