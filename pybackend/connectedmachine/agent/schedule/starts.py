"""At which times of a day a task starts, as lists of hours and minutes. Pure.

launchd and cron take such lists, and neither spreads starts: each start is moved by the task's offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectedmachine.model.schedule import DAY, HOUR, Task, Timing


@dataclass(frozen=True)
class Starts:
    """Every one of ``minutes`` in every one of ``hours``; ``None`` is every hour."""

    hours: tuple[int, ...] | None
    minutes: tuple[int, ...]


def starts(timing: Timing, offset: int = 0) -> Starts:
    """The starts of a day, each ``offset`` minutes later than it would be."""
    first = (timing.at + offset) % DAY
    if timing.every < HOUR:
        step = timing.every
        return Starts(None, tuple(sorted((first + n * step) % HOUR for n in range(HOUR // step))))
    step = timing.every // HOUR
    hours = sorted((first // HOUR + n * step) % 24 for n in range(24 // step))
    return Starts(tuple(hours), (first % HOUR,))


def of_task(task: Task) -> Starts:
    """The starts of a task under a scheduler that cannot spread them itself."""
    return starts(task.timing, task.offset)


def next_start(found: Starts, now: datetime) -> datetime:
    """The first start after ``now``, which is in the time zone that starts are told in."""
    hours: Sequence[int] = range(24) if found.hours is None else found.hours
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return next(
        start
        for day in (0, 1)
        for hour in hours
        for minute in found.minutes
        if (start := midnight + timedelta(days=day, hours=hour, minutes=minute)) > now
    )
