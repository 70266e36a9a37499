"""Maintenance windows of a machine and of its extensions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectedmachine.agent.windows import waits
from connectedmachine.model.clock import to_text
from connectedmachine.model.decision import Reason
from connectedmachine.model.resource import Machine
from connectedmachine.model.window import (
    WEEKDAYS,
    MaintenanceWindow,
    checked_durations,
    checked_name,
    checked_zone,
    parsed_blackouts,
    parsed_days,
    parsed_start,
    parsed_weeks,
)
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json
from connectedmachine.store.policies import MACHINE_LEVEL
from connectedmachine.upgrade.calendar import closes_at, next_opening


class WindowService(ServiceBase):
    def window_add(
        self,
        *,
        resource_group: str,
        machine: str,
        window_name: str,
        time_zone: str,
        start: str,
        duration: float,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        name: str | None = None,
        days: Sequence[str] = (),
        weeks: Sequence[str] = (),
        blackouts: Sequence[str] = (),
        spread: float = 0,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Let versions of what is installed change in this window, and in others of its level, only.

        Again with the same name, it changes the window. What began already is brought to its end.

        Args:
            name: The extension whose windows take the place of the machine's; by default it is the machine's.
            time_zone: A name of IANA's database.
            start: Local time, ``22:00``.
            duration: Seconds, from a minute to seven days.
            days: Names of days on which it opens; by default every day.
            weeks: ``First`` to ``Fourth`` and ``Last``: on which of those days of a month; by default on all.
            blackouts: Local dates, and ranges of them with a slash between.
            spread: Seconds within which each machine has its own beginning, at most half the duration.

        Raises:
            InvalidRequestError: ``InvalidWindow``, ``InvalidName``; nothing was changed.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        length, part = checked_durations(duration, spread)
        window = MaintenanceWindow(
            extension=MACHINE_LEVEL if name is None else self.extension(found, name).name,
            name=checked_name(window_name),
            time_zone=checked_zone(time_zone),
            days=parsed_days(days),
            weeks=parsed_weeks(weeks),
            start=parsed_start(start),
            duration=length,
            blackouts=parsed_blackouts(blackouts),
            spread=part,
        )
        self.store.windows.add(found.id, window)
        self._start_if_something_waits(found)
        return _view(found, window, self.clock.now())

    def window_list(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """The windows of a machine and its extensions, or those of one extension's own."""
        found = self.machine(subscription_id, resource_group, machine)
        windows = self.store.windows.of_machine(found.id)
        if name is not None:
            level = self.extension(found, name).name.lower()
            windows = [window for window in windows if window.extension.lower() == level]
        return {"value": [_view(found, window, self.clock.now()) for window in windows]}

    def window_remove(
        self,
        *,
        resource_group: str,
        machine: str,
        window_name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        name: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Remove a window of the machine, or of one extension; without any, versions change at any time."""
        found = self.machine_to_change(subscription_id, resource_group, machine)
        level = MACHINE_LEVEL if name is None else self.extension(found, name).name
        removed = self.store.windows.remove(found.id, level, window_name)
        self._start_if_something_waits(found)
        return {"removed": removed}

    def _start_if_something_waits(self, machine: Machine) -> None:
        """What waits may move now, or at another time; nothing starts that did not wait."""
        asked = any(waits(extension) for extension in self.store.extensions.of_machine(machine.id))
        if asked or self.store.passes.last_for_reason(machine.id, Reason.OUTSIDE_WINDOW):
            self.start_runner(machine)


def _view(machine: Machine, window: MaintenanceWindow, now: datetime) -> Json:
    closes = closes_at([window], now, machine.id)
    return {
        "windowName": window.name,
        "machine": machine.name,
        "name": window.extension or None,
        "timeZone": window.time_zone,
        "days": [WEEKDAYS[day] for day in window.days],
        "weeks": list(window.weeks),
        "start": window.start.isoformat(),
        "durationSeconds": window.duration.total_seconds(),
        "spreadSeconds": window.spread.total_seconds(),
        "blackouts": [str(blackout) for blackout in window.blackouts],
        "isOpen": closes is not None,
        "closes": _time(closes),
        "nextOpening": _time(next_opening([window], now, machine.id)),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)
