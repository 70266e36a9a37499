"""Cut a scenario off at every point, once or twice, and count what did not come out as promised.

A recovery is a function of the state it starts from. So each state is recovered from once, wherever it was
reached: a cut that leaves a state that is known to end well is made, and needs no further look. That a kill
leaves the state that was noted at its point is checked at every kill that is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .life import Mutation, unchanged
from .observers import AFTER, Killer, Noter, Point
from .scenarios import Scenario
from .stage import Copy, Stage
from .state import digest


@dataclass
class Row:
    """What came of one scenario.

    Attributes:
        calls: Durable calls of the life that is cut off.
        cuts: Points at which it was cut off (pairs of points: that life and its successor's).
        states: How many different states those left.
        broken: Cuts after which something was not as promised.
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


class _Cutter:
    def __init__(self, stage: Stage, row: Row, claims: Path | None) -> None:
        self._stage = stage
        self._row = row
        self._claims = claims
        self._verdicts: dict[str, str | None] = {}
        """What is wrong after a recovery from each state; ``None`` when all is well."""

    def noted(self, life: int, copy: Copy) -> tuple[Noter, str | None]:
        """Let a life go its way from a state; its points, and what is wrong in the end."""
        self._stage.put_back(copy)
        return self._noted_now(life)

    def _noted_now(self, life: int) -> tuple[Noter, str | None]:
        noter = Noter(self._stage.home)
        fate, words = self._stage.live(life, noter, lambda: (noter.calls, noter.points))
        if fate.trace:
            return noter, fate.trace
        noter.calls, noter.points = words  # type: ignore[misc] # what the child said
        return noter, _joined(self._stage.problems())

    def kill(self, life: int, copy: Copy, point: Point) -> str | None:
        """Leave the state of a point behind; says when it is not the one that was noted."""
        self._stage.put_back(copy)
        fate, _ = self._stage.live(life, Killer(point.number, point.where))
        if not fate.killed:
            return f"the life was not the same again: {fate.trace}"
        if point.where != AFTER and digest(self._stage.look()) != point.state:
            return "a kill leaves another state than was noted"
        return None

    def verdict(self, life: int, point: Point, reach: Callable[[], str | None]) -> str | None:
        """What is wrong after a recovery from the state of a point, which ``reach`` leaves behind."""
        if point.state not in self._verdicts and not self._is_claimed(point.state):
            self._row.states += 1
            wrong = reach()
            if wrong is None:
                fate, _ = self._stage.live(life)
                wrong = fate.trace or _joined(self._stage.problems())
            self._verdicts[point.state] = wrong
        return self._verdicts.get(point.state)

    def _is_claimed(self, state: str) -> bool:
        """Say whether another part of the same work looks at a state, and complains where it is broken."""
        if self._claims is None:
            return False
        try:
            (self._claims / state).touch(exist_ok=False)
        except FileExistsError:
            return True
        return False

    def once(self, points: Iterable[Point], enough: int | None) -> None:
        """Cut off at each of the points, until ``enough`` are broken."""
        base = self._stage.base
        for point in points:
            if enough is not None and self._row.broken >= enough:
                return
            wrong = self.verdict(2, point, lambda point=point: self.kill(1, base, point))  # type: ignore[misc]
            self._row.cuts += 1
            if wrong is not None:
                self._row.complain(f"{_said(point)}: {wrong}")

    def twice(self, points: Iterable[Point], stride: int) -> None:
        """Cut off at each of the points, then at every ``stride``-th point of the recovery."""
        recoveries: dict[str, tuple[list[tuple[Point, str | None]], str | None]] = {}
        for first in points:
            if first.state not in recoveries:
                recoveries[first.state] = self._recovery(first, stride)
            seconds, wrong = recoveries[first.state]
            if wrong is not None:
                self._row.complain(f"{_said(first)}: {wrong}")
            for second, after in seconds:
                self._row.cuts += 1
                if after is not None:
                    self._row.complain(f"{_said(first)}, then {_said(second)}: {after}")

    def _recovery(self, first: Point, stride: int) -> tuple[list[tuple[Point, str | None]], str | None]:
        wrong = self.kill(1, self._stage.base, first)
        if wrong is not None:
            return [], wrong
        # A command that runs at that moment cannot be copied: it has ended by the time of the first call.
        start = self._stage.copied() if first.where != AFTER else None
        noter, wrong = self._noted_now(2) if start is None else self.noted(2, start)
        found = [
            (second, self.verdict(3, second, lambda s=second: self._kill_again(first, start, s)))  # type: ignore[misc]
            for second in noter.points[::stride]
        ]
        if start is not None:
            self._stage.drop(start)
        return found, wrong

    def _kill_again(self, first: Point, start: Copy | None, second: Point) -> str | None:
        if start is not None:
            return self.kill(2, start, second)
        return self.kill(1, self._stage.base, first) or self._killed_now(2, second)

    def _killed_now(self, life: int, point: Point) -> str | None:
        fate, _ = self._stage.live(life, Killer(point.number, point.where))
        return None if fate.killed else f"the life was not the same again: {fate.trace}"


def cut(
    root: Path,
    scenario: Scenario,
    *,
    depth: int = 1,
    stride: int = 1,
    first: int = 0,
    second: int = 1,
    mutation: Mutation = unchanged,
    kinds: Container[str] | None = None,
    enough: int | None = None,
    claims: Path | None = None,
) -> Row:
    """Cut a scenario off at every ``stride``-th point from the ``first`` on; its root is made and taken away.

    Args:
        depth: 1, or 2 for every pair of such a point and every ``second``-th one of the recovery.
        mutation: Changes the product; the scenario is prepared with the product as it is.
        kinds: Cut off at calls of these kinds only.
        enough: Stop when so many cuts are broken.
        claims: A folder in which parts of the same work say which states they look at.
    """
    began = time.monotonic()
    row = Row(scenario.name if depth == 1 else f"{scenario.name}, killed twice")
    stage = Stage(root, scenario, mutation)
    try:
        cutter = _Cutter(stage, row, claims)
        noter, wrong = cutter.noted(1, stage.base)
        row.calls = noter.calls
        if wrong is not None:
            row.complain(f"not cut off at all: {wrong}")
        points = [p for p in noter.points if kinds is None or p.call.partition(" ")[0] in kinds][
            first::stride
        ]
        if depth == 1:
            cutter.once(points, enough)
        else:
            cutter.twice(points, second)
    finally:
        stage.close()
    row.seconds = time.monotonic() - began
    return row


def _said(point: Point) -> str:
    return f"{point.where} call {point.number} ({point.call})"


def _joined(found: list[str]) -> str | None:
    return "; ".join(found) or None
