"""Looks at health for an operation: before it, in its window, after a rollback (design page, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from connectedmachine.agent.hands import Hands, Reading, StepResult
from connectedmachine.model.health import Health, Sample
from connectedmachine.model.operation import (
    Instance,
    Operation,
    Side,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.model.policy import ARC_2021
from connectedmachine.model.resource import Extension, Settings
from connectedmachine.store import Store
from connectedmachine.upgrade.health import excused, handler_source, judge, worst
from connectedmachine.upgrade.operation import health_window, instance_step, manifest_for


class Observer:
    """Takes samples of one machine, keeps them in the store, and has them judged."""

    def __init__(self, store: Store, hands: Hands) -> None:
        self._store = store
        self._hands = hands
        self._clock = hands.clock

    def baseline(self, operation: Operation, record: StepRecord) -> StepResult:
        sample = Sample(0.0, self._hands.health(self._readings(operation, None)))
        self._store.operations.add_sample(operation.id, record.seq, sample)
        summary = worst(sample)
        text = "Everything was healthy." if summary.health is Health.HEALTHY else summary.message
        return StepResult(message=text)

    def watch(self, operation: Operation, record: StepRecord) -> StepResult:
        policy = operation.policy
        baseline, subjects = self._baseline_of(operation), _sources(operation, Side.NEW)
        return self._observe(
            operation,
            record,
            Side.NEW,
            window=health_window(operation),
            stable_for=policy.stable_for,
            healthy_for=policy.healthy_for,
            passed_over=lambda sample: excused(baseline, sample, subjects),
        )

    def confirm(self, operation: Operation, record: StepRecord) -> StepResult:
        """The old version's own report decides; the rest of the machine is recorded, not judged."""
        before = self._baseline_of(operation).sources
        subjects = _sources(operation, Side.OLD)
        unwell = {name for name in subjects if name in before and before[name].health is not Health.HEALTHY}
        healthy = frozenset(subjects) - unwell
        if not healthy:
            states = " and ".join(sorted({before[name].health for name in unwell}))
            return StepResult(message=f"It was {states} before the upgrade, too.")
        result = self._observe(
            operation,
            record,
            Side.OLD,
            window=operation.policy.health_window or ARC_2021.health_window,
            stable_for=0.0,
            healthy_for=0.0,
            passed_over=lambda sample: frozenset(sample.sources) - healthy,
        )
        if result.outcome is StepOutcome.DONE:
            return replace(result, message="It reports that it is healthy again.")
        return result

    def _observe(
        self,
        operation: Operation,
        record: StepRecord,
        side: Side,
        *,
        window: float,
        stable_for: float,
        healthy_for: float | None,
        passed_over: Callable[[Sample], Collection[str]],
    ) -> StepResult:
        """Sample health until there is a verdict; what an earlier runner observed counts."""
        operations, clock = self._store.operations, self._clock
        interval = operation.policy.sample_interval
        samples = operations.samples(operation.id, record.seq)
        observed = samples[-1].observed if samples else 0.0
        # What is installed changes by its runner alone, and that is here.
        readings = self._readings(operation, side)
        while True:
            last = clock.monotonic()
            sample = Sample(observed, self._hands.health(readings))
            took = clock.monotonic() - last
            operations.add_sample(operation.id, record.seq, sample)
            samples.append(sample)
            verdict = judge(
                samples,
                window=window,
                stable_for=stable_for,
                healthy_for=healthy_for,
                passed_over=passed_over(sample),
            )
            if verdict.healthy is not None:
                outcome = StepOutcome.DONE if verdict.healthy else StepOutcome.FAILED
                return StepResult(outcome, verdict.message, code="" if verdict.healthy else "Unhealthy")
            if side is Side.NEW and self.is_removing(operation):
                return StepResult(StepOutcome.WITHDRAWN, "Removal was asked for during the health window.")
            remaining = window - observed
            pause = min(interval, remaining) if remaining > 0 else interval
            clock.sleep(pause)
            # A host that slept or a process that was stopped saw nothing meanwhile.
            observed += min(clock.monotonic() - last, took + 2 * pause)

    def is_removing(self, operation: Operation) -> bool:
        """Say whether the user asked for the removal of all that it covers by now."""
        found = [self._store.extensions.find(operation.machine_id, i.name) for i in operation.instances]
        return all(extension is not None and extension.removing for extension in found)

    def _baseline_of(self, operation: Operation) -> Sample:
        record = next(r for r in operation.journal if r.step is not None and r.step.name is StepName.BASELINE)
        return self._store.operations.samples(operation.id, record.seq)[0]

    def _readings(self, operation: Operation, side: Side | None) -> list[Reading]:
        """Every extension on the machine; the operation's own as ``side``, or as it was before."""
        readings = []
        for extension in self._store.extensions.of_machine(operation.machine_id):
            if side is not None and operation.covers(extension.name):
                readings += self._own_reading(operation, side, extension)
            elif extension.installed is not None:
                readings.append(self.reading(extension))
        return readings

    def reading(self, extension: Extension) -> Reading:
        """How to look at an installed extension that no operation is changing."""
        installed = extension.installed
        assert installed is not None
        settings = self._store.extensions.settings(
            extension.machine_id, extension.name, installed.settings_seq
        )
        return Reading(
            extension.name,
            extension.handler,
            installed.version,
            installed.manifest,
            settings,
            installed.enabled,
            installed.enabled_at,
        )

    def _own_reading(self, operation: Operation, side: Side, extension: Extension) -> list[Reading]:
        """How to look at one that the operation covers; it may have no part in the old version."""
        instance = operation.instance(extension.name)
        if side is Side.OLD and instance.old_settings_seq is None:
            return []
        enable = instance_step(operation, StepName.ENABLE, side, instance)
        enabled = next((r for r in reversed(operation.journal) if r.step == enable), None)
        if enabled is None and side is Side.OLD and extension.installed is not None:
            # The old version was taken away from others only.
            return [self.reading(extension)]
        ref = operation.package(side)
        reading = Reading(
            extension.name,
            operation.handler,
            ref.version,
            manifest_for(operation, side),
            settings_of(self._store, operation, side, instance),
            enabled=enabled is not None and enabled.outcome is StepOutcome.DONE,
            enabled_at=None if enabled is None else enabled.began,
        )
        return [reading]


def settings_of(store: Store, operation: Operation, side: Side, instance: Instance) -> Settings:
    """The settings that one of an operation's versions is given for an extension."""
    seq = instance.settings_seq if side is Side.NEW else instance.old_settings_seq
    return store.extensions.settings(operation.machine_id, instance.name, seq or 0)


def _sources(operation: Operation, side: Side) -> list[str]:
    """What the health of the extensions that are being upgraded is called."""
    several = manifest_for(operation, side).supports_multiple_extensions
    return [handler_source(str(operation.handler), i.name if several else None) for i in operation.instances]
