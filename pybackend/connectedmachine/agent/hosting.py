"""Which hands play a machine."""

from __future__ import annotations

from connectedmachine.agent.hands import Hands
from connectedmachine.agent.host import os_machine_id
from connectedmachine.agent.local_hands import LocalHands
from connectedmachine.agent.places import Places
from connectedmachine.agent.simulated_hands import SimulatedHands
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.model.resource import Machine
from connectedmachine.store import Store


def hands_for(store: Store, machine: Machine, clock: Clock) -> Hands:
    """The hands of a machine.

    Raises:
        PermissionDeniedError: ``WrongHost``, see ``refuse_other_host``.
    """
    places = Places(store.home, machine.id)
    if machine.simulated:
        return SimulatedHands(store, places, clock)
    refuse_other_host(machine)
    return LocalHands(store, places, clock)


def refuse_other_host(machine: Machine) -> None:
    """Refuse effects on a machine that is another host, as after a state folder was copied.

    Raises:
        PermissionDeniedError: ``WrongHost``.
    """
    if not machine.simulated and machine.os_machine_id != os_machine_id():
        raise PermissionDeniedError(
            "WrongHost",
            f"Machine '{machine.name}' is another host; nothing can be changed on it from here.",
            target=machine.name,
            hint="Connect this host with another AZCMLITE_HOME, or work on the host itself.",
        )
