"""Plays a scenario once, and recovers from every disk that a loss of power on the way may leave.

The handler keeps its own word: its data is on the disk as soon as it is written, and as a service of the
system would be, what it enabled is started at boot if its folder is there. Nothing else that a handler
command writes was synced by anybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from faults.cuts.scenarios import SCENARIOS, Scenario
from faults.cuts.stage import Stage
from faults.cuts.tiny import SERVICE, TINY, serve
from faults.power.checks import problems
from faults.power.disk import Loss, Sync, Trace
from faults.power.found import Fingerprints, lay_out
from faults.power.losses import losses, losses_without
from faults.power.recording import Recording

_DATA = f"/library/{TINY.handler}-data"


@dataclass
class Row:
    """What came of one scenario: ``cuts`` is how many disks were looked at, ``distinct`` how many differ."""

    scenario: str
    calls: int
    cuts: int = 0
    distinct: int = 0
    broken: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0


class Replay:
    """One scenario: its trace, and what was found of each disk so far."""

    def __init__(self, root: Path, scenario: Scenario) -> None:
        self._stage = Stage(root, scenario)
        self._fingerprints = Fingerprints(root / "fingerprints")
        self._found: dict[bytes, list[str]] = {}
        self.trace = self._recorded()

    def _recorded(self) -> Trace:
        recording = Recording(self._stage.home, _keeps_its_word)
        fate, trace = self._stage.live(1, recording, recording.trace, sqlite_files=True)
        assert isinstance(trace, Trace), fate
        return trace

    @property
    def distinct(self) -> int:
        return len(self._found)

    def outcome(self, loss: Loss) -> list[str]:
        """What is not as promised after a recovery from that disk."""
        disk = self.trace.after(loss)
        key = self._fingerprints.of(disk, self.trace.nodes)
        if key not in self._found:
            self._stage.clear()
            self._stage.home.mkdir()
            lay_out(disk, self.trace.nodes, self._stage.home)
            self._boot()
            fate, _ = self._stage.live(2, boot=1)
            self._found[key] = [fate.trace] if fate.trace else problems(self._stage)
        return self._found[key]

    def _boot(self) -> None:
        """Start what the handler had enabled, as the system would."""
        library = self._stage.library
        for enabled in sorted((library / f"{TINY.handler}-data").glob("*.pid")):
            program = library / f"{TINY.handler}-{enabled.stem}" / "bin" / SERVICE
            if enabled.stat().st_size and program.exists() and program.stat().st_size:
                serve(library, enabled.stem)

    def without(self, syncs: Iterable[int]) -> str | None:
        """The first thing that breaks when these syncs are not asked for; ``None`` if nothing does."""
        for loss in losses_without(self.trace, frozenset(syncs)):
            found = self.outcome(loss)
            if found:
                return f"{_told(self.trace, loss)}: {found[0]}"
        return None

    def sites(self) -> dict[str, list[int]]:
        """The syncs by who asked for them."""
        found: dict[str, list[int]] = {}
        for index, event in enumerate(self.trace.events):
            if isinstance(event, Sync):
                found.setdefault(event.site, []).append(index)
        return found

    def close(self) -> None:
        self._stage.close()


def lost_writes(name: str, root: Path, *, seed: int = 1, stride: int = 1) -> Row:
    """Every disk of one scenario, or every ``stride``-th."""
    began = time.monotonic()
    replay = Replay(root, SCENARIOS[name])
    try:
        row = Row(name, len(replay.trace.cuts) - 1)
        for loss in list(losses(replay.trace, seed))[::stride]:
            found = replay.outcome(loss)
            row.cuts += 1
            if found:
                row.broken[_told(replay.trace, loss)] = found
        row.distinct = replay.distinct
    finally:
        replay.close()
    row.seconds = time.monotonic() - began
    return row


def _keeps_its_word(path: str) -> bool:
    """The handler for its data; a front end that commits a wish meanwhile, for the store."""
    return _DATA in f"/{path}" or path.startswith("store.db")


def _told(trace: Trace, loss: Loss) -> str:
    """A loss in words, for whoever has to find out why."""
    uncertain = trace.uncertain(loss.position)
    last = next((event for event in reversed(trace.events[: loss.position])), None)
    missing = [str(trace.events[index])[:120] for index in sorted(loss.missing)]
    return f"after {str(last)[:120]}, {len(uncertain)} uncertain, lost {missing}, torn {loss.torn}"
