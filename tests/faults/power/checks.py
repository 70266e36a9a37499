"""The promises that hold also when the power went off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from cuts.checks import problems as kept
from cuts.life import LifeClock
from cuts.scenarios import BACK, FIRST, FORWARD, TinyWorld
from cuts.stage import Stage
from cuts.tiny import TINY

_ALSO: Mapping[str, Sequence[Sequence[str]]] = {"retry": [(*FIRST, *FORWARD, *BACK)]}
"""What else may have run: a failure that the power took is none, when the command is run again and works."""


def problems(stage: Stage) -> list[str]:
    """What is not as promised. A command that went down with the power may be run again, and nothing else."""
    expected = stage.scenario.expected
    ran = stage.library / f"{TINY.handler}-data" / "commands.log"
    log = ran.read_text().splitlines() if ran.exists() else []
    _take_away_what_goes_later(stage.home)
    ways = [expected.commands, *_ALSO.get(stage.scenario.name, ())]
    found = [*_commands(log, ways), *kept(stage.root, expected, commands=False)]
    return found or list(_what_comes_later_needs(stage))


def _what_comes_later_needs(stage: Stage) -> Iterator[str]:
    """The zip that a later undo starts from, and what the handler reads when the host starts again."""
    for package in stage.home.glob("packages/*.zip"):
        if hashlib.sha256(package.read_bytes()).hexdigest() != package.stem:
            yield f"{package.name} is damaged"
    world = TinyWorld(stage.root, LifeClock(0), connect=False)
    try:
        if world.is_gone(TINY):
            return
        extension = world.extension(TINY)
        assert extension.installed is not None
        folder = stage.library / f"{TINY.handler}-{extension.installed.version}"
        file = folder / "config" / f"{extension.installed.settings_seq}.settings"
        text = file.read_text() if file.exists() else ""
        if not text or f'"publicSettings":{extension.settings.public}' not in text:
            yield f"the settings are {text!r}"
    finally:
        world.store.close()


def _commands(log: list[str], ways: Sequence[Sequence[str]]) -> Iterator[str]:
    begun = [line.removeprefix("begin ") for line in log if line.startswith("begin ")]
    ended = [line for line in log if line.startswith("end ")]
    if not any(_is_way(_runs(begun), _runs(way)) for way in ways):
        yield f"the commands were {begun}, not {ways[0]}"
    if len(begun) - len(ended) > 1:
        yield f"more than the command that the power took did not end: {log}"


def _is_way(runs: list[tuple[str, int]], wanted: list[tuple[str, int]]) -> bool:
    if [name for name, _ in runs] != [name for name, _ in wanted]:
        return False
    return all(times >= least for (_, times), (_, least) in zip(runs, wanted, strict=True))


def _runs(commands: Sequence[str]) -> list[tuple[str, int]]:
    """Each command with how often it came in a row."""
    return [(name, len(list(same))) for name, same in groupby(commands)]


def _take_away_what_goes_later(home: Path) -> None:
    """A state file's half-made successor, which nobody reads, goes with the next one or with its version."""
    for left in home.glob("machines/*/library/*/config/.Handler*.tmp"):
        left.unlink()
