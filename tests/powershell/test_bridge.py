"""The bridge to the backend: start, death, noise, Ctrl+C, and who may talk when."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from powershell.conftest import Run
from powershell.engine import MANIFEST, ROOT, Shell, run_engine, wait_until

BACKEND_PID = "& (Get-Module Az.ConnectedMachineLite) { $script:Backend.Process.Id }"


def test_import_starts_nothing(shell: Shell) -> None:
    assert shell.within("$null -eq $script:Backend").only() == "True"


def test_calls_of_one_runspace_share_a_backend(shell: Shell) -> None:
    shell.run("Get-AzConnectedMachine")
    first = shell.run(BACKEND_PID).only()
    shell.run("Get-AzConnectedMachine")
    assert shell.run(BACKEND_PID).only() == first


def test_the_engine_ends_its_backend_with_itself(run: Run) -> None:
    pid = run(f"Get-AzConnectedMachine; {BACKEND_PID}").json()
    wait_until(lambda: not psutil.pid_exists(pid))


def test_removing_the_module_ends_its_backend(shell: Shell) -> None:
    shell.run("Get-AzConnectedMachine")
    ended = shell.run(
        f"$process = Get-Process -Id ({BACKEND_PID}); Remove-Module Az.ConnectedMachineLite;"
        "$process.WaitForExit(10000)"
    )
    assert ended.only() == "True"


def clone(folder: Path) -> Path:
    """A copy of the module alone, with no environment beside it; returns its manifest."""
    shutil.copytree(ROOT / "psmodule", folder / "psmodule")
    return Path(shutil.copy(MANIFEST, folder))


def test_without_a_backend_the_error_says_what_to_do(environment: dict[str, str], tmp_path: Path) -> None:
    del environment["AZCMLITE_PYTHON"]
    script = (
        f"Import-Module '{clone(tmp_path)}';"
        "try { Get-AzConnectedMachine } catch { $_.FullyQualifiedErrorId; $_.CategoryInfo.Category;"
        " $_.ErrorDetails.RecommendedAction }"
    )
    id_, category, action = run_engine(["-Command", script], environment).lines
    assert (id_, category) == ("BackendNotInstalled,Get-AzConnectedMachine", "NotInstalled")
    assert "AZCMLITE_PYTHON" in action


def test_the_environment_beside_the_module_is_found(environment: dict[str, str], tmp_path: Path) -> None:
    python = environment.pop("AZCMLITE_PYTHON")
    manifest = clone(tmp_path)
    # A copy of the launcher would look for its library beside itself; the environment is linked as a whole.
    (tmp_path / ".venv").symlink_to(Path(python).parent.parent, target_is_directory=True)
    script = f"Import-Module '{manifest}'; (Get-AzConnectedMachineGallery).Name"
    assert run_engine(["-Command", script], environment).out == "default\n"


@pytest.mark.parametrize("value", ["/no/such/python", "python3"])
def test_a_python_that_is_no_full_path_of_a_file_is_refused(shell: Shell, value: str) -> None:
    problem = shell.run(f"$env:AZCMLITE_PYTHON = '{value}'; Get-AzConnectedMachine").problem
    assert (problem.id, problem.target) == ("BackendNotInstalled,Get-AzConnectedMachine", value)


def test_a_file_that_is_no_program_is_refused(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "python"
    file.write_text("not a program")
    problem = shell.run(f"$env:AZCMLITE_PYTHON = '{file}'; Get-AzConnectedMachine").problem
    assert problem.id == "BackendNotInstalled,Get-AzConnectedMachine"


@pytest.mark.parametrize(
    ("behaviour", "code", "word"),
    [
        ("not_installed", "BackendNotInstalled", "not installed"),
        ("broken_start", "BackendFailed", "SyntaxError: it does not even start"),
        ("other_protocol", "BackendMismatch", "protocol"),
    ],
)
def test_a_backend_that_does_not_start_well_is_named_as_such(
    run: Run, unwell: Callable[[str], Path], behaviour: str, code: str, word: str
) -> None:
    unwell(behaviour)
    ended = run("try { Get-AzConnectedMachine } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }")
    assert ended.lines[0] == f"{code},Get-AzConnectedMachine"
    assert word in ended.lines[1]


def test_a_killed_backend_is_started_anew(shell: Shell) -> None:
    shell.run("Get-AzConnectedMachine")
    pid = int(shell.run(BACKEND_PID).only())
    os.kill(pid, signal.SIGTERM)
    assert shell.run("Get-AzConnectedMachineGallery | ForEach-Object Name").only() == "default"
    assert int(shell.run(BACKEND_PID).only()) != pid


@pytest.mark.parametrize("behaviour", ["die_once", "half_a_line_once"])
def test_a_call_whose_backend_died_is_repeated_once(
    run: Run, unwell: Callable[[str], Path], behaviour: str
) -> None:
    unwell(behaviour)
    ended = run("(Get-AzConnectedMachineGallery).Name")
    assert (ended.out, ended.err) == ("default\n", "")


def test_a_change_is_repeated_with_the_same_key(run: Run, unwell: Callable[[str], Path]) -> None:
    notes = unwell("die_always")
    run("Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated")
    first, second = map(json.loads, (notes / "requests").read_text().splitlines())
    assert first["params"]["idempotencyKey"] == second["params"]["idempotencyKey"]


def test_a_backend_that_dies_twice_is_an_error_with_its_last_word(
    run: Run, unwell: Callable[[str], Path]
) -> None:
    unwell("die_always")
    ended = run("try { Get-AzConnectedMachine } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }")
    assert ended.lines[0] == "BackendFailed,Get-AzConnectedMachine"
    assert "the reason of its death" in ended.lines[1]


def test_a_flood_on_standard_error_blocks_nobody(run: Run, unwell: Callable[[str], Path]) -> None:
    unwell("flood")
    ended = run("foreach ($call in 1..5) { (Get-AzConnectedMachineGallery).Name }")
    assert (ended.lines, ended.err) == (["default"] * 5, "")


def test_the_backends_log_is_shown_with_debug(run: Run, unwell: Callable[[str], Path]) -> None:
    unwell("flood")
    script = "$null = Get-AzConnectedMachineGallery; $null = Get-AzConnectedMachineGallery -Debug 5>&1"
    assert "noise" in run(script + '; $r = Get-AzConnectedMachineGallery -Debug 5>&1; "$r"').out


def test_answers_that_nobody_waits_for_are_passed_over(run: Run, unwell: Callable[[str], Path]) -> None:
    unwell("stale_replies")
    assert (
        run("(Get-AzConnectedMachineGallery).Name; (Get-AzConnectedMachineGallery).Name").lines
        == ["fresh"] * 2
    )


def test_stopping_a_call_cancels_it_and_keeps_the_backend(
    unwell: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    notes = unwell("never_done")
    shell: Shell = request.getfixturevalue("shell")
    pipeline = shell.start("Get-AzConnectedMachine")
    running = pipeline.BeginInvoke()
    wait_until((notes / "begun").exists)
    pipeline.Stop()
    assert running.IsCompleted
    wait_until((notes / "cancelled").exists)
    pid = shell.run(BACKEND_PID).only()
    assert shell.run("(Get-AzConnectedMachineGallery).Name").only() == "answered"
    assert shell.run(BACKEND_PID).only() == pid


def test_progress_is_shown_and_completed(
    unwell: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    notes = unwell("never_done")
    shell: Shell = request.getfixturevalue("shell")
    pipeline = shell.start("Get-AzConnectedMachine")
    pipeline.BeginInvoke()
    wait_until((notes / "begun").exists)
    wait_until(lambda: bool(pipeline.Streams.Progress.Count))
    pipeline.Stop()
    records = list(pipeline.Streams.Progress)
    assert (records[0].Activity, records[0].StatusDescription, records[0].PercentComplete) == (
        "Upgrade agent",
        "watching",
        50,
    )


def test_a_call_within_a_call_is_refused(
    unwell: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    unwell("never_done")
    shell: Shell = request.getfixturevalue("shell")
    outcome = shell.within(
        "$null = $script:Turn.Wait(0);"
        "try { Get-AzConnectedMachine } finally { $null = $script:Turn.Release() }"
    )
    assert outcome.problem.id == "BackendBusy,Get-AzConnectedMachine"
    assert outcome.problem.category == "ResourceBusy"


def test_the_preferences_of_the_calling_script_count(run: Run, tmp_path: Path) -> None:
    """A module does not see the variables of a script by itself."""
    script = tmp_path / "nightly.ps1"
    script.write_text(
        "$ErrorActionPreference = 'Stop'\n"
        "try { Get-AzConnectedMachine -ResourceGroupName rg -Name none; 'went on' } catch { 'stopped' }\n"
        "$WhatIfPreference = $true\n"
        "Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated\n"
        "$WhatIfPreference = $false\n"
        "@(Get-AzConnectedMachine).Count\n"
    )
    ended = run(f"& '{script}'")
    assert ended.lines[0] == "stopped"
    assert ended.lines[-1] == "0"


@pytest.mark.parametrize("action", ["SilentlyContinue", "Ignore", "Stop", "Continue"])
def test_an_error_action_changes_no_outcome(shell: Shell, action: str) -> None:
    outcome = shell.run(
        f'$found = Get-AzConnectedMachine -ResourceGroupName rg -Name none -ErrorAction {action}; "[$found]"'
    )
    if action == "Stop":
        assert outcome.problem.id.startswith("ResourceNotFound,")
    else:
        assert outcome.output == ["[]"]
        assert len(outcome.problems) == (action == "Continue")
