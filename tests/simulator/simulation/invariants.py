"""What must hold of a machine after faults, and what must have become of it when they have stopped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from connectedmachine.model.operation import Operation, OperationKind, Outcome, Pause, StepName, StepOutcome
from connectedmachine.model.policy import Backoff
from connectedmachine.model.resource import Extension
from connectedmachine.upgrade.operation import LONGEST_PAUSE, next_step
from connectedmachine.upgrade.restraint import retry_at
from simulation.gallery import Release
from simulation.hands import BrokenRuleError
from simulation.world import World

_TRIES = (OperationKind.INSTALL, OperationKind.CHANGE_VERSION)


def check_pending(world: World) -> None:
    """Whatever a runner at rest leaves unfinished is tried again at a time that is known and near."""
    for operation in world.store.operations.unfinished(world.machine.id):
        step = next_step(operation)
        if not isinstance(step, Pause):
            raise BrokenRuleError(f"the runner rests, and {operation.kind} of {operation.extension} is open")
        if not timedelta(0) < step.since + timedelta(seconds=step.seconds) - step.since <= _DAY:
            raise BrokenRuleError(f"the next try of {operation.extension} is at no near time")


_DAY = timedelta(seconds=LONGEST_PAUSE)


def check_history(world: World) -> None:
    """Whole, in order, and no failed version was tried again before its time."""
    history = world.history()
    for operation in history:
        _check_order(operation)
    _check_retries(world.machine.id, history)


def _check_order(operation: Operation) -> None:
    where = f"{operation.kind} of {operation.extension} to {operation.new.version}"
    if [record.seq for record in operation.journal] != [*range(1, len(operation.journal) + 1)]:
        raise BrokenRuleError(f"a record is missing from {where}")
    last = operation.began
    for record in operation.journal:
        if record.step is not None and (record.ended is None or record.outcome is None):
            if operation.ended is not None:
                raise BrokenRuleError(f"{where} ended before {record.step}")
            continue
        assert record.ended is not None
        if not last <= record.began <= record.ended:
            raise BrokenRuleError(f"{where} is out of order at {record.seq}")
        last = record.ended
    if operation.ended is not None and operation.ended < last:
        raise BrokenRuleError(f"{where} ended before its last step")


def _check_retries(machine_id: str, history: Iterable[Operation]) -> None:
    failed: dict[str, tuple[Operation, int]] = {}
    for operation in history:
        if operation.kind is OperationKind.REMOVE and operation.outcome is Outcome.SUCCEEDED:
            failed.pop(operation.extension, None)
        if operation.kind not in _TRIES:
            continue
        before = failed.get(operation.extension)
        again = before is not None and before[0].new.version == operation.new.version
        if before is not None and again and operation.automatic:
            assert before[0].ended is not None
            backoff = Backoff(operation.new.version, before[1], before[0].ended, before[0].ended)
            due = retry_at(backoff, operation.policy, machine_id)
            if due is None or operation.began < due:
                raise BrokenRuleError(f"{operation.new.version} was tried again too early")
        if operation.outcome in (Outcome.FAILED, Outcome.ROLLED_BACK):
            failed[operation.extension] = (operation, 1 if before is None or not again else before[1] + 1)
        elif operation.outcome is Outcome.SUCCEEDED:
            failed.pop(operation.extension, None)


def unsettled(world: World, now: datetime) -> str:
    """What is still to come of a machine whose luck has turned; empty when all is as it should be."""
    pending = world.store.operations.unfinished(world.machine.id)
    if pending:
        return f"{pending[0].kind} of {pending[0].extension} is open"
    for extension in world.extensions():
        missing = _missing(world, extension, now)
        if missing:
            return f"{extension.name} {missing}"
    for key, there in world.disk.handlers.items():
        wanted = {e.installed.version for e in world.extensions() if e.handler.key == key and e.installed}
        if {version for version, _ in there.running} - wanted:
            return f"{key} runs what nobody wants: {there.running}"
        if (there.kept or there.folders - wanted) and not _left_by_failure(world, key):
            return f"{key} left behind {there.kept or there.folders - wanted}"
    return ""


def _left_by_failure(world: World, key: str) -> bool:
    """Say whether the end of a folder failed, which an operation notes and passes over."""
    return any(
        record.step is not None
        and record.step.name in (StepName.DISCARD, StepName.RETIRE)
        and record.outcome is StepOutcome.FAILED
        for operation in world.history()
        if operation.handler.key == key
        for record in operation.journal
    )


def _missing(world: World, extension: Extension, now: datetime) -> str:
    if extension.removing:
        return "is still to be removed"
    if extension.stopped:
        return ""  # a person said so
    if extension.installed is None:
        return "is not installed"
    if extension.target is not None or extension.settings.seq > extension.settings_tried:
        return "was asked for something that nobody tries"
    there = world.disk.of(extension.handler.key)
    version = extension.installed.version
    name = extension.name if extension.installed.manifest.supports_multiple_extensions else ""
    if (version, name) not in there.running:
        return f"has {version}, which does not run"
    newest = world.gallery.of(extension.handler)[-1]
    if newest.version != version and not newest.bad and _moves(world, extension, now):
        return f"stays at {version}, and {newest.version} is good"
    return ""


def _moves(world: World, extension: Extension, now: datetime) -> bool:
    """Say whether it is to follow the newest release by itself."""
    sharing = world.store.extensions.of_handler(world.machine.id, extension.handler)
    at: Release = next(
        r
        for r in world.gallery.of(extension.handler)
        if extension.installed is not None and r.version == extension.installed.version
    )
    held = (hold for e in sharing for hold in world.store.policies.holds(world.machine.id, e.name))
    return (
        not at.sticky
        and all(e.automatic_upgrade and not e.stopped for e in sharing)
        and all(hold.until is not None and now >= hold.until for hold in held)
    )
