"""Cut a scenario off at every point, once or twice, and count what did not come out as promised.

A recovery is a function of the state it starts from. So each state is recovered from once, wherever it was
reached. That a kill leaves the state that was noted at its point is checked at every kill that is made.

The first cut is always a kill. The second one is, too, where a command runs at that moment; else a copy of
what is there at the point stands for most, since to come to it again takes two lives. Of what has the same
future, one is recovered from. A sixteenth of all states is reached by two kills and recovered from all the
same, so neither the copies nor the equal futures are taken on trust.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .life import Mutation, unchanged
from .observers import AFTER, Keep, Killer, Noter, Point
from .scenarios import Scenario
from .stage import Copy, Stage
from .state import Look


@dataclass
class Row:
    """What came of one scenario.

    Attributes:
        calls: Durable calls of the life that is cut off.
        cuts: Points at which it was cut off (pairs of points: that life and its successor's).
        states: From how many different states there was a recovery.
        broken: Cuts after which something was not as promised; of pairs, such states.
        messages: What that was.
    """

    scenario: str
    calls: int = 0
    cuts: int = 0
    states: int = 0
    broken: int = 0
    seconds: float = 0.0
    messages: list[str] = field(default_factory=list)

    def complain(self, message: str) -> None:
        self.broken += 1
        self.messages.append(message)

    def add(self, other: Row) -> None:
        """Take in another part of the same scenario, which has the same calls."""
        self.cuts += other.cuts
        self.states += other.states
        self.broken += other.broken
        self.seconds += other.seconds
        self.messages += other.messages


@dataclass(frozen=True)
class Chosen:
    """Which points of a life it is cut off at.

    Attributes:
        stride: Every so many-th one.
        kinds: At calls of these kinds only.
    """

    stride: int = 1
    kinds: Container[str] | None = None

    def takes(self, place: int, point: Point) -> bool:
        """Say whether it is one of them; ``place`` is its own among all of a life."""
        kind = point.call.partition(" ")[0]
        return place % self.stride == 0 and (self.kinds is None or kind in self.kinds)

    def of(self, points: Iterable[Point]) -> list[Point]:
        return [point for place, point in enumerate(points) if self.takes(place, point)]


class _Claims:
    """States that somebody looks at; in a folder, for parts of the same work and the lives that note them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def take(self, name: str) -> bool:
        """Say whether nobody else has it."""
        try:
            (self._folder / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


class _Cutter:
    def __init__(self, stage: Stage, row: Row, chosen: Chosen, enough: int | None) -> None:
        self._stage = stage
        self._row = row
        self._chosen = chosen
        self._enough = enough

    def points(self) -> list[Point]:
        """Where to cut a life off, which must end well when it is not."""
        self._stage.put_back(self._stage.base)
        noter, _, wrong = self._noted(1)
        self._row.calls = noter.calls
        if wrong is not None:
            self._row.complain(f"not cut off at all: {wrong}")
        return self._chosen.of(noter.points)

    def once(self, points: Iterable[Point]) -> None:
        """Cut off at each of the points."""
        verdicts: dict[str, str | None] = {}
        for point in points:
            if self._is_enough():
                return
            if point.state not in verdicts:
                verdicts[point.state] = self._killed(1, self._stage.base, point) or self._recovered(2)
            wrong = verdicts[point.state]
            self._row.cuts += 1
            if wrong is not None:
                self._row.complain(f"{_said(point)}: {wrong}")

    def twice(self, points: Iterable[Point], claims: _Claims) -> None:
        """Cut off at each of the points, then at the chosen points of the recovery."""
        cuts: dict[str, int] = {}
        for first in points:
            if self._is_enough():
                return
            if first.state not in cuts:
                cuts[first.state] = self._cut_again(first, claims)
            self._row.cuts += cuts[first.state]

    def _is_enough(self) -> bool:
        return self._enough is not None and self._row.broken >= self._enough

    def _cut_again(self, first: Point, claims: _Claims) -> int:
        """Cut off the recovery from a point at the chosen of its points; returns at how many."""
        stage = self._stage
        wrong = self._killed(1, stage.base, first)
        if wrong is not None:
            self._row.complain(f"{_said(first)}: {wrong}")
            return 0
        # A command that runs at that moment cannot be copied: it has ended by the time of the first call.
        start = stage.copied() if first.where != AFTER else None
        noter, kept, wrong = self._noted(2, claims)
        if wrong is not None:
            self._row.complain(f"{_said(first)}: {wrong}")
        chosen = self._chosen.of(noter.points)
        found = [(second, None) for second in chosen if _by_kill(second)]
        for second, copy in [*found, *kept]:
            if copy is not None:
                stage.put_back(copy)
                wrong = self._recovered(3)
                stage.drop(copy)
            elif claims.take(second.state):
                wrong = self._killed_again(first, start, second) or self._recovered(3)
            else:
                continue
            if wrong is not None:
                self._row.complain(f"{_said(first)}, then {_said(second)}: {wrong}")
        if start is not None:
            stage.drop(start)
        return len(chosen)

    def _noted(
        self, life: int, claims: _Claims | None = None
    ) -> tuple[Noter, list[tuple[Point, Copy]], str | None]:
        """Let a life go its way from here: its points, what was kept of them, what is wrong in the end."""
        kept: list[tuple[Point, Copy]] = []
        noter = Noter(self._stage.home, self._keeper(kept, claims) if claims else None)
        fate, words = self._stage.live(life, noter, lambda: (noter.calls, noter.points, kept))
        if fate.trace:
            return noter, [], fate.trace
        noter.calls, noter.points, kept = words  # type: ignore[misc] # what the child said
        return noter, kept, _joined(self._stage.problems())

    def _keeper(self, kept: list[tuple[Point, Copy]], claims: _Claims) -> Keep:
        def keep(place: int, point: Point, look: Look) -> None:
            is_wanted = self._chosen.takes(place, point) and not _by_kill(point)
            if is_wanted and claims.take(point.future):
                # The files of the store, too: no other process has it open, whose locks this might end.
                kept.append((point, self._stage.copied(look)))

        return keep

    def _killed(self, life: int, copy: Copy, point: Point) -> str | None:
        """Leave the state of a point behind; says when it is not the one that was noted."""
        self._stage.put_back(copy)
        wrong = self._killed_now(life, point)
        if wrong is None and point.where != AFTER and self._stage.look().state != point.state:
            return "a kill leaves another state than was noted"
        return wrong

    def _killed_again(self, first: Point, start: Copy | None, second: Point) -> str | None:
        if start is not None:
            return self._killed(2, start, second)
        return self._killed(1, self._stage.base, first) or self._killed_now(2, second)

    def _killed_now(self, life: int, point: Point) -> str | None:
        fate, _ = self._stage.live(life, Killer(point.number, point.where))
        return None if fate.killed else f"the life was not the same again: {fate.trace}"

    def _recovered(self, life: int) -> str | None:
        """Let a successor go its way; what is wrong in the end."""
        self._row.states += 1
        fate, _ = self._stage.live(life)
        return fate.trace or _joined(self._stage.problems())


def _by_kill(point: Point) -> bool:
    """Say whether the second cut at a point is a kill for certain."""
    return point.where == AFTER or point.state.endswith("0")


def cut(
    root: Path,
    scenario: Scenario,
    chosen: Chosen,
    *,
    mutation: Mutation = unchanged,
    enough: int | None = None,
) -> Row:
    """Cut a scenario off at the chosen points; its root is made and taken away.

    Args:
        mutation: Changes the product; the scenario is prepared with the product as it is.
        enough: Stop when so many cuts are broken.
    """
    row = Row(scenario.name)
    with _cutter(root, scenario, row, chosen, mutation, enough) as cutter:
        cutter.once(cutter.points())
    return row


def cut_twice(
    root: Path,
    scenario: Scenario,
    chosen: Chosen,
    claims: Path,
    *,
    part: int = 0,
    parts: int = 1,
    mutation: Mutation = unchanged,
    enough: int | None = None,
) -> Row:
    """Cut a scenario off at the chosen points, and each recovery at the chosen of its own.

    Args:
        claims: A folder that the parts of this work share.
        part: Which of the ``parts``; all points that leave one state are in the same.
        mutation: As ``cut`` has it, and ``enough``.
    """
    row = Row(f"{scenario.name}, killed twice")
    with _cutter(root, scenario, row, chosen, mutation, enough) as cutter:
        points = [point for point in cutter.points() if int(point.state[:16], 16) % parts == part]
        cutter.twice(points, _Claims(claims))
    return row


@contextmanager
def _cutter(
    root: Path, scenario: Scenario, row: Row, chosen: Chosen, mutation: Mutation, enough: int | None
) -> Iterator[_Cutter]:
    began = time.monotonic()
    stage = Stage(root, scenario, mutation)
    try:
        yield _Cutter(stage, row, chosen, enough)
    finally:
        stage.close()
    row.seconds = time.monotonic() - began


def _said(point: Point) -> str:
    return f"{point.where} call {point.number} ({point.call})"


def _joined(found: list[str]) -> str | None:
    return "; ".join(found) or None
