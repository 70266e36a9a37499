"""Which hands play a machine."""

from __future__ import annotations

from connectedmachine.agent.hands import Hands
from connectedmachine.agent.host import refuse_other_host
from connectedmachine.agent.local_hands import LocalHands
from connectedmachine.agent.places import Places
from connectedmachine.agent.simulated_hands import SimulatedHands
from connectedmachine.model.clock import Clock
from connectedmachine.model.resource import Machine
from connectedmachine.store import Store


def hands_for(store: Store, machine: Machine, clock: Clock) -> Hands:
    """The hands of a machine.

    Raises:
        PermissionDeniedError: ``WrongHost``, see ``refuse_other_host``.
    """
    places = Places(store.home, machine.id)
    if machine.simulated:
        return SimulatedHands(store, places, clock, machine)
    refuse_other_host(machine)
    return LocalHands(store, places, clock)
