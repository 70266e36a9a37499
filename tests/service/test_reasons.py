"""``docs/reasons.md`` explains each reason that a decision can have, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from connectedmachine.model.decision import Reason
from connectedmachine.service.rules import WHAT_TO_DO

ROOT = Path(__file__).parents[2]


def rows() -> list[list[str]]:
    """The cells of the table, without its head."""
    lines = (ROOT / "docs" / "reasons.md").read_text("utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return table[2:]


def test_the_table_has_every_reason_in_its_order() -> None:
    assert [row[0] for row in rows()] == [f"`{reason}`" for reason in Reason]


def test_every_reason_has_a_meaning_a_giver_and_something_to_do() -> None:
    for reason, meaning, given_by, _, what_to_do in rows():
        assert meaning.endswith("."), reason
        assert what_to_do.endswith("."), reason
        assert set(re.split(", ", given_by)) <= {"plan", "runner"}, reason


def test_who_is_said_to_give_a_reason_does() -> None:
    backend = ROOT / "pybackend" / "connectedmachine"
    agent = backend / "agent"
    givers = {
        "plan": [backend / "upgrade" / "plan.py"],
        "runner": [agent / "runner.py", agent / "outcome.py"],
    }
    found = {
        name: {word for path in paths for word in re.findall(r"Reason\.([A-Z_]+)", path.read_text("utf-8"))}
        for name, paths in givers.items()
    }

    for reason, row in zip(Reason, rows(), strict=True):
        said = {name for name in found if reason.name in found[name]}
        assert row[2] == ", ".join(name for name in givers if name in said), reason


def test_what_can_be_done_is_what_upgrade_why_says() -> None:
    said = {row[0].strip("`"): row[4].replace("`", "") for row in rows()}
    assert said == {reason.value: text for reason, text in WHAT_TO_DO.items()}


def test_a_reason_that_keeps_an_extension_where_it_is_has_a_rule_in_the_table_and_in_the_code() -> None:
    code = (ROOT / "pybackend" / "connectedmachine" / "service" / "rules.py").read_text("utf-8")
    has_rule = set(re.findall(r"Reason\.([A-Z_]+)", code[code.index("    def rule(") :]))
    after_the_fact = {Reason.ROLLED_BACK, Reason.FAILED, Reason.DISK_FULL}
    for reason, row in zip(Reason, rows(), strict=True):
        assert (row[3] != "none") == (reason.name in has_rule or reason in after_the_fact), reason
