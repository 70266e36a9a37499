"""What is under way on an extension, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectedmachine.agent.windows import waits
from connectedmachine.model.decision import Reason
from connectedmachine.model.errors import (
    ConflictError,
    ConnectedMachineError,
    HandlerError,
    PermissionDeniedError,
)
from connectedmachine.model.operation import Choice, Operation, OperationKind, Outcome, Pause
from connectedmachine.model.pin import Pin
from connectedmachine.model.resource import Extension, Machine, Status
from connectedmachine.model.version import Version
from connectedmachine.service.follow import Follow, Follower
from connectedmachine.upgrade.gate import REFUSALS, Refusal, disabled, refusal
from connectedmachine.upgrade.operation import next_step
from connectedmachine.upgrade.order import DEPENDENCY_FAILED, HELD_BACK
from connectedmachine.upgrade.restraint import VERSION_PINNED, in_words, pinned_out

UNPIN = "Remove-AzConnectedMachineUpgradePin lets it have that version."


class UnderWay(Follow):
    """Part of the service that looks at the operations of extensions."""

    def _is_busy(self, machine: Machine, extension: Extension) -> bool:
        """Say whether a change of it runs, or waits for the runner."""
        unfinished = self._unfinished(machine, extension.name)
        return unfinished is not None or not self._is_settled(machine, extension.name)

    def _refuse_if_removing(self, extension: Extension) -> None:
        if extension.removing:
            raise conflict(extension.name, "It is being removed.", "Wait until it is gone, then create it.")

    def _refuse_if_busy(self, machine: Machine, extension: Extension) -> None:
        operation = self._unfinished(machine, extension.name)
        if operation is not None and isinstance(next_step(operation), Pause):
            raise conflict(
                extension.name,
                f"A rollback to {operation.old and operation.old.version} is pending on it.",
                "Resolve-AzConnectedMachineUpgrade goes forward, back, or stops.",
            )
        if self._is_busy(machine, extension):
            raise conflict(extension.name, "Another change of it is under way.", "Try again when it is done.")

    def _unfinished(self, machine: Machine, name: str) -> Operation | None:
        return self.store.operations.unfinished_of(machine.id, name)

    def _last_operation(self, machine: Machine, name: str) -> str | None:
        return self.store.operations.last_id(machine.id, name)

    def _is_settled(self, machine: Machine, name: str) -> bool:
        extension = self.store.extensions.find(machine.id, name)
        if extension is None:
            return True
        operation = self._unfinished(machine, name)
        if operation is not None:
            return isinstance(next_step(operation), Pause) and not extension.removing
        if self._is_held_back(extension):
            return True
        settings_due = extension.installed is not None and extension.settings.seq > extension.settings_tried
        if extension.removing or extension.reset_requested or settings_due:
            return False
        return extension.target is None or waits(extension)

    def _is_removed(self, machine: Machine, name: str, before: str | None) -> bool:
        if self.store.extensions.find(machine.id, name) is None or self._disabled(machine) is not None:
            return True
        last = self.store.operations.get(self._last_operation(machine, name) or "")
        return (
            last is not None
            and last.id != before
            and last.kind is OperationKind.REMOVE
            and last.outcome is Outcome.FAILED
        )

    # What the machine's configuration, or another extension, keeps from being done.

    def _disabled(self, machine: Machine) -> Refusal | None:
        return disabled(self.store.configurations.of(machine.id))

    def _refusal(self, extension: Extension) -> Refusal | None:
        """Why the machine does not admit the version that is due or, with none due, that is there."""
        version = extension.target
        if version is None and extension.installed is not None:
            version = extension.installed.version
        return refusal(self.store.configurations.of(extension.machine_id), extension.handler, version)

    def _is_held_back(self, extension: Extension) -> bool:
        """Say whether nobody will do what is due on it until something else changes."""
        if extension.removing:
            return disabled(self.store.configurations.of(extension.machine_id)) is not None
        is_told = extension.target is not None and extension.status.code in HELD_BACK
        return is_told or self._refusal(extension) is not None

    def _raise_if_held_back(self, machine: Machine, name: str, follow: Follower) -> None:
        """Tell the one who waited why nothing was done."""
        error = self._holding_back(machine, name)
        if error is not None:
            raise error
        extension = self.store.extensions.find(machine.id, name)
        if extension is None or not self._is_settled(machine, name):
            return
        if waits(extension):
            follow.warning(f"'{name}' stays as it is until then. {extension.status.message}")
        elif extension.status.code in HELD_BACK:
            follow.warning(f"'{name}' is not installed yet. {extension.status.message}")

    def _holding_back(self, machine: Machine, name: str) -> ConnectedMachineError | None:
        """Why nothing is done of what was asked for, if that is so."""
        extension = self.store.extensions.find(machine.id, name)
        if extension is None or not self._is_settled(machine, name):
            return None
        refused = self._disabled(machine) if extension.removing else self._refusal(extension)
        if refused is not None:
            return refused.error(name)
        status = extension.status
        if status.code in REFUSALS:
            hint = "An administrator of the machine changes that with Set-AzConnectedMachineConfiguration."
            return PermissionDeniedError(status.code, status.message, target=name, hint=hint)
        if status.code == VERSION_PINNED:
            return ConflictError(status.code, status.message, target=name, hint=UNPIN)
        if status.code == DEPENDENCY_FAILED:
            hint = "See to that one; this one follows once it is ready and the runner or a pass looks again."
            return ConflictError(status.code, status.message, target=name, hint=hint)
        return None

    def _stop_pending(self, machine: Machine, extension: Extension) -> None:
        """Removal ends a pending rollback: the old version is taken away rather than put back.

        Raises:
            ConflictError: ``HCRP409`` when others need that version.
        """
        operation = self._unfinished(machine, extension.name)
        if operation is None or not isinstance(next_step(operation), Pause):
            return
        others = self._others_waiting(machine, operation)
        if others:
            raise conflict(
                extension.name,
                f"A rollback is pending on the version that it shares with {others}.",
                "Resolve-AzConnectedMachineUpgrade goes forward, back, or stops.",
            )
        self.store.operations.choose(operation.id, Choice.STOP, self.clock.now())

    def _others_waiting(self, machine: Machine, operation: Operation) -> str:
        """The extensions of an operation that nobody asked to remove."""
        found = [self.store.extensions.find(machine.id, i.name) for i in operation.instances]
        return ", ".join(f"'{e.name}'" for e in found if e is not None and not e.removing)

    def _rollback_before_removal(self, machine: Machine, name: str) -> Pause | None:
        """The pending rollback of a shared version that a removal has to wait for."""
        operation = self._unfinished(machine, name)
        if operation is None or not self._others_waiting(machine, operation):
            return None
        step = next_step(operation)
        return step if isinstance(step, Pause) else None

    def _raise_if_kept(self, machine: Machine, name: str) -> None:
        """Tell the one who waited for a removal what it still waits for."""
        pause = self._rollback_before_removal(machine, name)
        if pause is not None:
            message = f"Its removal waits for a rollback. {pause.message}"
            raise _failed(Failure("RollbackPending", message), name)

    def _raise_if_failed(self, machine: Machine, name: str, before: str | None) -> None:
        """Tell the one who waited that the operation they waited for did not do what they asked."""
        last_id = self._last_operation(machine, name)
        if last_id is None or last_id == before:
            return
        last = self.store.operations.get(last_id)
        assert last is not None
        if last.outcome is Outcome.CANCELLED and self.store.extensions.find(machine.id, name) is None:
            return
        failure = failure_of(last)
        if failure is not None:
            raise _failed(failure, name)


def looked_at_again(extension: Extension) -> Extension:
    """The extension when it was asked for again: what it waits for is judged anew."""
    if extension.status.code != Reason.OUTSIDE_WINDOW and (
        extension.target is None or extension.status.code not in HELD_BACK
    ):
        return extension
    return replace(extension, status=Status())


def wish_of(extension: Extension) -> tuple[object, ...]:
    """What makes two wishes for the same extension different work."""
    return extension.target, extension.settings.seq, extension.ignore_window


def with_override(extension: Extension, before: Extension, *, ignores_window: bool) -> Extension:
    """The extension with the word on whether its target waits for a window; that goes with the target."""
    kept = before.ignore_window and extension.target == before.target
    return replace(extension, ignore_window=extension.target is not None and (ignores_window or kept))


@dataclass(frozen=True)
class Failure:
    """Why an operation did not do what was asked; ``RollbackPending`` is one that goes on by itself."""

    code: str
    message: str


def failure_of(operation: Operation) -> Failure | None:
    """What went wrong with an operation; ``None`` when it succeeded, or while it runs."""
    if operation.outcome is Outcome.SUCCEEDED:
        return None
    if operation.outcome is None:
        step = next_step(operation)
        return Failure("RollbackPending", step.message) if isinstance(step, Pause) else None
    return Failure("DiskFull" if operation.code == "DiskFull" else "HCRP400", operation.message)


def _failed(failure: Failure, name: str) -> HandlerError:
    hint = "Get-AzConnectedMachineUpgrade -History shows each step."
    return HandlerError(failure.code, failure.message, target=name, hint=hint)


def refuse_if_pinned(pins: Sequence[Pin], extension: str, version: Version) -> None:
    """Raise ``VersionPinned`` when a pin excludes a version that was asked for."""
    pin = pinned_out(pins, version)
    if pin is not None:
        message = in_words(pin, extension, version)
        raise ConflictError(VERSION_PINNED, message, target=extension, hint=UNPIN)


def conflict(target: str, message: str, hint: str) -> ConflictError:
    """The error for a change that collides with what is there or under way."""
    return ConflictError("HCRP409", message, target=target, hint=hint)
