"""Which of the disks that a loss of power may leave are looked at.

Every cut with all of what is uncertain and with none of it, and with its last write half there or zeros.
Behind every sync, where a later change can be certain and an earlier one not: each single change missing, the
first times that it can be, and some mixtures by chance.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from power.disk import Loss, Sync, Torn, Trace, Write

_TIMES_ALONE = 3
_MIXTURES = 2
_NEXT, _FURTHER, _FREED = 12, 10, 5


def losses(trace: Trace, seed: int) -> Iterator[Loss]:
    """The same for the same seed, in the order of the cuts."""
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    alone: Counter[int] = Counter()
    for position in sorted(set(trace.cuts)):
        uncertain = trace.uncertain(position)
        yield Loss(position)
        if not uncertain:
            continue
        yield Loss(position, frozenset(uncertain))
        last = uncertain[-1]
        if isinstance(trace.events[last], Write):
            yield from (Loss(position, torn=(last, torn)) for torn in Torn)
        if not isinstance(trace.events[position - 1], Sync):
            continue
        for index in uncertain:
            if alone[index] < _TIMES_ALONE:
                alone[index] += 1
                yield Loss(position, frozenset([index]))
        for _ in range(_MIXTURES):
            yield Loss(position, frozenset(index for index in uncertain if chance.random() < 0.5))


def losses_without(trace: Trace, syncs: frozenset[int]) -> Iterator[Loss]:
    """What becomes possible when these syncs are not asked for, the likeliest to matter first."""
    weaker = trace.without(syncs)
    positions = [position for position in sorted(set(trace.cuts)) if position > min(syncs)]
    for position in positions[:_NEXT] + positions[_NEXT::_FURTHER]:
        before = set(trace.uncertain(position))
        uncertain = weaker.uncertain(position)
        freed = [index for index in uncertain if index not in before]
        if not freed:
            continue
        yield Loss(position, frozenset(freed))
        yield Loss(position, frozenset(uncertain))
        yield from (Loss(position, frozenset([index])) for index in freed[:_FREED] if len(freed) > 1)
        yield from (
            Loss(position, torn=(index, Torn.ZEROS))
            for index in freed[:_FREED]
            if isinstance(trace.events[index], Write)
        )
