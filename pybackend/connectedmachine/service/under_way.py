"""What is under way on an extension, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from connectedmachine.model.errors import ConflictError, HandlerError
from connectedmachine.model.operation import Choice, Operation, OperationKind, Outcome, Pause
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.service.follow import Follow
from connectedmachine.upgrade.operation import next_step


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
        return next(
            (o for o in self.store.operations.unfinished(machine.id) if o.extension.lower() == name.lower()),
            None,
        )

    def _last_operation(self, machine: Machine, name: str) -> str | None:
        return self.store.operations.last_id(machine.id, name)

    def _is_settled(self, machine: Machine, name: str) -> bool:
        extension = self.store.extensions.find(machine.id, name)
        if extension is None:
            return True
        operation = self._unfinished(machine, name)
        if operation is not None:
            return isinstance(next_step(operation), Pause) and not extension.removing
        settings_due = extension.installed is not None and extension.settings.seq > extension.settings_tried
        if extension.removing or settings_due:
            return False
        return extension.target is None

    def _is_removed(self, machine: Machine, name: str, before: str | None) -> bool:
        if self.store.extensions.find(machine.id, name) is None:
            return True
        last = self.store.operations.get(self._last_operation(machine, name) or "")
        return (
            last is not None
            and last.id != before
            and last.kind is OperationKind.REMOVE
            and last.outcome is Outcome.FAILED
        )

    def _stop_pending(self, machine: Machine, extension: Extension) -> None:
        """Removal ends a pending rollback: the old version is taken away rather than put back."""
        operation = self._unfinished(machine, extension.name)
        if operation is not None and isinstance(next_step(operation), Pause):
            self.store.operations.choose(operation.id, Choice.STOP, self.clock.now())

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
            raise HandlerError(
                failure.code,
                failure.message,
                target=name,
                hint="Get-AzConnectedMachineUpgrade -History shows each step.",
            )


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


def conflict(target: str, message: str, hint: str) -> ConflictError:
    """The error for a change that collides with what is there or under way."""
    return ConflictError("HCRP409", message, target=target, hint=hint)
