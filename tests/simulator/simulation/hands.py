"""The product's simulated hands on a machine that has folders, packages and processes to lose.

What a command does to the machine is kept here, apart from what the product believes: whoever enables what
is not installed, starts two versions at once or deletes one that runs is found out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from connectedmachine.agent.hands import Reading, Report, StepResult
from connectedmachine.agent.places import Places
from connectedmachine.agent.simulated_hands import SimulatedHands
from connectedmachine.model.errors import PackageError
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.operation import Operation, Side, Step, StepName, StepOutcome
from connectedmachine.model.resource import Machine, Settings
from connectedmachine.model.version import Version
from connectedmachine.store import Store
from connectedmachine.upgrade.operation import manifest_for
from simulation.clock import VirtualClock
from simulation.faults import Fate, Faults, PowerCutError
from simulation.gallery import Gallery


class BrokenRuleError(AssertionError):
    """What must never be on a machine, or in its history."""


@dataclass
class OnDisk:
    """What there is of one handler. ``running``: a version with the extension that it serves."""

    folders: set[Version] = field(default_factory=set)
    kept: set[Version] = field(default_factory=set)
    installed: set[Version] = field(default_factory=set)
    running: set[tuple[Version, str]] = field(default_factory=set)


@dataclass
class Disk:
    """What there is on a machine, by the key of the handler, and its packages by SHA-256."""

    handlers: dict[str, OnDisk] = field(default_factory=dict)
    zips: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)

    def of(self, key: str) -> OnDisk:
        return self.handlers.setdefault(key, OnDisk())


class PlayedHands(SimulatedHands):
    """Plays the scenario, and the faults."""

    def __init__(
        self,
        store: Store,
        machine: Machine,
        clock: VirtualClock,
        disk: Disk,
        gallery: Gallery,
        faults: Faults,
    ) -> None:
        super().__init__(store, Places(Path("nowhere"), machine.id), clock, machine)
        self.clock = clock
        self._disk = disk
        self._gallery = gallery
        self._faults = faults

    def fetch(self, operation: Operation, settings: Mapping[str, Settings]) -> HandlerManifest:
        self._faults.at_effect()
        self._have(operation.new.sha256)
        self._of(operation).folders.add(operation.new.version)
        return self._gallery.releases[operation.new.sha256].manifest

    def command(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        fate = self._faults.at_command()
        there, version = self._of(operation), operation.package(step.side).version
        if version not in there.folders:
            if step.name is StepName.UNINSTALL:
                self._stopped(there, version)
            return StepResult(StepOutcome.FAILED, "There is no manifest.", code="ManifestMissing")
        result = super().command(operation, step, seq, settings, resume=resume)
        match fate:
            case Fate.FAILS:
                result = StepResult(StepOutcome.FAILED, "Injected.", 9, "HandlerFailed")
            case Fate.TIMES_OUT:
                result = StepResult(StepOutcome.FAILED, "Injected.", None, "HandlerTimeout")
            case Fate.LOST:
                result = StepResult(StepOutcome.LOST, "Injected.")
        if result.outcome is StepOutcome.DONE:
            result = self._done(there, version, operation, step, result)
        elif fate is not Fate.AS_PLAYED and self._faults.happens(0.5):
            self._done(there, version, operation, step, result)  # it failed with its work done
        if step.name is StepName.UNINSTALL:
            self._stopped(there, version)
        if fate is Fate.CUT_AFTER:
            raise PowerCutError
        return result

    def _done(
        self, there: OnDisk, version: Version, operation: Operation, step: Step, result: StepResult
    ) -> StepResult:
        """What a command does to the machine."""
        instance = (step.instance or "").lower()
        match step.name:
            case StepName.INSTALL:
                there.installed.add(version)
            case StepName.UPDATE if not manifest_for(operation, Side.NEW).update_with_install:
                there.installed.add(operation.new.version)
            case StepName.ENABLE if version not in there.installed:
                return StepResult(StepOutcome.FAILED, "It is not installed.", 3, "HandlerFailed")
            case StepName.ENABLE:
                there.running.add((version, instance))
                if len({v for v, _ in there.running}) > 1:
                    raise BrokenRuleError(f"two versions run at once: {there.running}")
            case StepName.DISABLE:
                there.running.discard((version, instance))
            case StepName.UNINSTALL:
                there.installed.discard(version)
        return result

    def _stopped(self, there: OnDisk, version: Version) -> None:
        # As with real hands: what still runs of a version after its uninstall is ended.
        there.running = {(v, name) for v, name in there.running if v != version}

    def carry(self, operation: Operation) -> str:
        self._faults.at_effect()
        return super().carry(operation)

    def keep(self, operation: Operation) -> None:
        self._faults.at_effect()
        there, version = self._of(operation), self._old(operation)
        if version in there.folders:
            there.folders.discard(version)
            there.kept.add(version)

    def restore(self, operation: Operation, *, fresh: bool) -> str:
        self._faults.at_effect()
        there, version = self._of(operation), self._old(operation)
        assert operation.old is not None
        self._have(operation.old.sha256)
        there.folders.add(version)
        return super().restore(operation, fresh=fresh)

    def discard(self, operation: Operation, side: Side) -> None:
        self._faults.at_effect()
        there, version = self._of(operation), operation.package(side).version
        if version in {v for v, _ in there.running}:
            raise BrokenRuleError(f"{operation.handler} {version} was deleted while it ran")
        there.folders.discard(version)
        if operation.old is not None:
            there.kept.discard(operation.old.version)

    def forget(self, operation: Operation, side: Side, extension: str) -> None:
        self._faults.at_effect()

    def retire(self, operation: Operation) -> None:
        self._faults.at_effect()
        self._of(operation).kept.discard(self._old(operation))

    def report(self, reading: Reading) -> Report:
        told = super().report(reading)
        name = (reading.instance or "").lower()
        if (reading.version, name) in self._disk.of(reading.handler.key).running:
            return told
        return replace(told, status=replace(told.status, written=None))

    def tidy(self) -> None:
        unfinished = self._store.operations.unfinished(self._machine.id)
        for key, there in self._disk.handlers.items():
            there.kept &= {o.old.version for o in unfinished if o.handler.key == key and o.old is not None}
        self._disk.zips &= self._store.operations.pinned()

    def _have(self, sha256: str) -> None:
        """Bring a package, unless it is there and whole."""
        if sha256 in self._disk.zips and sha256 not in self._disk.damaged:
            return
        if not self._gallery.reachable:
            raise PackageError("PackageNotFound", "The gallery is out of reach.")
        self._disk.zips.add(sha256)
        self._disk.damaged.discard(sha256)

    def _of(self, operation: Operation) -> OnDisk:
        return self._disk.of(operation.handler.key)

    def _old(self, operation: Operation) -> Version:
        return operation.package(Side.OLD).version
