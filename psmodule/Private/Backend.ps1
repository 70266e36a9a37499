# The backend: one Python process per runspace, started at the first call, ended with its standard input.
#
# Standard output carries frames, standard error is a log that is drained while a call is under way and
# whose last lines explain a death. Nothing here is a script-block delegate: .NET would run it on a thread
# without a runspace and take the host down. Every wait is a loop of short ones: a .NET wait cannot be stopped
# by Ctrl+C, the loop around it can.

$script:Backend = $null
$script:FrameLimit = 16MB
$script:EndsWithRunspace = $false
$script:StrictUtf8 = [Text.UTF8Encoding]::new($false, $true)

function FindPython {
    $named = $env:AZCMLITE_PYTHON
    if ($named) {
        if ([IO.Path]::IsPathRooted($named) -and [IO.File]::Exists($named)) { return $named }
        return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $named "AZCMLITE_PYTHON names '$named', which is not the full path of a program." `
            'Set AZCMLITE_PYTHON to the full path of a Python in whose environment az-connectedmachine-lite is installed, or remove it.'
    }
    $root = $ExecutionContext.SessionState.Module.ModuleBase
    $python = PythonIn ([IO.Path]::Combine($root, '.venv'))
    foreach ($scope in 'CurrentUser', 'AllUsers') {
        if (-not $python) { $python = InstalledPython (BackendFolder $scope) }
    }
    if ($python) { return $python }
    NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $root 'The Python half of this module is not installed.' `
        "Run Install-AzConnectedMachineBackend; in a clone run 'python3 -m venv .venv' and '.venv/bin/python -m pip install .' in '$root'; or set AZCMLITE_PYTHON."
}

# Starts a process and does not wait for its hello. Returns nothing, or an error record that says why not.
function StartBackend {
    $python = FindPython
    if ($python -isnot [string]) { return $python }
    $start = [Diagnostics.ProcessStartInfo] @{
        FileName               = $python
        Arguments              = '-I -X utf8 -m connectedmachine.frontends.rpc'
        WorkingDirectory       = [IO.Path]::GetPathRoot($python) # holds no folder in use
        UseShellExecute        = $false
        CreateNoWindow         = $true
        RedirectStandardInput  = $true
        RedirectStandardOutput = $true
        RedirectStandardError  = $true
    }
    try { $process = [Diagnostics.Process]::Start($start) }
    catch {
        return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $python "'$python' cannot be started: $($_.Exception.InnerException.Message)" `
            'Install the backend again, or set AZCMLITE_PYTHON to another Python.'
    }
    EndWithRunspace
    $script:Backend = @{
        Python   = $python
        Process  = $process
        Greeted  = $false
        # Frames are written as bytes: on 5.1 the writer above this stream has the console's encoding and may begin with a BOM.
        Input    = $process.StandardInput.BaseStream
        Write    = $null # the write under way, at most one
        Output   = $process.StandardOutput # ASCII whatever its encoding
        Line     = $null # the read of standard output under way, at most one
        Error    = $process.StandardError.BaseStream
        LogRead  = $null # the same for standard error
        LogBytes = $null
        Log      = ''
    }
}

# A runspace of a session that lives on (ForEach-Object -Parallel, a thread job) closes without removing its
# modules; its backend would stay until the garbage collector comes to the pipe. The engine runs the block of its
# last event outside this module, whatever it was bound to.
function EndWithRunspace {
    if ($script:EndsWithRunspace) { return }
    $script:EndsWithRunspace = $true
    $null = $ExecutionContext.Events.SubscribeEvent($null, $null, 'PowerShell.Exiting', $null, {
            foreach ($module in Get-Module -Name Az.ConnectedMachineLite) { & $module { StopBackend } }
        }, $true, $false)
}

# Returns an error record when a first line is not the hello of this module's backend.
function CheckHello {
    param([hashtable] $Backend, [Collections.IDictionary] $Message)

    if ($Message['method'] -ne 'hello') {
        StopBackend
        return NewErrorRecord 'BackendFailed' 'ConnectionError' $Backend['Python'] 'What was started is not the backend of this module.' 'Install the backend again.'
    }
    if ($Message['params']['protocol'] -ne 1) {
        StopBackend
        return NewErrorRecord 'BackendMismatch' 'ConnectionError' $Backend['Python'] "The backend $($Message['params']['version']) speaks another protocol than this module." `
            'Install module and backend of the same release.'
    }
    $Backend['Greeted'] = $true
}

# Returns the error record for a backend that ended before its hello.
function NoHello {
    param([hashtable] $Backend, [string] $Line)

    if ($Backend['Log'] -match 'No module named') {
        return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $Backend['Python'] "az-connectedmachine-lite is not installed for '$($Backend['Python'])'." `
            "Run '$($Backend['Python']) -m pip install az-connectedmachine-lite', or from a clone 'pip install .' in its folder."
    }
    $word = LastLine $Backend['Log']
    if ($Line) { $word = "it said '$($Line.Substring(0, [Math]::Min(200, $Line.Length)))'." }
    NewErrorRecord 'BackendFailed' 'ConnectionError' $Backend['Python'] "The backend did not start: $word" 'Install the backend again.'
}

# Returns the next line of standard output, or $null at its end. A read whose wait was stopped is kept for
# the next call: one reader has one read at a time.
function ReadBackendLine {
    param([hashtable] $Backend)

    if ($null -eq $Backend['Line']) { $Backend['Line'] = $Backend['Output'].ReadLineAsync() }
    try {
        while (-not $Backend['Line'].Wait(20)) { DrainBackendLog $Backend }
        $Backend['Line'].Result
    }
    catch [AggregateException] { $null } # the pipe broke
    $Backend['Line'] = $null
}

# Writes a frame. A write whose wait was stopped goes on, and the next one waits for it.
function WriteBackendFrame {
    param([hashtable] $Backend, [byte[]] $Frame)

    if ($Frame.Length -le 4096 -and $null -eq $Backend['Write']) {
        # As much goes into any pipe without waiting for its reader, and the backend reads all the time.
        $Backend['Input'].Write($Frame, 0, $Frame.Length)
        $Backend['Input'].Flush()
        return
    }
    try {
        if ($null -ne $Backend['Write']) { while (-not $Backend['Write'].Wait(20)) { DrainBackendLog $Backend } }
        $Backend['Write'] = $Backend['Input'].WriteAsync($Frame, 0, $Frame.Length)
        while (-not $Backend['Write'].Wait(20)) { DrainBackendLog $Backend }
    }
    catch [AggregateException] { throw [IO.IOException]::new('The backend reads no more.') }
    $Backend['Write'] = $null
    $Backend['Input'].Flush()
}

# Takes what is on standard error by now, and keeps the last of it.
function DrainBackendLog {
    param(
        [hashtable] $Backend,
        # Milliseconds to wait for more; what a process said as it died arrives a moment later.
        [int] $Patience = 0
    )

    while ($true) {
        if ($null -eq $Backend['LogRead']) {
            if ($null -eq $Backend['LogBytes']) { $Backend['LogBytes'] = [byte[]]::new(4096) }
            $Backend['LogRead'] = $Backend['Error'].ReadAsync($Backend['LogBytes'], 0, 4096)
        }
        try {
            if (-not $Backend['LogRead'].Wait($Patience)) { return }
            $count = $Backend['LogRead'].Result
        }
        catch [AggregateException] { $count = 0 }
        if ($count -eq 0) { return } # its end; the completed read stays
        $log = $Backend['Log'] + [Text.Encoding]::UTF8.GetString($Backend['LogBytes'], 0, $count)
        $Backend['Log'] = $log.Substring([Math]::Max(0, $log.Length - 4000))
        $Backend['LogRead'] = $null
    }
}

# The end of standard input asks the backend to go; one that does not is ended.
function StopBackend {
    $backend = $script:Backend
    $script:Backend = $null
    if ($null -eq $backend) { return }
    try { $backend['Input'].Dispose() } catch [IO.IOException] { $null = $_ }
    try {
        if (-not $backend['Process'].WaitForExit(2000)) { $backend['Process'].Kill() }
    }
    catch [InvalidOperationException] { $null = $_ } # it ended between the two
    $backend['Process'].Dispose()
}

function LastLine {
    param([string] $Log)

    $lines = @(($Log -split "`r?`n") | Where-Object { $_.Trim() })
    if ($lines.Count) { $lines[-1] } else { 'it ended without a word.' }
}
