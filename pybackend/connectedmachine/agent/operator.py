"""Carries out operations: asks ``upgrade`` for the next step, journals it, has it done, journals the outcome.

Safe points, where a changed wish is honoured, are the end of ``fetch`` and ``baseline``, the moment before
the first step that touches the installed version (another runner may come to it, a long time after), and
every sample of the health window.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connectedmachine.agent.events import announce
from connectedmachine.agent.hands import Hands, StepResult
from connectedmachine.agent.observer import Observer, settings_of
from connectedmachine.agent.outcome import extension_after
from connectedmachine.agent.windows import keeping
from connectedmachine.model.decision import Reason
from connectedmachine.model.errors import ConnectedMachineError, DiskFullError, StoreError
from connectedmachine.model.handler import StatusKind
from connectedmachine.model.operation import (
    Choice,
    Do,
    End,
    Operation,
    OperationKind,
    Pause,
    Side,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.model.policy import Backoff
from connectedmachine.model.resource import Extension, ProvisioningState, Status
from connectedmachine.store import Store
from connectedmachine.upgrade.calendar import Closed
from connectedmachine.upgrade.gate import Refusal, refusal
from connectedmachine.upgrade.operation import next_step
from connectedmachine.upgrade.restraint import VERSION_PINNED, blames, in_words, pinned_out

StopPoint = Callable[[str], None]
"""Called with ``before enable(new)`` or ``after enable(new)``: where a fault test kills the process."""

_COMMANDS = (
    StepName.INSTALL,
    StepName.ENABLE,
    StepName.DISABLE,
    StepName.UPDATE,
    StepName.UNINSTALL,
    StepName.RESET_STATE,
)


_LEVELS = {StatusKind.ERROR: "Error", StatusKind.WARNING: "Warning"}
_MOST_LOST = 3
_UNTOUCHING = (StepName.FETCH, StepName.BASELINE)
_LOOKS = (StepName.BASELINE, StepName.WATCH, StepName.CONFIRM)


class Operator:
    """Does the operations of one machine; its caller holds the machine's effects lock."""

    def __init__(self, store: Store, hands: Hands, stop_point: StopPoint = lambda _: None) -> None:
        self._store = store
        self._hands = hands
        self._clock = hands.clock
        self._observer = Observer(store, hands)
        self._stop_point = stop_point

    def advance(self, operation_id: str) -> End | Pause:
        """Take an operation to its end, or to a pause that is not over yet."""
        operation = self._read(operation_id)
        while True:
            following = next_step(operation)
            while isinstance(following, Do):
                # Nobody but the holder of the effects lock writes to a journal whose step is under way.
                operation = self._step(operation, following)
                following = next_step(operation)
            operation = self._read(operation_id)
            following = next_step(operation)
            if isinstance(following, Pause):
                if self._observer.is_removing(operation):
                    # Asked for while the undo still ran: the old version is taken away, not put back.
                    self._store.operations.choose(operation.id, Choice.STOP, self._clock.now())
                    operation = self._read(operation_id)
                    continue
                if not following.is_due(self._clock.now()):
                    self._show_pending(operation, following)
                    return following
                following = following.then
            if isinstance(following, End):
                self._finish(operation, following)
                return following
            operation = self._step(operation, following)

    def _read(self, operation_id: str) -> Operation:
        operation = self._store.operations.get(operation_id)
        assert operation is not None
        return operation

    def _step(self, operation: Operation, do: Do) -> Operation:
        """Returns the operation with its step done."""
        if do.resume:
            record = next(r for r in operation.journal if r.step is not None and r.outcome is None)
        else:
            now, boot = self._clock.now(), self._clock.boot_id()
            seq = self._store.operations.intend(operation.id, do.step, do.round, now, boot)
            record = StepRecord(seq, do.step, do.round, now, boot=boot)
            operation = replace(operation, journal=(*operation.journal, record))
        self._stop_point(f"before {do.step}")
        try:
            result = self._perform(operation, do, record)
        except ConnectedMachineError as error:
            if do.step.name in _LOOKS and isinstance(error, StoreError | DiskFullError):
                # A sample that could not be kept says nothing of health; the next runner goes on looking.
                raise
            result = StepResult(StepOutcome.FAILED, error.message, code=error.code)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            result = StepResult(
                StepOutcome.FAILED,
                f"{error.strerror or error}: {error.filename or ''}".strip(": "),
                code="DiskFull" if full else "InputOutputError",
            )
        made_room = result.code == "DiskFull" and self._hands.make_room()
        if made_room and do.round:
            # That room is for the way back, which would else stand still for a pause with nothing at work.
            result = replace(result, outcome=StepOutcome.LOST)
        elif result.outcome is StepOutcome.LOST and self._times_lost(operation, do) == _MOST_LOST - 1:
            # It takes its own attendant down every time, so nothing is won by running it once more.
            result = replace(result, outcome=StepOutcome.FAILED, code="HandlerLost")
        self._stop_point(f"after {do.step}")
        concluded = replace(
            record,
            ended=self._clock.now(),
            outcome=result.outcome,
            exit_code=result.exit_code,
            code=result.code,
            message=result.message,
            manifest=result.manifest,
        )
        self._store.operations.conclude(operation.id, concluded)
        return replace(operation, journal=tuple(concluded if r is record else r for r in operation.journal))

    def _times_lost(self, operation: Operation, do: Do) -> int:
        return sum(
            r.step == do.step and r.round == do.round and r.outcome is StepOutcome.LOST
            for r in operation.journal
        )

    def _perform(self, operation: Operation, do: Do, record: StepRecord) -> StepResult:
        step, hands = do.step, self._hands
        if not do.resume and _touches_first(operation, do):
            begun = self._unless_withdrawn(operation, StepResult())
            if begun.outcome is StepOutcome.WITHDRAWN:
                return begun
        if step.name in _COMMANDS:
            instance = operation.instance(step.instance or operation.extension)
            settings = settings_of(self._store, operation, step.side, instance)
            return hands.command(operation, step, record.seq, settings, resume=do.resume)
        match step.name:
            case StepName.FETCH:
                settings_by_name = {
                    i.name: settings_of(self._store, operation, step.side, i) for i in operation.instances
                }
                manifest = hands.fetch(operation, settings_by_name)
                return self._unless_withdrawn(operation, StepResult(manifest=manifest))
            case StepName.BASELINE:
                return self._unless_withdrawn(operation, self._observer.baseline(operation, record))
            case StepName.CARRY:
                return StepResult(message=hands.carry(operation))
            case StepName.KEEP:
                hands.keep(operation)
            case StepName.RESTORE:
                return StepResult(message=hands.restore(operation, fresh=do.round > 1))
            case StepName.DISCARD:
                hands.discard(operation, step.side)
            case StepName.FORGET:
                assert step.instance is not None
                hands.forget(operation, step.side, step.instance)
            case StepName.RETIRE:
                hands.retire(operation)
            case StepName.WATCH:
                return self._observer.watch(operation, record)
            case StepName.CONFIRM:
                return self._observer.confirm(operation, record)
        return StepResult()

    # Wishes.

    def _unless_withdrawn(self, operation: Operation, result: StepResult) -> StepResult:
        refused = self._refusal(operation)
        if refused is not None:
            message = f"{refused.message} Nothing was touched."
            return replace(result, outcome=StepOutcome.WITHDRAWN, message=message, code=refused.code)
        excluded = self._excluded(operation)
        if excluded is not None:
            code = "" if operation.automatic else VERSION_PINNED
            return replace(result, outcome=StepOutcome.WITHDRAWN, message=excluded, code=code)
        why = self._withdrawn(operation)
        if why is not None:
            return replace(result, outcome=StepOutcome.WITHDRAWN, message=why)
        closed = self._closed(operation)
        if closed is None:
            return result
        message = f"The maintenance window closed before anything was touched. {closed.message}"
        code = Reason.OUTSIDE_WINDOW
        return replace(result, outcome=StepOutcome.WITHDRAWN, message=message, code=code)

    def _closed(self, operation: Operation) -> Closed | None:
        if operation.kind is not OperationKind.CHANGE_VERSION:
            return None
        first, *others = self._covered(operation)
        if first.ignore_window and first.target == operation.new.version:
            return None
        return keeping(self._store, first, others, self._clock.now())

    def _refusal(self, operation: Operation) -> Refusal | None:
        configuration = self._store.configurations.of(operation.machine_id)
        return refusal(configuration, operation.handler, operation.new.version)

    def _excluded(self, operation: Operation) -> str | None:
        """Which pin excludes the version that an operation leads to."""
        for covered in self._covered(operation):
            pins = self._store.policies.pins(operation.machine_id, covered.name)
            pin = pinned_out(pins, operation.new.version)
            if pin is not None:
                return f"{in_words(pin, operation.extension, operation.new.version)} Nothing was touched."
        return None

    def _withdrawn(self, operation: Operation) -> str | None:
        extension = self._store.extensions.find(operation.machine_id, operation.extension)
        if extension is None or extension.removing:
            return "Removal was asked for before anything was touched."
        if not operation.automatic:
            return None
        for covered in self._covered(operation):
            moves = operation.instance(covered.name).old_settings_seq is not None
            if operation.kind is OperationKind.CHANGE_VERSION and moves and not covered.automatic_upgrade:
                return "Automatic upgrade was switched off before anything was touched."
            holds = self._store.policies.holds(operation.machine_id, covered.name)
            if any(hold.applies(operation.new.version, self._clock.now()) for hold in holds):
                return "A hold was added before anything was touched."
        return None

    # Ends and pauses.

    def _covered(self, operation: Operation) -> list[Extension]:
        found = [self._store.extensions.find(operation.machine_id, i.name) for i in operation.instances]
        return [extension for extension in found if extension is not None]

    def _show_pending(self, operation: Operation, pause: Pause) -> None:
        now = self._clock.now()
        status = Status("RollbackPending", "Error", "Rollback pending", pause.message, now)
        with self._store.transaction():
            news = [e for e in self._covered(operation) if e.status.message != pause.message]
            for extension in news:
                self._store.extensions.save(
                    replace(extension, provisioning=ProvisioningState.FAILED, status=status)
                )
            if news:
                announce.pending(self._store, operation, pause, now)

    def _finish(self, operation: Operation, end: End) -> None:
        with self._store.transaction():
            now = self._clock.now()
            self._store.operations.end(operation.id, end, now)
            for extension in self._covered(operation):
                self._settle(extension, operation, end, now)
            announce.ended(self._store, operation, end, now)
        self._stop_point("after end")
        self._hands.tidy()

    def _settle(self, extension: Extension, operation: Operation, end: End, now: datetime) -> None:
        after = extension_after(extension, operation, end, now)
        if after is None:
            self._store.extensions.delete(extension.machine_id, extension.name)
            self._store.policies.forget(extension.machine_id, extension.name)
            return
        if after.installed is not None:
            said = self._hands.report(self._observer.reading(after)).status
            told = said.is_current and said.message
            if told and after.provisioning is ProvisioningState.SUCCEEDED and not end.code:
                level = _LEVELS.get(said.kind, "Information")
                after = replace(after, status=Status(said.code, level, "", said.message, now))
        self._store.extensions.save(after)
        self._remember_failure(operation, end, after)
        kept = after.installed.settings_seq if after.installed else after.settings.seq
        self._store.extensions.forget_settings(after.machine_id, after.name, kept)

    def _remember_failure(self, operation: Operation, end: End, extension: Extension) -> None:
        if operation.kind not in (OperationKind.INSTALL, OperationKind.CHANGE_VERSION):
            return
        policies, version = self._store.policies, operation.new.version
        if end.installed is Side.NEW:
            policies.forgive(operation.machine_id, extension.name, version)
        elif blames(end, self._tried_before(operation, extension.name)):
            earlier = policies.backoffs(operation.machine_id, extension.name)
            before, now = next((b for b in earlier if b.version == version), None), self._clock.now()
            failures, first = (0, now) if before is None else (before.failures, before.first_failed_at)
            policies.back_off(
                operation.machine_id, extension.name, Backoff(version, failures + 1, now, first)
            )

    def _tried_before(self, operation: Operation, extension: str) -> Operation | None:
        """The attempt of an extension at the same version before this one."""
        tried = self._store.operations.latest(
            operation.machine_id, extension, operation.began, to=operation.new.version
        )
        return next((earlier for earlier in tried if earlier.id != operation.id), None)


def _touches_first(operation: Operation, do: Do) -> bool:
    """Say whether a step is the first of a way to another version that touches anything."""
    if operation.kind not in (OperationKind.INSTALL, OperationKind.CHANGE_VERSION) or do.round != 0:
        return False
    done = [record.step for record in operation.journal if record.step is not None and record.outcome]
    return do.step.name not in _UNTOUCHING and all(step.name in _UNTOUCHING for step in done)
