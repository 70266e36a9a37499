"""The promises that hold also when the power went off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from faults.cuts.checks import problems as kept
from faults.cuts.scenarios import Expected
from faults.cuts.stage import Stage
from faults.cuts.tiny import TINY


def problems(stage: Stage) -> list[str]:
    """What is not as promised.

    A command that went down with the power is run again: of the commands only the order counts, and that none
    began while another ran.
    """
    expected = stage.scenario.expected
    ran = stage.library / f"{TINY.handler}-data" / "commands.log"
    log = ran.read_text().splitlines() if ran.exists() else []
    begun = [line.removeprefix("begin ") for line in log if line.startswith("begin ")]
    found = list(_order(begun, expected))
    return [*found, *kept(stage.root, expected, commands=False)]


def _order(begun: list[str], expected: Expected) -> Iterator[str]:
    once = tuple(command for command, _ in groupby(begun))
    if once != expected.commands:
        yield f"the commands were {begun}, not {expected.commands}"
