"""What waits for a maintenance window on a machine, and what a runner does about it.

A pass that comes once a day would miss a window of an hour, so a runner that found it closed stays for it.
One that starts while it is open, since the host was down when it opened, takes up what was left.
"""

from __future__ import annotations

from datetime import datetime

from connectedmachine.agent.planner import sharing
from connectedmachine.agent.windows import keeping, waits
from connectedmachine.model.decision import Reason
from connectedmachine.model.policy import effective
from connectedmachine.model.resource import Extension
from connectedmachine.store import Store
from connectedmachine.upgrade.calendar import Closed, stays_for


class Openings:
    """What waits for a window on one machine."""

    def __init__(self, store: Store, machine_id: str) -> None:
        self._store = store
        self._machine_id = machine_id

    def opened(self, now: datetime) -> list[str]:
        """The extensions that the last pass left outside their windows, and that may move now."""
        return [e.name for e in self._passed_over() if self._keeping(e, now) is None]

    def worth_staying(self, now: datetime) -> bool:
        """Say whether a window opens before the next pass is expected, so that only a runner can use it."""
        return any(
            found is not None and stays_for(found.opens, now, self._interval(extension))
            for extension in self._waiting()
            if (found := self._keeping(extension, now)) is not None
        )

    def next(self, now: datetime) -> datetime | None:
        """When the first of the windows opens that something waits for."""
        found = [self._keeping(extension, now) for extension in self._waiting()]
        return min((f.opens for f in found if f is not None and f.opens is not None), default=None)

    def _waiting(self) -> list[Extension]:
        asked = [e for e in self._store.extensions.of_machine(self._machine_id) if waits(e)]
        return [*asked, *self._passed_over()]

    def _passed_over(self) -> list[Extension]:
        names = self._store.passes.last_for_reason(self._machine_id, Reason.OUTSIDE_WINDOW)
        found = [self._store.extensions.find(self._machine_id, name) for name in names]
        return [extension for extension in found if extension is not None]

    def _keeping(self, extension: Extension, now: datetime) -> Closed | None:
        return keeping(self._store, extension, sharing(self._store, extension), now)

    def _interval(self, extension: Extension) -> float:
        values = self._store.policies.values
        levels = values(self._machine_id), values(self._machine_id, extension.name)
        return effective(*levels)[0].pass_interval

    def next_of(self, name: str, now: datetime) -> datetime | None:
        """When an extension may move; ``None`` when it may now, or never."""
        extension = self._store.extensions.find(self._machine_id, name)
        found = None if extension is None else self._keeping(extension, now)
        return None if found is None else found.opens

    def is_told(self, extension: Extension, now: datetime) -> bool:
        """Say whether the version that was asked for waits, and the extension says so and until when."""
        if not waits(extension):
            return False
        found = self._keeping(extension, now)
        return found is not None and extension.status.message.endswith(found.message)
