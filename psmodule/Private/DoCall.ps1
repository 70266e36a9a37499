# The last step of a cmdlet that may be asked for a job: the call, here or in a background job.
#
# Why the engine's own background jobs, and what they cost: docs/decisions/0014-jobs-are-processes.md.
# Refusals, questions and warnings about how the call is written belong to the session; what a job gets is the
# request as it would have gone to the backend, so nothing is lost or changed on the way into another process.

# Does the call and writes what it answers, or starts a job that does and writes the job.
function DoCall {
    param(
        [Management.Automation.PSCmdlet] $Cmdlet,
        [string] $Method,
        [hashtable] $Parameters,
        [string] $Target,
        # The function that makes objects of the answer; none where there is nothing to write.
        [string] $Writer
    )

    $name = $Cmdlet.MyInvocation.MyCommand.Name
    $call = @{ Method = $Method; Parameters = $Parameters; Target = $Target; Writer = $Writer }
    if (-not $Cmdlet.MyInvocation.BoundParameters['AsJob']) { return WriteAnswer $Cmdlet $call }
    $module = $ExecutionContext.SessionState.Module
    $job = @{
        Name         = "$name '$Target'"
        ArgumentList = [IO.Path]::Combine($module.ModuleBase, "$($module.Name).psd1"), $name, $call
        ScriptBlock  = {
            param([string] $Manifest, [string] $Name, [hashtable] $Call)
            $ErrorActionPreference = 'Stop'
            & (Import-Module $Manifest -PassThru) { DoCallOfJob $args[0] $args[1] } $Name $Call
        }
    }
    Start-Job @job
}

# Runs in the job's process. What fails there has failed the job: its state tells without a look at its errors.
function DoCallOfJob {
    param([string] $Name, [hashtable] $Call)

    # Under the cmdlet's name, which is part of an error's id.
    Set-Item -LiteralPath "function:local:$Name" -Value {
        [CmdletBinding()]
        param([hashtable] $Call)
        WriteAnswer $PSCmdlet $Call
    }
    & $Name $Call -ErrorAction Stop
}

function WriteAnswer {
    param([Management.Automation.PSCmdlet] $Cmdlet, [hashtable] $Call)

    $answer = CallBackend $Cmdlet $Call.Method $Call.Parameters -Target $Call.Target -Changes
    if ($null -ne $answer -and $Call.Writer) { & $Call.Writer $answer }
}

# What -PassThru writes.
function ToTrue { $true }
