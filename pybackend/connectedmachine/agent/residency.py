"""When a resident agent asks for the next pass of a machine. Pure.

Passes are an interval apart, whoever asked for the last one, and earlier where a decision says when it looks
again. The jitter that spreads a thousand hosts is always the same for one machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectedmachine.upgrade.jitter import share


@dataclass(frozen=True)
class Rhythm:
    """Seconds from one pass to the next, and over how many more they are spread."""

    interval: float
    jitter: float

    def pause(self, machine_id: str) -> timedelta:
        """The time between two passes of one machine."""
        return timedelta(seconds=self.interval + self.jitter * share(machine_id))


def next_pass(
    machine_id: str, last: datetime | None, look: datetime | None, rhythm: Rhythm, now: datetime
) -> datetime:
    """When the next pass of a machine is due; ``now`` when it was never looked at.

    Args:
        last: When a pass was last asked for.
        look: When something comes due on it by itself, see ``agent.next_look``.
    """
    # A clock that was set back makes no pass wait for the day it came from.
    if last is None or last > now:
        return now
    due = last + rhythm.pause(machine_id)
    # What the last pass looked at already is not a reason for another one.
    return due if look is None or look <= last else min(due, look)
