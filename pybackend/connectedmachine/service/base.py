"""What every part of the service shares: the store, the clock, and finding what a request names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from connectedmachine.agent.places import Places
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import NotFoundError, RunnerError
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.store import Store

if TYPE_CHECKING:
    from connectedmachine.agent.hands import Hands
    from connectedmachine.agent.planner import Planner


class ServiceBase:
    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def subscription(self, given: str | None) -> str:
        """The subscription of a request: given, else the environment's, else the nil UUID."""
        return given or os.environ.get("AZCMLITE_SUBSCRIPTION") or NIL_SUBSCRIPTION

    def machine(self, subscription_id: str | None, resource_group: str, name: str) -> Machine:
        """The machine that a request names.

        Raises:
            NotFoundError: ``ResourceNotFound``.
        """
        found = self.store.machines.find(self.subscription(subscription_id), resource_group, name)
        if found is None:
            raise no_machine(resource_group, name)
        return found

    def extension(self, machine: Machine, name: str) -> Extension:
        """The extension that a request names.

        Raises:
            NotFoundError: ``HCRP404``.
        """
        found = self.store.extensions.find(machine.id, name)
        if found is None:
            raise NotFoundError(
                "HCRP404",
                f"There is no extension '{name}' on machine '{machine.name}'.",
                target=name,
                hint="Get-AzConnectedMachineExtension lists them; New-AzConnectedMachineExtension adds one.",
            )
        return found

    def machine_to_change(self, subscription_id: str | None, resource_group: str, name: str) -> Machine:
        """The machine of a request that leads to work on it.

        Raises:
            NotFoundError: ``ResourceNotFound``.
            PermissionDeniedError: ``WrongHost``; asked before a wish is stored that nobody here may fulfil.
        """
        from connectedmachine.agent.host import refuse_other_host

        found = self.machine(subscription_id, resource_group, name)
        refuse_other_host(found)
        return found

    def start_runner(self, machine: Machine) -> None:
        """Have the machine's due work done by a process of its own.

        Raises:
            RunnerError: ``RunnerFailed``.
        """
        from connectedmachine.agent.launch import launch
        from connectedmachine.agent.lock import EffectsLock

        try:
            # One that has the lock looks for wishes once more after it let go, so it sees this one.
            # To start a process only to learn that costs a tenth of a second.
            if EffectsLock(self.places(machine).lock).is_held():
                return
            launch(self.store.home, machine.id)
        except OSError as error:
            raise RunnerError(
                "RunnerFailed",
                f"The runner of machine '{machine.name}' could not be started: {error.strerror}.",
                target=machine.name,
                hint="The request is stored; run an upgrade pass once the cause is gone.",
            ) from error

    def planner(self, machine: Machine) -> Planner:
        """A planner of the machine with what the galleries offer now."""
        from connectedmachine.agent.images import offered
        from connectedmachine.agent.planner import Planner

        def hands() -> Hands:
            from connectedmachine.agent.hosting import hands_for

            return hands_for(self.store, machine, self.clock)

        return Planner(self.store, machine, offered(self.store), hands)

    def places(self, machine: Machine) -> Places:
        return Places(self.store.home, machine.id)


def no_machine(resource_group: str, name: str) -> NotFoundError:
    """The error for a machine that does not exist, or not any more."""
    return NotFoundError(
        "ResourceNotFound",
        f"There is no machine '{name}' in resource group '{resource_group}'.",
        target=name,
        hint="Get-AzConnectedMachine lists the machines; Connect-AzConnectedMachine adds this one.",
    )
