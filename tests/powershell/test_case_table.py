"""The table of cases names tests that exist, and leaves no case of the surface out."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from powershell.engine import ROOT

PAGE = ROOT / "docs" / "powershell-cases.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
# 8 is no case: the table that the numbers come from leaves it out.
NUMBERS = {*range(1, 8), *range(9, 18)}
THREADS = {
    *("23137", "23865", "23864", "23863", "27867", "24637", "19400"),  # Azure/azure-powershell
    *("108809", "81413", "67656"),  # MicrosoftDocs/azure-docs
}


def rows() -> dict[str, str]:
    """The tables: first cell to the rest of the row."""
    found: dict[str, str] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not re.match(r"\| (case|pipeline|thread|trap) ", line):
            case, rest = re.split(r"(?<!\\) \| ", line.removeprefix("| "), maxsplit=1)
            assert case not in found
            found[case] = rest
    return found


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_numbered_case_and_every_thread_has_a_row() -> None:
    assert {int(case.split()[0]) for case in rows() if case[0].isdigit()} == NUMBERS
    assert {case.partition("#")[2] for case in rows() if "#" in case} == THREADS


@pytest.mark.parametrize("case", rows())
def test_a_row_names_tests_that_exist(case: str) -> None:
    named = _TEST.findall(rows()[case])
    assert named
    for path, name in named:
        assert name in names_in(path), f"{path} has no {name}"
