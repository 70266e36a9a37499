"""Where time comes from. Every room that needs time is given a clock; only ``agent`` has a real one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic time for durations, and the boot that monotonic time belongs to."""

    def now(self) -> datetime:
        """The wall clock, in UTC. May jump; never used to measure how long something took."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary point of this boot; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` of monotonic time pass."""

    def boot_id(self) -> str:
        """Names this boot of the host; two equal ids mean comparable monotonic times."""


def to_text(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z`` and microseconds: sorts as text, as it does in time."""
    # isoformat costs a fifth of strftime, and the store writes times by the hundred thousand.
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def from_text(text: str) -> datetime:
    """Read an RFC 3339 time; one without an offset is UTC.

    Raises:
        ValueError: The text is no such time.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
