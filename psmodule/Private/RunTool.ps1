# A program run to its end with what it says kept, stopped with its caller.

# Returns @{ Code; Output }, or $null when it cannot be started. Arguments are ours and hold no quotes.
function RunTool {
    param([string] $Program, [string[]] $Argument)

    $quoted = foreach ($word in $Argument) { if ($word -match '[\s;()]') { '"' + $word + '"' } else { $word } }
    $start = [Diagnostics.ProcessStartInfo] @{
        FileName               = $Program
        Arguments              = $quoted -join ' '
        WorkingDirectory       = [IO.Path]::GetTempPath()
        UseShellExecute        = $false
        CreateNoWindow         = $true
        RedirectStandardInput  = $true
        RedirectStandardOutput = $true
        RedirectStandardError  = $true
    }
    try { $process = [Diagnostics.Process]::Start($start) }
    catch [Management.Automation.MethodInvocationException] { return $null }
    try {
        $process.StandardInput.Dispose()
        $out, $said = $process.StandardOutput.ReadToEndAsync(), $process.StandardError.ReadToEndAsync()
        # A loop of short waits can be stopped by Ctrl+C; both pipes are read meanwhile.
        while (-not $process.WaitForExit(50)) { $null = $_ }
        $null = $out.Wait(2000) -and $said.Wait(2000)
        @{ Code = $process.ExitCode; Output = $out.Result + $said.Result }
    }
    finally {
        if (-not $process.HasExited) { $process.Kill() }
        $process.Dispose()
    }
}

# Returns what a Python says of itself as a dictionary, or $null when it is none.
function AskPython {
    param([string] $Python)

    $question = 'import sys, importlib.util as u; d = u.find_spec(\"connectedmachine\"); m = d and __import__(\"connectedmachine\"); print(\"%d.%d|%s|%s\" % (*sys.version_info[:2], m.__version__ if m else \"\", bool(u.find_spec(\"venv\") and u.find_spec(\"ensurepip\"))))'
    $told = RunTool $Python @('-I', '-c', $question)
    if ($null -eq $told -or $told.Code -ne 0 -or $told.Output -notmatch '(?m)^(\d+\.\d+)\|(.*)\|(True|False)\s*$') { return $null }
    @{ Version = [version] $Matches[1]; Backend = $Matches[2]; MakesEnvironments = $Matches[3] -eq 'True' }
}
