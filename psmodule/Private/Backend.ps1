# The backend: one Python process per runspace, started at the first call, ended with its standard input.
#
# Standard output carries frames, standard error is a log that is drained while a call is under way and
# whose last lines explain a death. Nothing here is a script-block delegate: .NET would run it on a thread
# without a runspace and take the host down.

$script:Backend = $null
$script:FrameLimit = 16MB

function FindPython {
    $named = $env:AZCMLITE_PYTHON
    if ($named) {
        if ([IO.Path]::IsPathRooted($named) -and [IO.File]::Exists($named)) { return $named }
        return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $named "AZCMLITE_PYTHON names '$named', which is not the full path of a program." `
            'Set AZCMLITE_PYTHON to the full path of a Python in whose environment az-connectedmachine-lite is installed, or remove it.'
    }
    $root = [IO.Path]::GetDirectoryName($script:ModuleFolder)
    foreach ($place in '.venv/bin/python', '.venv\Scripts\python.exe') {
        $candidate = [IO.Path]::Combine($root, $place)
        if ([IO.File]::Exists($candidate)) { return $candidate }
    }
    NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $root 'The Python half of this module is not installed.' `
        "Run 'python3 -m venv .venv' and '.venv/bin/python -m pip install .' in '$root', or set AZCMLITE_PYTHON."
}

# Returns the backend, greeted, or an error record that says why there is none.
function GetBackend {
    if ($null -ne $script:Backend -and $script:Backend.Process.HasExited) { StopBackend }
    if ($null -eq $script:Backend) {
        $python = FindPython
        if ($python -is [Management.Automation.ErrorRecord]) { return $python }
        try { $script:Backend = StartBackend $python }
        catch {
            return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $python "'$python' cannot be started: $($_.Exception.InnerException.Message)" `
                'Install the backend again, or set AZCMLITE_PYTHON to another Python.'
        }
    }
    $backend = $script:Backend
    if ($backend.Greeted) { return $backend }
    # A call that was stopped while it waited for hello leaves that to the next one.
    $line = ReadBackendLine $backend
    $hello = $null
    if ($null -ne $line) { try { $hello = ReadJson $line } catch { $hello = $null } }
    if ($null -eq $hello -or $hello['method'] -ne 'hello') {
        DrainBackendLog $backend
        $log = $backend.Log.Trim()
        StopBackend
        if ($log -match 'No module named') {
            return NewErrorRecord 'BackendNotInstalled' 'NotInstalled' $backend.Python "az-connectedmachine-lite is not installed for '$($backend.Python)'." `
                "Run '$($backend.Python) -m pip install az-connectedmachine-lite', or from a clone 'pip install .' in its folder."
        }
        return NewErrorRecord 'BackendFailed' 'ConnectionError' $backend.Python "The backend did not start: $(LastLine $log $line)" 'Install the backend again.'
    }
    if ($hello['params']['protocol'] -ne 1) {
        StopBackend
        return NewErrorRecord 'BackendMismatch' 'ConnectionError' $backend.Python "The backend $($hello['params']['version']) speaks another protocol than this module." `
            'Install module and backend of the same release.'
    }
    $backend.Greeted = $true
    $backend
}

function StartBackend {
    param([string] $Python)

    $utf8 = [Text.UTF8Encoding]::new($false)
    $start = [Diagnostics.ProcessStartInfo]::new()
    $start.FileName = $Python
    $start.Arguments = '-I -X utf8 -m connectedmachine.frontends.rpc'
    $start.WorkingDirectory = [IO.Path]::GetPathRoot($Python) # holds no folder in use
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8
    $process = [Diagnostics.Process]::Start($start)
    @{
        Python   = $Python
        Process  = $process
        Greeted  = $false
        # Frames are written as bytes: on 5.1 the writer above this stream has the console's encoding and may begin with a BOM.
        Input    = $process.StandardInput.BaseStream
        Write    = $null # the write under way, at most one
        Output   = $process.StandardOutput
        Line     = $null # the read of standard output under way, at most one
        Error    = $process.StandardError.BaseStream
        LogRead  = $null # the same for standard error
        LogBytes = [byte[]]::new(4096)
        Log      = ''
    }
}

# Returns the next line of standard output, or $null at its end. Waits in slices: a .NET wait cannot be
# stopped by Ctrl+C, the loop around it can. A read that is abandoned by that is kept for the next call.
function ReadBackendLine {
    param([hashtable] $Backend)

    if ($null -eq $Backend.Line) { $Backend.Line = $Backend.Output.ReadLineAsync() }
    while ($true) {
        DrainBackendLog $Backend
        $waiting = [Threading.Tasks.Task[]] @($Backend.Line, $Backend.LogRead)
        if ([Threading.Tasks.Task]::WaitAny($waiting, 100) -eq 0) { break }
    }
    $read = $Backend.Line
    $Backend.Line = $null
    try { $read.GetAwaiter().GetResult() } catch [IO.IOException] { $null }
}

function DrainBackendLog {
    param([hashtable] $Backend)

    while ($true) {
        if ($null -eq $Backend.LogRead) { $Backend.LogRead = $Backend.Error.ReadAsync($Backend.LogBytes, 0, $Backend.LogBytes.Length) }
        if (-not $Backend.LogRead.IsCompleted) { return }
        $count = 0
        try { $count = $Backend.LogRead.GetAwaiter().GetResult() } catch [IO.IOException] { $count = 0 }
        if ($count -eq 0) {
            $Backend.LogRead = [Threading.Tasks.TaskCompletionSource[int]]::new().Task # never completes
            return
        }
        $log = $Backend.Log + [Text.Encoding]::UTF8.GetString($Backend.LogBytes, 0, $count)
        $Backend.Log = $log.Substring([Math]::Max(0, $log.Length - 4000))
        $Backend.LogRead = $null
    }
}

# Writes in the background and waits in slices, as ReadBackendLine. A write whose wait was stopped goes on.
function WriteBackendFrame {
    param([hashtable] $Backend, [byte[]] $Frame)

    WaitForWrite $Backend
    $Backend.Write = $Backend.Input.WriteAsync($Frame, 0, $Frame.Length)
    WaitForWrite $Backend
    $Backend.Input.Flush()
}

function WaitForWrite {
    param([hashtable] $Backend)

    if ($null -eq $Backend.Write) { return }
    while (-not ([Threading.Tasks.Task] $Backend.Write).IsCompleted) {
        $null = [Threading.Tasks.Task]::WaitAny([Threading.Tasks.Task[]] @($Backend.Write), 100)
        DrainBackendLog $Backend
    }
    $written = $Backend.Write
    $Backend.Write = $null
    $null = $written.GetAwaiter().GetResult()
}

# The end of standard input asks the backend to go; one that does not is ended.
function StopBackend {
    $backend = $script:Backend
    $script:Backend = $null
    if ($null -eq $backend) { return }
    try { $backend.Input.Dispose() } catch [IO.IOException] { $null = $_ }
    try {
        if (-not $backend.Process.WaitForExit(2000)) { $backend.Process.Kill() }
    }
    catch [InvalidOperationException] { $null = $_ } # it ended between the two
    $backend.Process.Dispose()
}

function LastLine {
    param([string] $Log, [string] $Otherwise)

    $lines = @(($Log -split "`r?`n") | Where-Object { $_.Trim() })
    if ($lines.Count) { $lines[-1] } elseif ($Otherwise) { "it said '$($Otherwise.Substring(0, [Math]::Min(200, $Otherwise.Length)))'." } else { 'it ended without a word.' }
}
