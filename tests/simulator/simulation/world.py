"""One machine in memory: the product's runner, operator, plan and store; only what they act on is played."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from random import Random

from connectedmachine.agent.runner import Runner
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Choice, Operation, Pause
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import Hold, PolicyValues
from connectedmachine.model.resource import (
    Extension,
    Machine,
    ProvisioningState,
    Settings,
    Status,
)
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.model.window import MaintenanceWindow
from connectedmachine.store import Store
from connectedmachine.store.passes import Pass
from connectedmachine.upgrade.operation import next_step
from simulation.clock import START, VirtualClock
from simulation.database import FailingDatabase
from simulation.faults import Faults, PowerCutError
from simulation.gallery import PLATFORM, Gallery
from simulation.hands import Disk, PlayedHands

POLICY: PolicyValues = {"sample_interval": 100.0}
"""Fewer samples of a window: each is a write, and three tell as much of a schedule as sixty."""


class Memory:
    """The store that schedules use one after another: opening one costs more than a schedule does."""

    def __init__(self) -> None:
        self.database = FailingDatabase.in_memory()
        self.store = Store(Path("nowhere"), self.database)


@dataclass(frozen=True)
class Told:
    """That an extension was created, or that somebody asked for a retry, after so many operations."""

    operations: int
    extension: str
    retry: bool


class World:
    """A machine, its user and its bad luck."""

    def __init__(self, memory: Memory, name: str, scenario: dict[str, object], policy: PolicyValues) -> None:
        self.clock = VirtualClock()
        self.gallery = Gallery()
        self.disk = Disk()
        self.faults = Faults(Random(0), 0, lambda: None)
        self._database = memory.database
        self.store = memory.store
        self.machine = Machine(
            name, "", "rg", name, "local", {}, True, PLATFORM, "Simulated Linux", "", name, "", START,
            scenario=json.dumps(scenario),
        )  # fmt: skip
        self.store.machines.save(self.machine)
        self.store.policies.set_values(name, "", policy)
        self._identifiers = Random(name)
        self.told: list[Told] = []
        self.pins: list[tuple[int, Pin]] = []
        self.windows: list[MaintenanceWindow] = []

    def close(self) -> None:
        """Forget the machine, so that the next one finds the store empty."""
        self.store.machines.delete(self.machine.id)

    # The user.

    def create(self, name: str, handler: HandlerName, requested: str) -> None:
        """Wish for an enrolled extension with settings."""
        now = self.clock.now()
        self.told.append(Told(self._begun(), name, retry=False))
        # Its namesake took its own along when it went.
        self.pins = [(number, pin) for number, pin in self.pins if pin.extension != name]
        self.store.extensions.save(
            Extension(
                self.machine.id, name, handler, "local", {}, VersionRequest.parse(requested), None, "user",
                False, True, None, Settings(1, "{}"), 0, False, False, False, None,
                ProvisioningState.CREATING, Status(), now, now,
            )
        )  # fmt: skip

    def change(self, name: str, version: Version | None = None, *, settings: bool = False) -> None:
        """Set another version or other settings; refused as the service does while an operation runs."""
        extension = self.store.extensions.find(self.machine.id, name)
        if extension is None or extension.removing or self.unfinished(name) is not None:
            return
        if version is not None:
            installed = None if extension.installed is None else extension.installed.version
            target = None if version == installed else version
            request = VersionRequest(version.parts)
            extension = replace(extension, requested=request, target=target, stopped=False)
        if settings:
            seq = extension.settings.seq + 1
            extension = replace(extension, settings=Settings(seq, "{}"))
        self.store.extensions.save(extension)

    def enrol(self, name: str, *, enrolled: bool) -> None:
        extension = self.store.extensions.find(self.machine.id, name)
        if extension is not None:
            self.store.extensions.save(replace(extension, automatic_upgrade=enrolled))

    def hold(self, name: str, days: float) -> None:
        now = self.clock.now()
        self.store.policies.hold(
            self.machine.id, Hold(name, None, now + days * (now.resolution * 86_400_000_000), "", now)
        )

    def block(self, name: str, version: Version) -> None:
        """Exclude a version; kept with the number of operations that had begun by then."""
        if self.store.extensions.find(self.machine.id, name) is not None:
            request = VersionRequest(version.parts)
            pin = Pin.of(name, request, "", self.clock.now(), block=True)
            self.store.policies.pin(self.machine.id, pin)
            self.pins.append((self._begun(), pin))

    def open_only(self, at: time, duration: timedelta) -> None:
        """Give the machine a maintenance window, each day."""
        window = MaintenanceWindow("", "w", "UTC", tuple(range(7)), (), at, duration)
        self.store.windows.add(self.machine.id, window)
        self.windows.append(window)

    def remove(self, name: str) -> None:
        extension = self.store.extensions.find(self.machine.id, name)
        if extension is not None:
            self.store.extensions.save(
                replace(extension, removing=True, provisioning=ProvisioningState.DELETING)
            )
            if self.is_pending(name):
                self.choose(name, Choice.STOP)

    def retry(self, name: str) -> None:
        """Ask for another try of what failed, as the service does: for those that move along, too."""
        extension = self.store.extensions.find(self.machine.id, name)
        if extension is None:
            return
        for each in self.store.extensions.of_handler(self.machine.id, extension.handler):
            self.told.append(Told(self._begun(), each.name, retry=True))
            self.store.policies.waive(self.machine.id, each.name)
        self.ask_for_pass()

    def choose(self, name: str, choice: Choice) -> None:
        """Settle a pending rollback."""
        operation = self.unfinished(name)
        if operation is not None and isinstance(next_step(operation), Pause):
            self.store.operations.choose(operation.id, choice, self.clock.now())

    def is_pending(self, name: str) -> bool:
        operation = self.unfinished(name)
        return operation is not None and isinstance(next_step(operation), Pause)

    def _begun(self) -> int:
        """How many operations there have been."""
        row = self._database.one(
            "SELECT count(*) AS number FROM operations WHERE machine_id = ?", self.machine.id
        )
        assert row is not None
        return int(row["number"])

    def unfinished(self, name: str) -> Operation | None:
        return self.store.operations.unfinished_of(self.machine.id, name)

    # The runner.

    def ask_for_pass(self) -> None:
        pass_id = str(uuid.UUID(int=self._identifiers.getrandbits(128)))
        self.store.passes.request(Pass(pass_id, self.machine.id, None, "schedule", self.clock.now()))

    def run(self) -> bool:
        """Be a runner until it is at rest; false when it died of a fault."""
        hands = PlayedHands(self.store, self.machine, self.clock, self.disk, self.gallery, self.faults)
        runner = Runner(
            self.store,
            self.machine,
            hands,
            patience=0.0,
            stop_point=self.faults.at_stop_point,
            images=self.gallery.images,
        )
        self.clock.on_sleep = self.faults.at_sleep
        self._database.watch(self.faults)
        try:
            with self.faults.armed():
                runner.run()
        except (PowerCutError, ConnectedMachineError):
            return False
        finally:
            self._database.watch(None)
        return True

    # Looking.

    def extensions(self) -> list[Extension]:
        return self.store.extensions.of_machine(self.machine.id)

    def history(self) -> list[Operation]:
        """Every operation, oldest first."""
        return self.store.operations.history(self.machine.id)[::-1]
