"""When something comes due on a machine by itself."""

from __future__ import annotations

from datetime import datetime

from connectedmachine.agent.openings import Openings
from connectedmachine.model.decision import Reason
from connectedmachine.model.resource import Machine
from connectedmachine.store import Store


def next_look(store: Store, machine: Machine, now: datetime) -> datetime | None:
    """The first moment at which a pass may do what the latest one could not; not after ``now`` when it may
    at once, ``None`` when only something new gives it work.

    Windows are asked as they are now, since they may have changed after the decision.
    """
    openings = Openings(store, machine.id)
    if openings.opened(now):
        return now
    names = {extension.name.lower() for extension in store.extensions.of_machine(machine.id)}
    looks = [
        decision.next_look
        for name, decision in store.passes.latest(machine.id).items()
        if name in names and decision.reason is not Reason.OUTSIDE_WINDOW
    ]
    return min((look for look in (*looks, openings.next(now)) if look is not None), default=None)
