"""The check as its users call it: the command with its exit codes and Ctrl+C, and the cmdlet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from check.shell_handler import POSIX, shell_package
from frontends.cli_harness import COMMAND, Cli, until
from packages import AGENT, NOOP, build, end_processes
from powershell.conftest import environment_for, open_shell

pytestmark = POSIX


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    (tmp_path / "scratch").mkdir()
    return Cli(tmp_path, {"TMPDIR": str(tmp_path / "scratch")})


def left_behind(cli: Cli) -> list[object]:
    scratch = cli.root / "scratch"
    return [*scratch.iterdir(), *end_processes(scratch)]


def test_a_package_that_keeps_the_contract_is_exit_code_0(cli: Cli) -> None:
    package = shell_package(cli.root / "zips")
    done = cli.run("gallery", "check", str(package), "--window", "0.4s", "-o", "table", "--yes")
    assert done.code == 0, done.err
    assert done.out.splitlines()[0].split() == ["Result", "Name", "Section", "Demand", "Observed"]
    assert "Failed" not in done.out
    assert left_behind(cli) == []
    # The machine-wide state of the caller knows nothing of it.
    assert cli.run("list").json() == []
    assert cli.run("gallery", "images").json() == []


def test_a_broken_demand_is_exit_code_1(cli: Cli) -> None:
    package = build(cli.root / "zips", replace(AGENT, fails=("install",)))
    done = cli.run("gallery", "check", str(package), "--yes")
    assert done.code == 1
    failed = [one for one in json.loads(done.out) if one["result"] == "Failed"]
    assert [one["name"] for one in failed] == ["install"]
    assert left_behind(cli) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("absent.zip", "--yes"), 3),
        (("zips/Contoso.Sample.Noop__1.0.0.0.zip", "--yes", "--settings", "{"), 2),
        (("zips/Contoso.Sample.Noop__1.0.0.0.zip", "--yes", "--window", "0"), 2),
        (("zips/Contoso.Sample.Noop__1.0.0.0.zip", "--yes", "--version", "one"), 2),
        (("--yes",), 2),
        (("zips/Contoso.Sample.Noop__1.0.0.0.zip",), 1),
    ],
)
def test_what_cannot_be_checked_has_the_usual_exit_codes(
    cli: Cli, arguments: tuple[str, ...], code: int
) -> None:
    """The last one: nobody is there to say whether a stranger's programs may run."""
    build(cli.root / "zips", NOOP)
    done = cli.run("gallery", "check", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("ERROR: (")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.Signals(1)])
def test_an_interrupted_check_leaves_no_process_and_no_folder(cli: Cli, number: signal.Signals) -> None:
    """By Ctrl+C, by a job that is cancelled, by a terminal that is closed."""
    package = build(cli.root / "zips", replace(AGENT, hangs=("install",)))
    with subprocess.Popen(
        [*COMMAND, "gallery", "check", str(package), "--yes"],
        env=cli.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: [*(cli.root / "scratch").rglob("hung.pids")])
        process.send_signal(number)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")
    assert left_behind(cli) == []


def test_what_a_killed_check_left_is_cleared_by_the_next(cli: Cli) -> None:
    package = build(cli.root / "zips", replace(AGENT, hangs=("install",)))
    with subprocess.Popen(
        [*COMMAND, "gallery", "check", str(package), "--yes"], env=cli.environment
    ) as process:
        until(lambda: [*(cli.root / "scratch").rglob("hung.pids")])
        process.kill()
    (lock,) = (cli.root / "scratch").glob("*/lock")
    other = build(cli.root / "zips", replace(NOOP, os="windows"))
    assert cli.run("gallery", "check", str(other), "--yes").code == 0
    assert lock.exists()  # it is young: its check might be just beginning
    os.utime(lock, (0, 0))
    assert cli.run("gallery", "check", str(other), "--yes").code == 0
    assert not lock.parent.exists()
    assert end_processes(cli.root / "scratch") == []


def test_the_cmdlet_writes_a_finding_for_each_demand(tmp_path: Path) -> None:
    package = shell_package(tmp_path / "zips", disable="exit 7")
    with open_shell(environment_for(tmp_path / "home")) as shell:
        outcome = shell.run(
            f"Test-AzConnectedExtensionPackage -Path '{package}' -Setting @{{ port = 0 }} -Confirm:$false"
            " -Window 00:00:00.4 | Where-Object Result -eq Failed | ForEach-Object {"
            " '{0}|{1}|{2}' -f $_.Name, $_.ContractSection, $_.Observed.Substring(0, 11) }"
        )
        asked = shell.run(f"Test-AzConnectedExtensionPackage -Path '{package}' -WhatIf")
    assert outcome.output[0] == "disable|2.1|Exit code 7"
    assert not outcome.problems
    assert [activity for activity, _, _ in outcome.progress if activity == f"Checking {package.name}"]
    assert (asked.output, asked.problems) == ([], [])
