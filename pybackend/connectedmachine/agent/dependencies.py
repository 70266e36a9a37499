"""How an extension stands for those that are provisioned after it: from the store and its own report."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectedmachine.agent.hands import Hands, health_of
from connectedmachine.agent.observer import Observer
from connectedmachine.model.health import Health
from connectedmachine.model.operation import Pause
from connectedmachine.model.resource import Extension, Machine, ProvisioningState
from connectedmachine.store import Store
from connectedmachine.upgrade.gate import refusal
from connectedmachine.upgrade.operation import next_step
from connectedmachine.upgrade.order import READY_WITHIN, Obstacle, Standing, obstacle


class Dependencies:
    """Looks at the extensions of one machine; each answer is of this moment."""

    def __init__(self, store: Store, machine: Machine, hands: Hands) -> None:
        self._store = store
        self._machine = machine
        self._hands = hands

    def obstacle(self, extension: Extension, now: datetime) -> Obstacle | None:
        """What keeps an extension from being installed, if anything does."""
        others = {e.name.lower(): e for e in self._store.extensions.of_machine(self._machine.id)}
        return obstacle(extension, others, lambda other: self._judge(other, now))

    def _judge(self, other: Extension, now: datetime) -> Obstacle | None:
        waits = f"It waits for '{other.name}'"
        if other.removing:
            return Obstacle(Standing.MISSING, f"{waits}, which is being removed.")
        version = other.target if other.installed is None else other.installed.version
        refused = refusal(self._store.configurations.of(self._machine.id), other.handler, version)
        if refused is not None:
            return Obstacle(Standing.FAILED, f"{waits}: {refused.message}")
        operation = self._store.operations.unfinished_of(self._machine.id, other.name)
        if operation is not None:
            if isinstance(next_step(operation), Pause):
                return Obstacle(Standing.FAILED, f"{waits}, whose rollback is pending.")
            return Obstacle(Standing.COMING, f"{waits}, which is being changed.")
        if other.installed is None:
            if other.provisioning is ProvisioningState.FAILED:
                return Obstacle(Standing.FAILED, f"{waits}, which is not installed: {other.status.message}")
            if other.target is not None:
                return Obstacle(Standing.COMING, f"{waits}, which is not installed yet.")
            return Obstacle(Standing.MISSING, f"{waits}, which is not installed: {other.status.message}")
        return self._judge_report(other, waits, now)

    def _judge_report(self, other: Extension, waits: str, now: datetime) -> Obstacle | None:
        """A warning is ready here, as it is healthy; a handler without settings owes no status."""
        reading = Observer(self._store, self._hands).reading(other)
        source = health_of(reading, self._hands.report(reading))
        if source.health is Health.HEALTHY:
            return None
        if source.health is Health.UNHEALTHY:
            return Obstacle(Standing.FAILED, f"{waits}, which is not healthy: {source.message}")
        enabled_at = other.installed.enabled_at if other.installed else None
        if enabled_at is not None and now - enabled_at > timedelta(seconds=READY_WITHIN):
            minutes = round(READY_WITHIN / 60)
            return Obstacle(
                Standing.FAILED,
                f"{waits}, which was not ready within {minutes} minutes: {source.message}",
            )
        return Obstacle(Standing.COMING, f"{waits}, which is not ready yet: {source.message}")
