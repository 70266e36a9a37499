# Tab completion of names that the store and the galleries know, for every cmdlet of this module.
#
# A Tab waits a tenth of a second at most. Where no backend runs yet, one is started and not waited for any
# longer than that: the next Tab has its answer. What goes wrong ends in no words, never in an error.

# Asks the backend what is worth knowing only soon. Returns the items of the answer, or nothing.
function AskSoon {
    param([string] $Method, [hashtable] $Parameters, [int] $Milliseconds = 100)

    $known = $global:Error.Count
    $clock = [Diagnostics.Stopwatch]::StartNew()
    if (-not $script:Turn.Wait(0)) { return }
    try {
        if ($null -eq $script:Backend -and (StartBackend)) { return }
        $backend = $script:Backend
        if ($null -ne $backend['Write']) { return }
        $script:LastId++
        $id = "$script:LastId"
        WriteBackendFrame $backend (EncodeRequest $id $Method $Parameters $false)
        while ($clock.ElapsedMilliseconds -lt $Milliseconds) {
            if ($null -eq $backend['Line']) { $backend['Line'] = $backend['Output'].ReadLineAsync() }
            DrainBackendLog $backend
            if (-not $backend['Line'].Wait(5)) { continue }
            $message = ReadJson (ReadBackendLine $backend)
            if (-not $backend['Greeted']) {
                if (CheckHello $backend $message) { return }
            }
            elseif ($message['id'] -eq $id) {
                if ($message.Contains('result')) { $message['result']['value'] }
                return
            }
        }
        WriteBackendFrame $backend ([Text.Encoding]::ASCII.GetBytes('{"jsonrpc":"2.0","method":"cancel","params":{"id":"' + $id + '"}}' + "`n"))
    }
    catch { StopBackend } # it died; a call would start another, and so does the next Tab
    finally {
        $null = $script:Turn.Release()
        # Who looks at $Error looks for what went wrong with a command.
        while ($global:Error.Count -gt $known) { $global:Error.RemoveAt(0) }
    }
}

# Returns the machines that fit what is typed so far.
function TypedMachines {
    param([Collections.IDictionary] $Bound, [string] $MachineName)

    $machines = AskSoon 'machine.list' @{ resourceGroup = $Bound['ResourceGroupName']; subscriptionId = @($Bound['SubscriptionId'])[0] }
    foreach ($machine in $machines) {
        if (-not $MachineName -or $machine['name'] -eq $MachineName) { $machine }
    }
}

# Returns the names of things that belong to the machine typed so far.
function NamesOnMachine {
    param([string] $Method, [Collections.IDictionary] $Bound, [string] $Member = 'name')

    if (-not $Bound['MachineName']) { return }
    foreach ($machine in TypedMachines $Bound $Bound['MachineName']) {
        $address = @{ resourceGroup = $machine['resourceGroup']; machine = $machine['name']; subscriptionId = @($Bound['SubscriptionId'])[0] }
        foreach ($item in AskSoon $Method $address) { $item[$Member] }
    }
}

# Returns the images that fit what is typed so far and can be installed.
function TypedImages {
    param([Collections.IDictionary] $Bound)

    $type = $Bound['ExtensionType']
    if (-not $type) { $type = $Bound['Type'] }
    foreach ($image in AskSoon 'image.list' @{ publisher = $Bound['Publisher']; type = $type; gallery = $Bound['GalleryName'] }) {
        if (-not $image['withdrawn']) { $image }
    }
}

# Returns what may stand at a parameter, in the order in which it is offered.
function WordsFor {
    param([string] $Command, [string] $Parameter, [Collections.IDictionary] $Bound)

    $images = @{ Publisher = 'publisher'; ExtensionType = 'type'; Type = 'type'; Version = 'version'; TypeHandlerVersion = 'version' }
    if ($images.ContainsKey($Parameter)) {
        # The newest version comes first, as the backend lists them; names come in their own order.
        $words = foreach ($image in TypedImages $Bound) { $image[$images[$Parameter]] }
        if ($images[$Parameter] -ne 'version') { $words = $words | Sort-Object }
        return $words
    }
    $words = switch ($Parameter) {
        'ResourceGroupName' { foreach ($machine in TypedMachines @{ SubscriptionId = $Bound['SubscriptionId'] } ($Bound['MachineName'])) { $machine['resourceGroup'] } }
        'MachineName' { foreach ($machine in TypedMachines $Bound) { $machine['name'] } }
        'Location' { foreach ($machine in TypedMachines $Bound ($Bound['MachineName'])) { $machine['location'] } }
        'GalleryName' { foreach ($gallery in AskSoon 'gallery.list' @{}) { $gallery['name'] } }
        'WindowName' { NamesOnMachine 'window.list' $Bound 'windowName' }
        'Name' {
            if ($Command -like '*-AzConnectedMachine') { foreach ($machine in TypedMachines $Bound) { $machine['name'] } }
            elseif ($Command -like '*Gallery') { foreach ($gallery in AskSoon 'gallery.list' @{}) { $gallery['name'] } }
            elseif ($Command -like '*EventSink') { foreach ($sink in AskSoon 'eventSink.list' @{}) { $sink['name'] } }
            elseif ($Command -like '*HealthProbe') { NamesOnMachine 'probe.list' $Bound }
            else { NamesOnMachine 'extension.list' $Bound }
        }
    }
    $words | Sort-Object
}

# What every [ArgumentCompleter()] of this module calls. An attribute's block runs outside the module; it finds
# its way back by name. Register-ArgumentCompleter would cost a sixth of the import, attributes cost nothing.
function CompleteWord {
    param([string] $Command, [string] $Parameter, [string] $Word, [object] $Ast, [Collections.IDictionary] $Bound)

    $null = $Ast
    $typed = $Word.Trim("'", '"')
    $offered = [Collections.Generic.HashSet[string]]::new([StringComparer]::OrdinalIgnoreCase)
    foreach ($text in WordsFor $Command $Parameter $Bound) {
        if (-not $text -or -not $text.StartsWith($typed, [StringComparison]::OrdinalIgnoreCase) -or -not $offered.Add($text)) { continue }
        $quoted = if ($text -match '^[\w.][\w.-]*$' -and $Word -notmatch '^[''"]') { $text } else { "'" + $text.Replace("'", "''") + "'" }
        [Management.Automation.CompletionResult]::new($quoted, $text, 'ParameterValue', $text)
    }
}
