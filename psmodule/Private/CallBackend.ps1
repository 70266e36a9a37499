# One call of the backend for a cmdlet: request out, progress and warnings shown, reply or error back.

# A runspace has one backend and asks it one thing at a time. Code that the engine runs between two
# statements of a waiting call (an event's action) would otherwise read that call's reply.
$script:Turn = [Threading.SemaphoreSlim]::new(1, 1)
$script:LastId = 0

# Returns the result, or $null after an error was written for this item. Parameters that are $null or ''
# are left out; [DBNull]::Value goes out as null.
function CallBackend {
    param(
        [Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Method,
        [Collections.IDictionary] $Parameters,
        # What an error record shows as its target; by default what the backend names.
        [object] $Target,
        # The method changes something: it gets a key, so that a repeat after the backend died does it once.
        [switch] $Changes
    )

    if (-not $script:Turn.Wait(0)) {
        $Cmdlet.ThrowTerminatingError((NewErrorRecord 'BackendBusy' 'ResourceBusy' $Method 'Another command of this module is waiting for its answer in this runspace.' `
                    'Call the module from an event action only when no command of it is running, or use another runspace.'))
    }
    $script:LastId++
    $call = @{ Cmdlet = $Cmdlet; Id = "$script:LastId"; Sent = $false; Answered = $false; Progress = $null; ProgressAt = 0 }
    try { $reply = ExchangeFrames $call $Method $Parameters $Changes }
    finally {
        if (-not $call['Answered'] -or $call['Progress'] -or $script:Backend['Log']) { EndCall $call }
        $null = $script:Turn.Release()
    }
    if ($reply -is [Collections.IDictionary]) {
        if (-not $reply.Contains('error')) { return $reply['result'] }
        WriteProblem $Cmdlet $reply['error'] $Target
    }
    else { $Cmdlet.ThrowTerminatingError($reply) }
}

# Returns the reply to a request, or an error record when it cannot be asked or no backend answers.
function ExchangeFrames {
    param([hashtable] $Call, [string] $Method, [Collections.IDictionary] $Parameters, [bool] $Changes)

    $ErrorActionPreference = 'Stop'
    $frame = $null
    foreach ($attempt in 1, 2) {
        # Started before the request is even written down: the rest is done while Python starts.
        if ($null -eq $script:Backend) {
            $problem = StartBackend
            if ($problem) { return $problem }
        }
        $backend = $script:Backend
        if ($null -eq $frame) {
            $frame = EncodeRequest $Call['Id'] $Method $Parameters $Changes
            if ($frame -isnot [byte[]]) { return $frame }
        }
        $line = $null
        try {
            $Call['Sent'] = $true
            WriteBackendFrame $backend $frame
            while ($null -ne ($line = ReadBackendLine $backend)) {
                $message = ReadJson $line
                if (-not $backend['Greeted']) {
                    $problem = CheckHello $backend $message
                    if ($problem) { return $problem }
                }
                elseif ($message.Contains('id')) {
                    # An answer to an earlier id belongs to a call that was given up.
                    if ($null -ne $message['id'] -and $message['id'] -ne $Call['Id']) { continue }
                    $Call['Answered'] = $true
                    return $message
                }
                elseif ($message['params']['id'] -eq $Call['Id']) { ShowNotification $Call $message['method'] $message['params'] }
            }
        }
        catch [IO.IOException], [FormatException] { $null = $_ } # the pipe broke, or broke in the middle of a line
        # Everything may be asked once more: reads change nothing, changes carry their key.
        $Call['Sent'] = $false
        DrainBackendLog $backend -Patience 200
        StopBackend
        if (-not $backend['Greeted']) { return NoHello $backend $line }
    }
    NewErrorRecord 'BackendFailed' 'ConnectionError' $backend['Python'] "The backend ended twice without an answer: $(LastLine $backend['Log'])" `
        'Run the command again with -Debug; what was asked for may have been done, so look before repeating it.'
}

# Returns the bytes of a request, or an error record when it is none.
function EncodeRequest {
    param([string] $Id, [string] $Method, [Collections.IDictionary] $Parameters, [bool] $Changes)

    if ($Changes) {
        $Parameters['idempotencyKey'] = [guid]::NewGuid().ToString()
        $Parameters['initiator'] = 'PowerShell: {0}@{1}' -f [Environment]::UserName, [Environment]::MachineName
    }
    $json = '{"jsonrpc":"2.0","id":"' + $Id + '","method":"' + $Method + '","params":{'
    $separator = ''
    foreach ($name in $Parameters.Keys) {
        $value = $Parameters[$name]
        if ($value -is [string]) {
            if (-not $value) { continue }
            # Names and versions hold nothing that JSON escapes; it is what every read is made of.
            if ($value -match '["\\\x00-\x1f]') { $value = WriteJson $value } else { $value = '"' + $value + '"' }
        }
        elseif ($null -eq $value -and $value -isnot [DBNull]) { continue }
        else { $value = WriteJson $value }
        $json += $separator + '"' + $name + '":' + $value
        $separator = ','
    }
    try { $bytes = $script:StrictUtf8.GetBytes($json + "}}`n") }
    catch {
        return NewErrorRecord 'InvalidRequestContent' 'InvalidData' $Method 'A text holds half of a surrogate pair and is not valid Unicode.' 'Correct the text.'
    }
    if ($bytes.Length -gt $script:FrameLimit) {
        return NewErrorRecord 'RequestTooLarge' 'LimitsExceeded' $Method "The request has $($bytes.Length) bytes, more than the limit of $script:FrameLimit." 'Use smaller settings.'
    }
    , $bytes
}

# To be dot-sourced: takes over the preferences of the script that called the cmdlet. A module does not see
# the variables of its caller unless it asks for them.
function FollowCaller {
    param([Management.Automation.PSCmdlet] $Cmdlet)

    foreach ($name in 'ErrorActionPreference', 'WarningPreference', 'VerbosePreference', 'DebugPreference', 'ProgressPreference') {
        $preference = $Cmdlet.SessionState.PSVariable.GetValue($name)
        if ($null -ne $preference) { $ExecutionContext.SessionState.PSVariable.Set($name, $preference) }
    }
}

function WriteProblem {
    param([Management.Automation.PSCmdlet] $Cmdlet, [Collections.IDictionary] $Problem, [object] $Target)

    . FollowCaller $Cmdlet
    $data = $Problem['data']
    if ($null -eq $Target -or '' -eq $Target) { $Target = $data['target'] }
    $Cmdlet.WriteError((NewErrorRecord $data['code'] $data['category'] $Target $Problem['message'] $data['hint']))
}

function ShowNotification {
    param([hashtable] $Call, [string] $Method, [Collections.IDictionary] $Message)

    . FollowCaller $Call['Cmdlet']
    if ($Method -eq 'log') {
        if ($Message['level'] -eq 'warning') { $Call['Cmdlet'].WriteWarning($Message['message']) }
        else { $Call['Cmdlet'].WriteVerbose($Message['message']) }
        return
    }
    $now = [Environment]::TickCount
    # Windows PowerShell draws slowly: five times a second is enough. TickCount wraps, so only nearness counts.
    if ($null -ne $Call['Progress'] -and [Math]::Abs([long] $now - $Call['ProgressAt']) -lt 200) { return }
    $Call['Progress'] = [Management.Automation.ProgressRecord]::new(1, $Message['activity'], $Message['status'])
    $Call['Progress'].PercentComplete = [int] $Message['percent']
    $Call['ProgressAt'] = $now
    $Call['Cmdlet'].WriteProgress($Call['Progress'])
}

# Runs in a finally block, also while Ctrl+C unwinds the pipeline, where the engine accepts no more output.
function EndCall {
    param([hashtable] $Call)

    . FollowCaller $Call['Cmdlet']
    $backend = $script:Backend
    if ($Call['Sent'] -and -not $Call['Answered'] -and $null -ne $backend) {
        $cancel = '{"jsonrpc":"2.0","method":"cancel","params":{"id":"' + $Call['Id'] + '"}}' + "`n"
        try { WriteBackendFrame $backend ([Text.Encoding]::ASCII.GetBytes($cancel)) } catch [IO.IOException] { $null = $_ }
    }
    if ($null -ne $Call['Progress']) {
        $completed = [Management.Automation.ProgressRecord]::new(1, $Call['Progress'].Activity, $Call['Progress'].StatusDescription)
        $completed.RecordType = 'Completed'
        try { $Call['Cmdlet'].WriteProgress($completed) } catch [Management.Automation.PipelineStoppedException] { $null = $_ }
    }
    if ($null -ne $backend -and $backend['Log']) {
        try { $Call['Cmdlet'].WriteDebug($backend['Log'].TrimEnd()) } catch [Management.Automation.PipelineStoppedException] { $null = $_ }
        $backend['Log'] = ''
    }
}
