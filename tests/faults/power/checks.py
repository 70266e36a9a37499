"""The promises that hold also when the power went off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from faults.cuts.checks import problems as kept
from faults.cuts.scenarios import Expected
from faults.cuts.stage import Stage
from faults.cuts.tiny import TINY


def problems(stage: Stage) -> list[str]:
    """What is not as promised. A command that went down with the power may be run again, and nothing else."""
    expected = stage.scenario.expected
    ran = stage.library / f"{TINY.handler}-data" / "commands.log"
    log = ran.read_text().splitlines() if ran.exists() else []
    _take_away_what_goes_later(stage.home)
    return [*_commands(log, expected), *kept(stage.root, expected, commands=False)]


def _commands(log: list[str], expected: Expected) -> Iterator[str]:
    begun = [line.removeprefix("begin ") for line in log if line.startswith("begin ")]
    ended = [line for line in log if line.startswith("end ")]
    runs, wanted = _runs(begun), _runs(expected.commands)
    again = [name for name, _ in runs] != [name for name, _ in wanted]
    if again or any(times < least for (_, times), (_, least) in zip(runs, wanted, strict=True)):
        yield f"the commands were {begun}, not {expected.commands}"
    if len(begun) - len(ended) > 1:
        yield f"more than the command that the power took did not end: {log}"


def _runs(commands: Sequence[str]) -> list[tuple[str, int]]:
    """Each command with how often it came in a row."""
    return [(name, len(list(same))) for name, same in groupby(commands)]


def _take_away_what_goes_later(home: Path) -> None:
    """By design: a half-fetched package goes with a fetch a day later, for until then it may be somebody's;
    a state file's half-made successor, which nobody reads, with the next one."""
    for left in [*home.glob("packages/*.fetching-*"), *home.glob("machines/*/library/*/config/.Handler*.tmp")]:
        left.unlink()


def _order(begun: list[str], expected: Expected) -> Iterator[str]:
    once = tuple(command for command, _ in groupby(begun))
    if once != expected.commands:
        yield f"the commands were {begun}, not {expected.commands}"
