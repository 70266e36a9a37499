"""Who watches a life: one ends it at a point, one notes the state at every point that it could end at."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from durable import Call

from .state import Looker, digest

BEFORE, HALF, AFTER = "before", "half", "after"


@dataclass(frozen=True)
class Point:
    """A moment at which a life can end.

    Attributes:
        number: Of the durable call, from 1.
        where: ``before`` it; ``half`` way through a write; ``after`` a spawn, while what it started runs.
        call: Kind and file name of the call, for people.
        state: The name of the state that is left then; of ``after`` it says what runs, too.
    """

    number: int
    where: str
    call: str
    state: str


class Noter:
    """Notes every point of a life, and the state that a successor would find."""

    def __init__(self, home: Path) -> None:
        self.points: list[Point] = []
        self.calls = 0
        self._looker = Looker(home)

    def before(self, number: int, call: Call) -> None:
        said = f"{call.kind} {call.path.name}"
        state = digest(self._looker.look())
        self.calls = number
        self.points.append(Point(number, BEFORE, said, state))
        if call.kind == "write" and len(call.data) > 1:
            self.points.append(Point(number, HALF, said, self._half_way(call)))
        if call.kind == "spawn":
            # How far it has come is for the system to say; what started it and what it finds is the same.
            self.points.append(Point(number, AFTER, said, f"{state} and {digest([call.detail[-200:]])}"))

    def after(self, number: int, call: Call) -> None:  # noqa: ARG002 - an observer's
        """The state before the next call is the one after this."""
        if call.kind == "spawn":
            self._looker.all_changed()
        else:
            self._looker.changed(
                call.path, *([call.to] if call.kind in ("rename", "link") and call.to else [])
            )

    def _half_way(self, call: Call) -> str:
        before = call.path.read_bytes()
        call.path.write_bytes(_half(call))
        self._looker.changed(call.path)
        state = digest(self._looker.look())
        call.path.write_bytes(before)
        self._looker.changed(call.path)
        return state


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
