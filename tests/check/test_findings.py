"""The judge by itself: what makes a warning, what a report hides, what it always names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectedmachine.agent.hands import StepResult
from connectedmachine.agent.rehearsal import Ran
from connectedmachine.handler.onlooker import secrets_in
from connectedmachine.model.handler import Command
from connectedmachine.model.operation import StepOutcome
from connectedmachine.model.version import Version
from connectedmachine.service.checks import lower
from connectedmachine.service.package_check import (
    DEMANDS,
    Result,
    completed,
    finding,
    of_command,
    without_secrets,
)


def ran(seconds: float = 1.0, *, talkative: bool = False, exit_code: int = 0) -> Ran:
    outcome = StepOutcome.DONE if exit_code == 0 else StepOutcome.FAILED
    return Ran(
        Command.INSTALL,
        Version.parse("1.0"),
        StepResult(outcome, "said", exit_code),
        seconds,
        900.0,
        talkative,
    )


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (ran(), Result.PASSED),
        (ran(450.1), Result.WARNING),
        (ran(talkative=True), Result.WARNING),
        (ran(exit_code=51), Result.FAILED),
        (None, Result.NOT_APPLICABLE),
    ],
)
def test_a_command_is_judged_by_exit_code_time_and_output(command: Ran | None, result: Result) -> None:
    assert of_command("install", command).result is result


def test_a_report_names_every_demand_once_and_in_order() -> None:
    found = [finding("update", Result.PASSED, ""), finding("package", Result.FAILED, "")]
    assert [one.name for one in completed(found)] == list(DEMANDS)


def test_the_guide_for_publishers_names_every_demand_with_its_section() -> None:
    guide = Path(__file__).resolve().parents[2] / "docs" / "publishers.md"
    rows = [line.split(" | ") for line in guide.read_text("utf-8").splitlines() if line.startswith("| `")]
    told = {name: row[-1].rstrip(" |") for row in rows for name in re.findall("`([^`]+)`", row[0])}
    demanded = {
        "program of ..." if name.startswith("program of") else name: section
        for name, (_, section) in DEMANDS.items()
    }
    assert told == demanded


def test_a_report_repeats_no_secret_in_either_spelling() -> None:
    secrets = secrets_in('{"a": ["gr\u00fc\u00dfe!", {"b": "short"}], "c": 5}')
    assert secrets == ("gr\u00fc\u00dfe!",)
    said = finding("install", Result.FAILED, "gr\u00fc\u00dfe! gr\\u00fc\\u00dfe! short")
    assert without_secrets(said, secrets).observed == "*** *** short"


@pytest.mark.parametrize(
    ("version", "below"),
    [("1.2.3.4", "1.2.3.3"), ("1.2", "1.1.9.0"), ("1.0", "0.9.0.0"), ("0.0.1", "0.0.0.9")],
)
def test_a_package_that_plays_its_predecessor_gets_a_lower_version(version: str, below: str) -> None:
    assert str(lower(Version.parse(version))) == below
    assert lower(Version.parse(version)) < Version.parse(version)
