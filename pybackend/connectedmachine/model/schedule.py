"""The task by which the system's own scheduler runs upgrade passes (design page, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DAY = 24 * 60
HOUR = 60


class SchedulerKind(StrEnum):
    TASK_SCHEDULER = "TaskScheduler"
    LAUNCHD = "Launchd"
    SYSTEMD = "Systemd"
    CRON = "Cron"


@dataclass(frozen=True)
class Timing:
    """When passes start, in the local time of the host; all values are minutes.

    Attributes:
        every: From one start to the next; it divides an hour or a day, which is what every scheduler can say.
        at: The first start of a day, counted from midnight.
        jitter: Over how long starts are spread, so that a thousand hosts do not begin at once; less than
            ``every``.
    """

    every: int
    at: int
    jitter: int

    def __str__(self) -> str:
        often = (
            f"daily at {self.at // HOUR:02}:{self.at % HOUR:02}"
            if self.every == DAY
            else f"every {self.every // HOUR} h"
            if self.every % HOUR == 0
            else f"every {self.every} min"
        )
        return f"{often}, spread over {self.jitter} min" if self.jitter else often


def is_even(minutes: int) -> bool:
    """Say whether starts so far apart are at the same minutes of every hour, or times of every day."""
    return 0 < minutes <= DAY and (HOUR % minutes == 0 or (minutes % HOUR == 0 and DAY % minutes == 0))


@dataclass(frozen=True)
class Task:
    """What a scheduler is to run; every word of ``command`` is absolute, and none of it is looked up.

    Attributes:
        name: Of letters, digits and hyphens; derived from the state root, of which there is one task.
        offset: Minutes in ``0..timing.jitter``, always the same for one host and state root; for schedulers
            that cannot spread starts themselves.
        privileged: It runs as the system's administrator, else as the user who registers it.
    """

    name: str
    description: str
    command: tuple[str, ...]
    timing: Timing
    offset: int
    privileged: bool


@dataclass(frozen=True)
class Registered:
    """A task as its scheduler has it. What it cannot tell is ``None``."""

    name: str
    scheduler: SchedulerKind
    description: str
    command: tuple[str, ...]
    next_run: datetime | None = None
    last_run: datetime | None = None
    last_result: int | None = None
