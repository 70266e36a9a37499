"""When a resident agent asks for the next pass of a machine. Pure.

Passes are an interval apart, whoever asked for the last one, and earlier where a decision says when it looks
again. The jitter that spreads a thousand hosts is always the same for one machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectedmachine.model.decision import Decision
from connectedmachine.model.operation import Operation, Pause
from connectedmachine.upgrade.operation import next_step


@dataclass(frozen=True)
class Rhythm:
    """Seconds from one pass to the next, and over how many more they are spread."""

    interval: float
    jitter: float

    def pause(self, machine_id: str) -> timedelta:
        """The time between two passes of one machine."""
        share = int(hashlib.sha256(machine_id.encode()).hexdigest()[:8], 16) / 0x1_0000_0000
        return timedelta(seconds=self.interval + self.jitter * share)


def next_pass(
    machine_id: str, last: datetime | None, decisions: Iterable[Decision], rhythm: Rhythm, now: datetime
) -> datetime:
    """When the next pass of a machine is due; ``now`` when it was never looked at.

    Args:
        last: When a pass was last asked for.
        decisions: The latest about each of its extensions.
    """
    # A clock that was set back makes no pass wait for the day it came from.
    if last is None or last > now:
        return now
    looks = [d.next_look for d in decisions if d.next_look is not None and d.next_look > last]
    return min([last + rhythm.pause(machine_id), *looks])


def is_due(operation: Operation, now: datetime) -> bool:
    """Say whether an unfinished operation has something to do now, as after the host went down."""
    step = next_step(operation)
    return not isinstance(step, Pause) or step.is_due(now)
