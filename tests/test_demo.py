"""The demonstration that the README names, through each front door, and what it leaves behind."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import demo
from _environment import powershell

PYTHON = Path(sys.executable)
REASONS = ["RolledBack", "Upgraded", "RetryNotDue", "UpToDate", "Upgraded"]


def _leftovers(shown: str) -> list[object]:
    """The state folder that the demonstration named, if it is still there, and processes started from it."""
    named = re.search(r"Everything is in (\S+) until the end", shown)
    assert named is not None
    folder = Path(named[1])
    processes = [process for process in psutil.process_iter(["cmdline"]) if _names(process, folder)]
    return [*([folder] if folder.exists() else []), *processes]


def _names(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in word for word in process.info["cmdline"] or [])


def _in_order(words: list[str], text: str) -> bool:
    return re.search(r"\b.*\b".join(words), text, re.DOTALL) is not None


def test_it_does_the_main_job_through_the_command_line_and_leaves_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert demo.run(PYTHON, None) == 0, capfd.readouterr()
    shown = capfd.readouterr().out
    assert "the command line: no PowerShell was found" in shown
    assert _in_order(REASONS, shown)
    assert "It was as told" in shown.splitlines()[-1]
    assert _leftovers(shown) == []


@pytest.mark.powershell
@pytest.mark.skipif(powershell() is None, reason="needs a PowerShell engine")
def test_it_does_the_main_job_through_powershell_and_leaves_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    engine = powershell()
    assert demo.run(PYTHON, engine) == 0, capfd.readouterr()
    shown = capfd.readouterr().out
    assert f"through {engine}" in shown
    assert "PS> Start-AzConnectedMachineUpgrade @machine" in shown
    assert _in_order(REASONS, shown)
    assert _leftovers(shown) == []


def test_what_is_not_as_told_is_exit_code_1_and_leaves_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A package that is well from the start: the first pass cannot roll anything back.
    packages = list(demo._PACKAGES)
    monkeypatch.setattr(demo, "_PACKAGES", [*packages[:2], replace(packages[0], version="1.1.0.0")])
    assert demo.run(PYTHON, None) == 1
    said = capfd.readouterr()
    assert "This is not what was told: the decisions are" in said.err
    assert _leftovers(said.out) == []
