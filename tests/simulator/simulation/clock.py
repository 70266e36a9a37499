"""Virtual time: it passes where somebody sleeps, and when a schedule says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 5, 3, tzinfo=UTC)


class VirtualClock:
    """``on_sleep`` is called before each sleep: others act while the product sleeps."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return START + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        self.on_sleep()
        self._elapsed += seconds

    def boot_id(self) -> str:
        return "virtual"
