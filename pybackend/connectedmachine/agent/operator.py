"""Carries out operations: asks ``upgrade`` for the next step, journals it, has it done, journals the outcome.

Safe points, where a changed wish is honoured, are the end of ``fetch`` and ``baseline`` (nothing of the
installed version was touched yet) and every sample of the health window.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection
from dataclasses import replace

from connectedmachine.agent.hands import Hands, Reading, StepResult
from connectedmachine.agent.outcome import extension_after
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.health import Health, Sample
from connectedmachine.model.operation import (
    Do,
    End,
    Operation,
    OperationKind,
    Pause,
    Side,
    Step,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.model.policy import ARC_2021, Backoff
from connectedmachine.model.resource import Extension, ProvisioningState, Settings, Status
from connectedmachine.store import Store
from connectedmachine.upgrade.health import excused, handler_source, judge, worst
from connectedmachine.upgrade.operation import fetched_manifest, health_window, next_step

StopPoint = Callable[[str], None]
"""Called with ``before enable(new)`` or ``after enable(new)``: where a fault test kills the process."""

_COMMANDS = (
    StepName.INSTALL,
    StepName.ENABLE,
    StepName.DISABLE,
    StepName.UPDATE,
    StepName.UNINSTALL,
)


class Operator:
    """Does the operations of one machine; its caller holds the machine's effects lock."""

    def __init__(self, store: Store, hands: Hands, stop_point: StopPoint = lambda _: None) -> None:
        self._store = store
        self._hands = hands
        self._clock = hands.clock
        self._stop_point = stop_point

    def advance(self, operation_id: str) -> End | Pause:
        """Take an operation to its end, or to a pause that is not over yet."""
        while True:
            operation = self._store.operations.get(operation_id)
            assert operation is not None
            following = next_step(operation)
            if isinstance(following, Pause):
                if not following.is_due(self._clock.now()):
                    self._show_pending(operation, following)
                    return following
                following = following.then
            if isinstance(following, End):
                self._finish(operation, following)
                return following
            self._do(operation, following)

    def _do(self, operation: Operation, do: Do) -> None:
        if do.resume:
            record = next(r for r in operation.journal if r.step is not None and r.outcome is None)
        else:
            now = self._clock.now()
            seq = self._store.operations.intend(operation.id, do.step, do.round, now)
            record = StepRecord(seq, do.step, do.round, now)
            operation = replace(operation, journal=(*operation.journal, record))
        self._stop_point(f"before {do.step}")
        try:
            result = self._perform(operation, do, record)
        except ConnectedMachineError as error:
            result = StepResult(StepOutcome.FAILED, error.message, code=error.code)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            result = StepResult(
                StepOutcome.FAILED,
                f"{error.strerror or error}: {error.filename or ''}".strip(": "),
                code="DiskFull" if full else "InputOutputError",
            )
        self._stop_point(f"after {do.step}")
        self._store.operations.conclude(
            operation.id,
            replace(
                record,
                ended=self._clock.now(),
                outcome=result.outcome,
                exit_code=result.exit_code,
                code=result.code,
                message=result.message,
                manifest=result.manifest,
            ),
        )

    def _perform(self, operation: Operation, do: Do, record: StepRecord) -> StepResult:
        step, hands = do.step, self._hands
        if step.name in _COMMANDS:
            settings = self._settings(operation, step.side)
            return hands.command(operation, step, record.seq, settings, resume=do.resume)
        match step.name:
            case StepName.FETCH:
                return self._unless_withdrawn(operation, StepResult(manifest=hands.fetch(operation)))
            case StepName.BASELINE:
                return self._baseline(operation, record)
            case StepName.CARRY:
                return StepResult(message=hands.carry(operation))
            case StepName.KEEP:
                hands.keep(operation)
            case StepName.RESTORE:
                return StepResult(message=hands.restore(operation, fresh=do.round > 1))
            case StepName.DISCARD:
                hands.discard(operation, step.side)
            case StepName.RETIRE:
                hands.retire(operation)
            case StepName.WATCH:
                return self._watch(operation, record)
            case StepName.CONFIRM:
                return self._confirm(operation, record)
        return StepResult()

    def _settings(self, operation: Operation, side: Side) -> Settings:
        seq = operation.settings_seq if side is Side.NEW else operation.old_settings_seq
        return self._store.extensions.settings(operation.machine_id, operation.extension, seq)

    # Wishes.

    def _unless_withdrawn(self, operation: Operation, result: StepResult) -> StepResult:
        why = self._withdrawn(operation)
        return result if why is None else replace(result, outcome=StepOutcome.WITHDRAWN, message=why)

    def _withdrawn(self, operation: Operation) -> str | None:
        extension = self._store.extensions.find(operation.machine_id, operation.extension)
        if extension is None or extension.removing:
            return "Removal was asked for before anything was touched."
        if not operation.automatic:
            return None
        if operation.kind is OperationKind.CHANGE_VERSION and not extension.automatic_upgrade:
            return "Automatic upgrade was switched off before anything was touched."
        holds = self._store.policies.holds(operation.machine_id, operation.extension)
        if any(hold.applies(operation.new.version, self._clock.now()) for hold in holds):
            return "A hold was added before anything was touched."
        return None

    # Health.

    def _baseline(self, operation: Operation, record: StepRecord) -> StepResult:
        sample = Sample(0.0, self._hands.health(self._readings(operation, None)))
        self._store.operations.add_sample(operation.id, record.seq, sample)
        summary = worst(sample)
        text = "Everything was healthy." if summary.health is Health.HEALTHY else summary.message
        return self._unless_withdrawn(operation, StepResult(message=text))

    def _watch(self, operation: Operation, record: StepRecord) -> StepResult:
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

    def _confirm(self, operation: Operation, record: StepRecord) -> StepResult:
        """The old version's own report decides; the rest of the machine is recorded, not judged."""
        subject = handler_source(str(operation.handler))
        before = self._baseline_of(operation).sources.get(subject)
        if before is not None and before.health is not Health.HEALTHY:
            return StepResult(message=f"It was {before.health} before the upgrade, too.")
        return self._observe(
            operation,
            record,
            Side.OLD,
            window=operation.policy.health_window or ARC_2021.health_window,
            stable_for=0.0,
            healthy_for=0.0,
            passed_over=lambda sample: frozenset(sample.sources) - {subject},
        )

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
            if side is Side.NEW and self._is_removing(operation):
                return StepResult(StepOutcome.WITHDRAWN, "Removal was asked for during the health window.")
            remaining = window - observed
            pause = min(interval, remaining) if remaining > 0 else interval
            clock.sleep(pause)
            # A host that slept or a process that was stopped saw nothing meanwhile.
            observed += min(clock.monotonic() - last, took + 2 * pause)

    def _is_removing(self, operation: Operation) -> bool:
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
            self._settings(operation, side),
            enabled=enabled is not None and enabled.outcome is StepOutcome.DONE,
            enabled_at=None if enabled is None else enabled.began,
        )

    # Ends and pauses.

    def _show_pending(self, operation: Operation, pause: Pause) -> None:
        extension = self._store.extensions.find(operation.machine_id, operation.extension)
        assert extension is not None
        status = Status("RollbackPending", "Error", "Rollback pending", pause.message, self._clock.now())
        if extension.status.message != pause.message:
            self._store.extensions.save(
                replace(extension, provisioning=ProvisioningState.FAILED, status=status)
            )

    def _finish(self, operation: Operation, end: End) -> None:
        with self._store.transaction():
            now = self._clock.now()
            extension = self._store.extensions.find(operation.machine_id, operation.extension)
            assert extension is not None
            self._store.operations.end(operation.id, end, now)
            after = extension_after(extension, operation, end, now)
            if after is None:
                self._store.extensions.delete(extension.machine_id, extension.name)
                self._store.policies.forget(extension.machine_id, extension.name)
            else:
                if after.installed is not None:
                    code, level, message = self._hands.report(self.reading(after))
                    if message and after.provisioning is ProvisioningState.SUCCEEDED and not end.code:
                        after = replace(after, status=Status(code, level, "", message, now))
                self._store.extensions.save(after)
                self._remember_failure(operation, end, after)
                kept = after.installed.settings_seq if after.installed else after.settings.seq
                self._store.extensions.forget_settings(after.machine_id, after.name, kept)
        self._stop_point("after end")
        self._hands.forget(operation)

    def _remember_failure(self, operation: Operation, end: End, extension: Extension) -> None:
        if operation.kind not in (OperationKind.INSTALL, OperationKind.CHANGE_VERSION):
            return
        policies, version = self._store.policies, operation.new.version
        if end.installed is Side.NEW:
            policies.forgive(operation.machine_id, extension.name)
        elif end.outcome.value in ("Failed", "RolledBack"):
            earlier = policies.backoffs(operation.machine_id, extension.name)
            failures = next((b.failures for b in earlier if b.version == version), 0) + 1
            policies.back_off(
                operation.machine_id, extension.name, Backoff(version, failures, self._clock.now())
            )
