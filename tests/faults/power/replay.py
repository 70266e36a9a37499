"""Plays a scenario once, and recovers from every disk that a loss of power on the way may leave.

The handler keeps its own word: its data is on the disk as soon as it is written, and as a service of the
system would be, what it enabled is started at boot if its folder is there. Nothing else that a handler
command writes was synced by anybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from cuts.cutting import Row
from cuts.scenarios import Scenario
from cuts.stage import Stage
from cuts.tiny import SERVICE, TINY, serve

from power.checks import problems
from power.disk import Loss, Sync, Trace
from power.found import Fingerprints, lay_out
from power.losses import losses, losses_without
from power.recording import Recording

_DATA = f"/library/{TINY.handler}-data"
_SHOWN = 120


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
        """How many different disks were recovered from."""
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
                return f"{said(self.trace, loss)}: {found[0]}"
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


def lose(
    root: Path, scenario: Scenario, *, seed: int = 1, stride: int = 1, part: int = 0, parts: int = 1
) -> Row:
    """Recover from every ``stride``-th disk of one of so many parts; the root is made and taken away.

    Parts are stretches of the cuts: what is equal lies near, and is recovered from once.
    """
    began = time.monotonic()
    replay = Replay(root, scenario)
    row = Row(f"{scenario.name}, lost writes", calls=len(replay.trace.cuts) - 1)
    try:
        chosen = list(losses(replay.trace, seed))[::stride]
        for loss in chosen[part * len(chosen) // parts : (part + 1) * len(chosen) // parts]:
            row.cuts += 1
            found = replay.outcome(loss)
            if found:
                row.complain(f"{said(replay.trace, loss)}: {'; '.join(found)}")
        row.states = replay.distinct
    finally:
        replay.close()
    row.seconds = time.monotonic() - began
    return row


def _keeps_its_word(path: str) -> bool:
    """The handler for its data; a front end that commits a wish meanwhile, for the store."""
    return _DATA in f"/{path}" or path.startswith("store.db")


def said(trace: Trace, loss: Loss) -> str:
    """A loss in words, for whoever has to find out why."""
    last = trace.events[loss.position - 1] if loss.position else "the beginning"
    missing = [str(trace.events[index])[:_SHOWN] for index in sorted(loss.missing)]
    return f"after {str(last)[:_SHOWN]}, lost {missing}, torn {loss.torn}"
