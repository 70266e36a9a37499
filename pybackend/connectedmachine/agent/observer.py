"""Looks at health for an operation: before it, in its window, after a rollback (design page, section 6)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from connectedmachine.agent.hands import Hands, Reading, StepResult
from connectedmachine.model.health import Health, Sample
from connectedmachine.model.operation import Operation, Side, Step, StepName, StepOutcome, StepRecord
from connectedmachine.model.policy import ARC_2021
from connectedmachine.model.resource import Extension, Settings
from connectedmachine.store import Store
from connectedmachine.upgrade.health import excused, handler_source, judge, worst
from connectedmachine.upgrade.operation import fetched_manifest, health_window


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
        passed_over = excused(self._baseline_of(operation), handler_source(str(operation.handler)))
        return self._observe(
            operation,
            record,
            Side.NEW,
            window=health_window(operation),
            stable_for=policy.stable_for,
            healthy_for=policy.healthy_for,
            passed_over=lambda _: passed_over,
        )

    def confirm(self, operation: Operation, record: StepRecord) -> StepResult:
        """The old version's own report decides; the rest of the machine is recorded, not judged."""
        subject = handler_source(str(operation.handler))
        before = self._baseline_of(operation).sources.get(subject)
        if before is not None and before.health is not Health.HEALTHY:
            return StepResult(message=f"It was {before.health} before the upgrade, too.")
        result = self._observe(
            operation,
            record,
            Side.OLD,
            window=operation.policy.health_window or ARC_2021.health_window,
            stable_for=0.0,
            healthy_for=0.0,
            passed_over=lambda sample: frozenset(sample.sources) - {subject},
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
        while True:
            last = clock.monotonic()
            sample = Sample(observed, self._hands.health(self._readings(operation, side)))
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
        """Say whether the user asked for removal by now."""
        extension = self._store.extensions.find(operation.machine_id, operation.extension)
        return extension is not None and extension.removing

    def _baseline_of(self, operation: Operation) -> Sample:
        record = next(r for r in operation.journal if r.step is not None and r.step.name is StepName.BASELINE)
        return self._store.operations.samples(operation.id, record.seq)[0]

    def _readings(self, operation: Operation, side: Side | None) -> list[Reading]:
        """Every handler on the machine; the operation's own as ``side``, or as it was before."""
        readings = []
        for extension in self._store.extensions.of_machine(operation.machine_id):
            if side is not None and extension.name.lower() == operation.extension.lower():
                readings.append(self._own_reading(operation, side))
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
            extension.handler,
            installed.version,
            installed.manifest,
            settings,
            installed.enabled,
            installed.enabled_at,
        )

    def _own_reading(self, operation: Operation, side: Side) -> Reading:
        ref = operation.new if side is Side.NEW else operation.old
        manifest = fetched_manifest(operation) if side is Side.NEW else operation.old_manifest
        assert ref is not None
        assert manifest is not None
        enable = Step(StepName.ENABLE, side)
        enabled = next((r for r in reversed(operation.journal) if r.step == enable), None)
        return Reading(
            operation.handler,
            ref.version,
            manifest,
            settings_of(self._store, operation, side),
            enabled=enabled is not None and enabled.outcome is StepOutcome.DONE,
            enabled_at=None if enabled is None else enabled.began,
        )


def settings_of(store: Store, operation: Operation, side: Side) -> Settings:
    """The settings that an operation gives to one of its versions."""
    seq = operation.settings_seq if side is Side.NEW else operation.old_settings_seq
    return store.extensions.settings(operation.machine_id, operation.extension, seq)
