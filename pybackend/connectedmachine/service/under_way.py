"""What is under way on an extension, and what came of it."""

from __future__ import annotations

from connectedmachine.model.errors import ConflictError, ConnectedMachineError, HandlerError
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
            (o for o in self.store.operations.unfinished(machine.id) if o.covers(name)),
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
        if extension.removing or extension.reset_requested or settings_due:
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
            raise _failed("RollbackPending", name, f"Its removal waits for a rollback. {pause.message}")

    def _raise_if_failed(self, machine: Machine, name: str, before: str | None) -> None:
        """Tell the one who waited that the operation they waited for did not do what they asked."""
        last_id = self._last_operation(machine, name)
        if last_id is None or last_id == before:
            return
        last = self.store.operations.get(last_id)
        assert last is not None
        if last.outcome is Outcome.SUCCEEDED:
            return
        if last.outcome is None:
            step = next_step(last)
            if isinstance(step, Pause):
                raise _failed("RollbackPending", name, step.message)
            return
        if last.outcome is Outcome.CANCELLED and self.store.extensions.find(machine.id, name) is None:
            return
        raise _failed("DiskFull" if last.code == "DiskFull" else "HCRP400", name, last.message)


def _failed(code: str, name: str, message: str) -> ConnectedMachineError:
    hint = "Get-AzConnectedMachineUpgrade -History shows each step."
    return HandlerError(code, message, target=name, hint=hint)


def conflict(target: str, message: str, hint: str) -> ConflictError:
    """The error for a change that collides with what is there or under way."""
    return ConflictError("HCRP409", message, target=target, hint=hint)
