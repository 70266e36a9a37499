"""The table of handler contract cases names tests that exist, and leaves no case out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "docs" / "handler-contract-cases.md"
NUMBERED = range(1, 38)
BESIDE = [
    "power loss at every step of an upgrade",
    "empty HandlerState",
    "`[]` heartbeat",
    "old version's manifest missing",
    "truncated body with 200",
    "disk full at each write",
    "double-fork child surviving timeout",
    "same-level unrelated extension after a failed dependency",
    "leftover FailedUpgrade dir",
]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> dict[str, str]:
    """The table: first cell to the rest of the row."""
    found: dict[str, str] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith(("| case", "|--")):
            case, rest = line.removeprefix("| ").split(" | ", 1)
            found[case] = rest
    return found


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_case_of_the_contract_has_a_row() -> None:
    numbers = {int(case.split(" ")[0].rstrip("abcdefghijklmnop")) for case in rows() if case[0].isdigit()}
    assert numbers == set(NUMBERED)
    assert [case for case in rows() if not case[0].isdigit()] == BESIDE


@pytest.mark.parametrize("case", rows())
def test_a_row_names_tests_that_exist_or_says_why_there_are_none(case: str) -> None:
    named = _TEST.findall(rows()[case])
    assert named or "does not apply:" in rows()[case]
    for path, name in named:
        assert name in names_in(path), f"{path} has no {name}"
