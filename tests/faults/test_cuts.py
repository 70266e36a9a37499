"""A part of ``scripts/faults.py``: cuts at some of all durable calls, and mutants that they must notice."""

from __future__ import annotations

from pathlib import Path

import pytest

if not Path("/proc/self/fd").exists():
    pytest.skip("the taps need /proc", allow_module_level=True)

from cuts.scenarios import SCENARIOS
from cuts.slices import faults


def test_a_runner_that_is_killed_anywhere_has_a_successor_that_gets_there(tmp_path: Path) -> None:
    rows = faults(tmp_path, "--mode", "kill", "--stride", "97")
    assert [row["scenario"] for row in rows] == [*SCENARIOS]
    assert all(row["cuts"] for row in rows)


def test_a_successor_that_is_killed_too_changes_nothing(tmp_path: Path) -> None:
    rows = faults(tmp_path, "--mode", "twice", "--stride", "67")
    assert {row["scenario"] for row in rows} >= {"upgrade, killed twice", "undo, killed twice"}


def test_a_commit_that_is_taken_out_of_the_journal_is_noticed(tmp_path: Path) -> None:
    mutants = (
        "a step's intent with its outcome",
        "an operation's head apart from its extensions",
        "a command given up when lost again",
    )
    rows = faults(tmp_path, "--mode", "mutants", *[word for name in mutants for word in ("--mutant", name)])
    assert len(rows) == len(mutants)


def test_a_disk_that_takes_nothing_more_leaves_one_version_and_the_next_pass_with_room_succeeds(
    tmp_path: Path,
) -> None:
    rows = faults(
        tmp_path, "--mode", "disk", "--stride", "67", "--scenario", "upgrade", "--scenario", "remove"
    )
    assert len(rows) == 10
    assert all(row["cuts"] for row in rows)
