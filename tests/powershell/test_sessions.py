"""Sessions of every kind, several at once, and how they end: each has a backend, none leaves one behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from powershell.conftest import Run
from powershell.engine import MANIFEST, Shell, find_engine, run_engine, wait_until

PID = "& (Get-Module Az.ConnectedMachineLite) { $script:Backend.Process.Id }"
START = f"Import-Module '{MANIFEST}'; $null = Get-AzConnectedMachine; {PID}\n"


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def begin(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """An engine as a program that is still running."""
    return subprocess.Popen(
        [str(find_engine()), "-NoProfile", "-NonInteractive", *arguments],
        env={**environment, "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def end_by_kill(session: subprocess.Popen[str]) -> None:
    session.kill()


def end_by_terminate(session: subprocess.Popen[str]) -> None:
    session.terminate()


def end_by_closed_pipe(session: subprocess.Popen[str]) -> None:
    assert session.stdin is not None
    session.stdin.close()


def end_by_exit(session: subprocess.Popen[str]) -> None:
    assert session.stdin is not None
    session.stdin.write("exit 3\n")
    session.stdin.flush()


@pytest.mark.parametrize("end", [end_by_kill, end_by_terminate, end_by_closed_pipe, end_by_exit])
def test_however_a_session_ends_its_backend_ends(
    environment: dict[str, str], end: Callable[[subprocess.Popen[str]], None]
) -> None:
    with begin(["-Command", "-"], environment) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        session.stdin.write(START)
        session.stdin.flush()
        pid = int(session.stdout.readline())
        assert psutil.pid_exists(pid)
        end(session)
        session.wait(60)
        wait_until(lambda: is_gone(pid))


def test_a_runspace_that_closes_in_a_session_that_lives_on_ends_its_backend(shell: Shell) -> None:
    """As thread jobs are: another thread, another runspace, no Remove-Module."""
    outcome = shell.run(
        "$state = [Management.Automation.Runspaces.InitialSessionState]::CreateDefault2()\n"
        "$works = foreach ($name in 'a', 'b') {\n"
        "  $runspace = [Management.Automation.Runspaces.RunspaceFactory]::CreateRunspace($state)\n"
        "  $runspace.Open(); $work = [PowerShell]::Create(); $work.Runspace = $runspace\n"
        f"  $script = {{ Import-Module '{MANIFEST}'\n"
        f"    $null = Connect-AzConnectedMachine -ResourceGroupName rg -Name $args[0] -Simulated; {PID} }}\n"
        "  $null = $work.AddScript($script.ToString()).AddArgument($name)\n"
        "  @{ Work = $work; Running = $work.BeginInvoke() } }\n"
        "foreach ($item in $works) { $item.Work.EndInvoke($item.Running) }\n"
        "foreach ($item in $works) { $item.Work.Runspace.Close() }\n"
        "(Get-AzConnectedMachine).Name -join ' '"
    )
    assert not outcome.problems
    *pids, names = outcome.output
    assert names == "a b"
    assert len(set(pids)) == 2
    wait_until(lambda: all(is_gone(int(pid)) for pid in pids))


def test_each_parallel_item_has_a_backend_that_ends_with_it(run: Run) -> None:
    ended = run(
        "if ($PSVersionTable.PSVersion.Major -lt 7) { 'not here'; exit }\n"
        f"$pids = 1..4 | ForEach-Object -ThrottleLimit 4 -Parallel {{ Import-Module '{MANIFEST}'\n"
        '  $null = Connect-AzConnectedMachine -ResourceGroupName rg -Name "m$_" -Simulated\n'
        f"  {PID} }}\n"
        "@($pids | Sort-Object -Unique).Count\n"
        "foreach ($id in $pids) { $process = Get-Process -Id $id -ErrorAction Ignore\n"
        "  if ($process) { $null = $process.WaitForExit(10000) } }\n"
        "@(Get-Process -Id $pids -ErrorAction Ignore).Count\n"
        "(Get-AzConnectedMachine).Name -join ' '"
    )
    if ended.lines == ["not here"]:
        pytest.skip("ForEach-Object -Parallel came with PowerShell 7")
    assert ended.lines == ["4", "0", "m1 m2 m3 m4"]


def test_what_a_background_job_returns_is_input_as_if_it_were_from_here(run: Run) -> None:
    ended = run(
        "$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name m1 -Simulated\n"
        f"$machine = Start-Job {{ Import-Module '{MANIFEST}'; Get-AzConnectedMachine }} | Receive-Job -Wait\n"
        "$machine.PSObject.TypeNames[0]\n"
        "@($machine | Start-AzConnectedMachineUpgrade).Count\n"
        "@($machine | Remove-AzConnectedMachineExtension -Name none -PassThru)[0]"
    )
    assert ended.lines == ["Deserialized.AzConnectedMachineLite.Machine", "0", "True"]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to see arguments")
def test_a_job_gets_no_secret_in_its_arguments(run: Run) -> None:
    ended = run(
        "$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name m1 -Simulated -OSType Linux\n"
        "$setting = @{ key = ConvertTo-SecureString $env:SECRET -AsPlainText -Force }\n"
        "$job = New-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m1 -Name d -Location x"
        " -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentLinux"
        " -ProtectedSetting $setting -AsJob\n"
        "$lines = foreach ($folder in [IO.Directory]::GetDirectories('/proc')) {\n"
        "  try { [IO.File]::ReadAllText(\"$folder/cmdline\") } catch { '' } }\n"
        "@($lines -match $env:SECRET).Count; @($lines -match 'Az.ConnectedMachineLite.psd1').Count -gt 0\n"
        "(Wait-Job $job).State; $job.Name; $job.Command; Receive-Job $job | Out-String",
        SECRET="correct-horse",
    )
    assert ended.lines[:3] == ["0", "True", "Completed"]
    assert "correct-horse" not in ended.out + ended.err


def test_a_session_without_a_console_or_a_home_of_its_own_works(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """As a scheduled task's: no profile, another working directory."""
    bare = {name: value for name, value in environment.items() if name.startswith("AZCMLITE_")}
    script = f"Import-Module '{MANIFEST}'; (Get-AzConnectedMachineGallery).Name"
    ended = run_engine(["-Command", script], {**bare, "PATH": "/usr/bin:/bin"}, cwd=tmp_path)
    assert (ended.out, ended.err) == ("default\n", "")
