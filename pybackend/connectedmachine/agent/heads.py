"""The head of an operation from what was planned; and the same as a plan has it, before anything begins.

Both come from here, so what a plan says is what the runner does.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from connectedmachine.agent.planner import Planner, sharing
from connectedmachine.model.operation import Instance, Operation, OperationKind, PackageRef
from connectedmachine.model.resource import Extension
from connectedmachine.model.upgrade_plan import PlannedMove
from connectedmachine.store import Store
from connectedmachine.store.passes import Pass
from connectedmachine.upgrade.operation import health_window
from connectedmachine.upgrade.subject import Move


def operation_for(
    store: Store, extension: Extension, move: Move, planner: Planner, pass_: Pass | None, now: datetime
) -> Operation:
    """An operation that does ``move``; it is not begun yet."""
    siblings = sharing(store, extension)
    # One that joins acts on what its siblings have.
    installed = extension.installed or next((s.installed for s in siblings), None)
    current = None if installed is None else PackageRef(installed.version, installed.sha256)
    new = current if move.image is None else PackageRef(move.image.version, move.image.sha256)
    assert new is not None
    changes = move.kind is OperationKind.CHANGE_VERSION
    return Operation(
        id=str(uuid.uuid4()),
        machine_id=extension.machine_id,
        extension=extension.name,
        handler=extension.handler,
        kind=move.kind,
        old=current if changes else None,
        new=new,
        old_manifest=None if installed is None else installed.manifest,
        instances=tuple(_instance(e) for e in ([extension, *siblings] if changes else [extension])),
        automatic=move.automatic,
        initiator=_initiator(extension, move, pass_),
        policy=planner.policy(extension),
        began=now,
        partial=bool(siblings) and move.kind in (OperationKind.INSTALL, OperationKind.REMOVE),
        pass_id=None if pass_ is None else pass_.id,
    )


def nothing_to_remove(extension: Extension, move: Move) -> bool:
    """Say whether a removal has nothing on the machine to take away, so that no operation is needed."""
    return move.kind is OperationKind.REMOVE and extension.installed is None


def planned_move(
    store: Store, extension: Extension, move: Move, planner: Planner, now: datetime
) -> PlannedMove:
    """What the operation that does ``move`` would do."""
    if nothing_to_remove(extension, move):
        return PlannedMove(
            extension.name, (extension.name,), move.kind, False, None, None, None, (), 0.0, 0.0, None
        )
    operation = operation_for(store, extension, move, planner, None, now)
    return PlannedMove(
        extension=extension.name,
        extensions=tuple(instance.name for instance in operation.instances),
        operation=operation.kind,
        automatic=operation.automatic,
        from_version=None if operation.old is None else operation.old.version,
        to_version=operation.new.version,
        sha256=operation.new.sha256,
        settings=tuple(instance.settings_seq for instance in operation.instances),
        health_window=health_window(operation),
        stable_for=operation.policy.stable_for,
        healthy_for=operation.policy.healthy_for,
    )


def _initiator(extension: Extension, move: Move, pass_: Pass | None) -> str:
    if move.automatic and pass_ is not None:
        return pass_.initiator
    ignores = move.kind is OperationKind.CHANGE_VERSION and extension.ignore_window
    return (
        f"{extension.target_initiator} (maintenance windows ignored)"
        if ignores
        else extension.target_initiator
    )


def _instance(extension: Extension) -> Instance:
    installed = extension.installed
    return Instance(
        extension.name,
        extension.settings.seq,
        None if installed is None else installed.settings_seq,
        installed is not None and installed.enabled,
    )
