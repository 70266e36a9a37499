"""scripts/pass.ps1 as a scheduled job runs it: bare environment, exit codes, one line for each decision."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from packages import AGENT, PackageSpec, build, end_processes, override
from powershell.conftest import Run
from powershell.engine import ROOT, Ended, run_engine

SCRIPT = str(ROOT / "scripts" / "pass.ps1")
M = "-ResourceGroupName rg -MachineName web1"
INSTALL = (
    f"Set-AzConnectedMachineExtension {M} -Name agent -Publisher Contoso.Sample -ExtensionType Agent"
    " -Location local -EnableAutomaticUpgrade | Out-Null"
)
CONNECT = f"""
Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 | Out-Null
Set-AzConnectedMachineUpgradePolicy {M} -HealthWindow 00:00:01 -StableFor 00:00:00.2 | Out-Null
"""
Pass = Callable[..., Ended]


@pytest.fixture
def run_pass(home: Path, tmp_path: Path) -> Iterator[Pass]:
    """Run the script without a profile, a console or a home folder."""
    bare = {"AZCMLITE_HOME": str(home), "AZCMLITE_PYTHON": sys.executable, "PATH": "/usr/bin:/bin"}

    def run_pass(*arguments: str, **more: str) -> Ended:
        return run_engine(["-File", SCRIPT, *arguments], {**bare, **more}, cwd=tmp_path)

    yield run_pass
    end_processes(home)


def publish(folder: Path, version: str, **behaviour: object) -> str:
    spec: PackageSpec = replace(AGENT, version=version, **behaviour)  # type: ignore[arg-type]
    return (
        f"Publish-AzConnectedExtensionPackage -Path '{build(folder, spec)}' -Publisher Contoso.Sample"
        f" -ExtensionType Agent -Version '{version}' -OperatingSystem {AGENT.os.capitalize()}"
        " -SupportsAutomaticUpgrade | Out-Null\n"
    )


def test_0_when_all_is_settled_with_a_line_for_each_decision(
    run: Run, run_pass: Pass, tmp_path: Path
) -> None:
    assert run(CONNECT + publish(tmp_path, "1.0.0.0") + INSTALL).err == ""
    assert run(publish(tmp_path, "1.1.0.0")).err == ""
    ended = run_pass()
    assert (ended.code, ended.err) == (0, "")
    (line,) = ended.lines
    assert line.startswith("web1 agent Upgraded 1.0.0.0 -> 1.1.0.0")
    assert (
        run_pass("-ResourceGroupName", "rg", "-MachineName", "web1")
        .lines[0]
        .startswith("web1 agent UpToDate")
    )


def test_0_after_a_rollback(run: Run, run_pass: Pass, tmp_path: Path) -> None:
    run(
        CONNECT
        + publish(tmp_path, "1.0.0.0")
        + INSTALL
        + "\n"
        + publish(tmp_path, "1.1.0.0", fails=("enable",))
    )
    ended = run_pass()
    assert ended.code == 0
    assert ended.lines[0].startswith("web1 agent RolledBack 1.0.0.0 -> 1.1.0.0")


def test_4_while_a_rollback_is_pending(run: Run, run_pass: Pass, tmp_path: Path, home: Path) -> None:
    run(
        CONNECT
        + publish(tmp_path, "1.0.0.0")
        + INSTALL
        + "\n"
        + publish(tmp_path, "1.1.0.0", fails=("enable",))
    )
    (state,) = home.rglob("Contoso.Sample.Agent-data")
    override(state, "1.0.0.0", fails=["enable"])
    ended = run_pass()
    assert ended.code == 4
    assert "RollbackPending" in ended.lines[0]


@pytest.mark.parametrize(
    "arguments",
    [("-MachineName", "web1"), ("web1",), ("-Machine", "web1", "-Wait"), ("-ResourceGroupName", "rg", "x")],
)
def test_2_for_arguments_that_are_none(run_pass: Pass, arguments: tuple[str, ...]) -> None:
    ended = run_pass(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("pass.ps1: ")


def test_2_for_a_name_that_can_be_none(run: Run, run_pass: Pass) -> None:
    run("Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 | Out-Null")
    ended = run_pass("-ResourceGroupName", "rg", "-MachineName", "web1", "-Colour", "red")
    assert ended.code == 2
    assert "'-Colour'" in ended.err


def test_3_for_a_machine_that_is_not_there(run_pass: Pass) -> None:
    ended = run_pass("-ResourceGroupName", "rg", "-MachineName", "nope")
    assert (ended.code, ended.out) == (3, "")
    assert "nope" in ended.err


def test_3_where_this_host_is_no_machine(run: Run, run_pass: Pass) -> None:
    run("Connect-AzConnectedMachine -ResourceGroupName rg -Name simulated -Simulated | Out-Null")
    assert run_pass().code == 3
    assert run_pass("-ResourceGroupName", "rg", "-MachineName", "simulated").code == 0


def test_1_when_the_backend_is_not_there(run_pass: Pass) -> None:
    ended = run_pass(AZCMLITE_PYTHON="/no/such/python")
    assert (ended.code, ended.out) == (1, "")
    assert "AZCMLITE_PYTHON" in ended.err
