"""Who watches a life: one ends it at a point, one notes the state at every point that it could end at."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from durable import Call

from .state import Look, Looker

BEFORE, HALF, AFTER = "before", "half", "after"


@dataclass(frozen=True)
class Point:
    """A moment at which a life can end.

    Attributes:
        number: Of the durable call, from 1.
        where: ``before`` it; ``half`` way through a write; ``after`` a spawn, while what it started runs.
        call: Kind and file name of the call, for people.
        state: The name of the state that is left then; of ``after`` it says what runs, too.
        future: As ``Look`` has it, and the same of ``after``.
    """

    number: int
    where: str
    call: str
    state: str
    future: str


Keep = Callable[[int, Point, Look], None]
"""Called at each point that a life comes by, while its state is there; with its place in the list of them.

Not at ``after``: what runs then is not there yet.
"""


class Noter:
    """Notes every point of a life, and the state that a successor would find."""

    def __init__(self, home: Path, keep: Keep | None = None) -> None:
        self.points: list[Point] = []
        self.calls = 0
        self._keep = keep
        self._looker = Looker(home)

    def before(self, number: int, call: Call) -> None:
        said = f"{call.kind} {call.path.name}"
        self.calls = number
        look = self._note(number, BEFORE, said)
        if call.kind == "write" and len(call.data) > 1:
            self._note_half_way(number, said, call)
        if call.kind == "spawn":
            # How far it has come is for the system to say; the state tells which step it is.
            runs = " and its command"
            self.points.append(Point(number, AFTER, said, look.state + runs, look.future + runs))

    def after(self, number: int, call: Call) -> None:  # noqa: ARG002 - an observer's
        """The state before the next call is the one after this."""
        if call.kind == "spawn":
            self._looker.all_changed()
        else:
            self._looker.changed(
                call.path, *([call.to] if call.kind in ("rename", "link") and call.to else [])
            )

    def _note(self, number: int, where: str, said: str) -> Look:
        look = self._looker.look()
        point = Point(number, where, said, look.state, look.future)
        if self._keep is not None:
            self._keep(len(self.points), point, look)
        self.points.append(point)
        return look

    def _note_half_way(self, number: int, said: str, call: Call) -> None:
        before = call.path.read_bytes()
        call.path.write_bytes(_half(call))
        self._looker.changed(call.path)
        self._note(number, HALF, said)
        call.path.write_bytes(before)
        self._looker.changed(call.path)


class Killer:
    """SIGKILL for this process at a point."""

    def __init__(self, number: int, where: str) -> None:
        self._number = number
        self._where = where

    def before(self, number: int, call: Call) -> None:
        if number != self._number or self._where == AFTER:
            return
        if self._where == HALF:
            call.path.write_bytes(_half(call))
        os.kill(os.getpid(), signal.SIGKILL)

    def after(self, number: int, call: Call) -> None:  # noqa: ARG002 - an observer's
        if number == self._number:
            os.kill(os.getpid(), signal.SIGKILL)


def _half(call: Call) -> bytes:
    """What the file holds when only the first half of the write arrived."""
    before = call.path.read_bytes()
    return (
        before[: call.offset] + call.data[: len(call.data) // 2] + before[call.offset + len(call.data) // 2 :]
    )
