"""Results, and the taking of turns that makes them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Result:
    """One line of the table. ``ratio`` is cost over floor, lower is better; ``goal`` is its upper bound."""

    measure: str
    ratio: float
    goal: float
    detail: str

    def to_json(self) -> dict[str, object]:
        """The form that ``--json`` writes."""
        return asdict(self)


@dataclass(frozen=True)
class Turns:
    """Seconds that cost and floor took, turn by turn."""

    costs: Sequence[float]
    floors: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the turns' ratios: one disturbed turn moves nothing."""
        return statistics.median(self._ratios)

    @property
    def detail(self) -> str:
        """Both medians in milliseconds, and between what the turns' ratios lie."""
        cost, floor = (statistics.median(side) * 1000 for side in (self.costs, self.floors))
        low, high = min(self._ratios), max(self._ratios)
        return f"{cost:.1f} ms over {floor:.1f} ms; {len(self.costs)} turns, {low:.2f} to {high:.2f}"

    @property
    def _ratios(self) -> list[float]:
        return [cost / floor for cost, floor in zip(self.costs, self.floors, strict=True)]


def take_turns(cost: Callable[[], float], floor: Callable[[], float], turns: int) -> Turns:
    """Call both ``turns`` times, each first in every other turn, after one call of each that does not count.

    ``cost`` and ``floor`` return the seconds they took; they know best where to start the clock.
    """
    cost(), floor()
    costs: list[float] = []
    floors: list[float] = []
    for turn in range(turns):
        for first in (True, False) if turn % 2 else (False, True):
            if first:
                costs.append(cost())
            else:
                floors.append(floor())
    return Turns(costs, floors)
