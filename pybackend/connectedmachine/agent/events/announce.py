"""Writes what happened to an operation into the outbox. Call it in the transaction that makes it happen."""

from __future__ import annotations

import uuid
from datetime import datetime

from connectedmachine.agent.outcome import reason_of
from connectedmachine.model.decision import Reason
from connectedmachine.model.event import Event, EventKind
from connectedmachine.model.operation import End, Operation, OperationKind, Outcome, Pause, Side
from connectedmachine.store import Store

_KINDS = {
    Outcome.SUCCEEDED: EventKind.SUCCEEDED,
    Outcome.ROLLED_BACK: EventKind.ROLLED_BACK,
    Outcome.FAILED: EventKind.FAILED,
    Outcome.CANCELLED: EventKind.CANCELLED,
}


def begun(store: Store, operation: Operation, now: datetime) -> None:
    """An operation has begun."""
    message = f"{operation.kind} to {operation.new.version} has begun."
    _post(store, operation, EventKind.BEGUN, Reason.OPERATION_IN_PROGRESS, message, _before(operation), now)


def pending(store: Store, operation: Operation, pause: Pause, now: datetime) -> None:
    """A rollback could not be done yet; nothing is sure to work until it is."""
    kind, reason = EventKind.ROLLBACK_PENDING, Reason.ROLLBACK_PENDING
    _post(store, operation, kind, reason, pause.message, None, now)


def ended(store: Store, operation: Operation, end: End, now: datetime) -> None:
    """An operation has ended."""
    installed = None if end.installed is None else _version(operation, end.installed)
    if operation.kind is OperationKind.REMOVE and end.outcome is Outcome.SUCCEEDED:
        installed = None
    reason = reason_of(operation.kind, end.outcome, end.code)
    _post(store, operation, _KINDS[end.outcome], reason, end.message, installed, now)


def _post(
    store: Store,
    operation: Operation,
    kind: EventKind,
    reason: Reason,
    message: str,
    installed: str | None,
    now: datetime,
) -> None:
    if not store.events.any():
        return
    machine = store.machines.get(operation.machine_id)
    assert machine is not None
    event = Event(
        id=str(uuid.uuid4()),
        kind=kind,
        time=now,
        resource_group=machine.resource_group,
        machine=machine.name,
        extensions=tuple(instance.name for instance in operation.instances),
        operation=operation.kind,
        operation_id=operation.id,
        from_version=_version(operation, Side.OLD),
        to_version=str(operation.new.version),
        installed_version=installed,
        reason=reason,
        message=message,
        initiator=operation.initiator,
    )
    store.events.post(machine.id, event)


def _before(operation: Operation) -> str | None:
    if operation.kind is OperationKind.INSTALL:
        return None
    return _version(operation, Side.OLD if operation.old else Side.NEW)


def _version(operation: Operation, side: Side) -> str | None:
    if side is Side.OLD:
        return None if operation.old is None else str(operation.old.version)
    return str(operation.new.version)
