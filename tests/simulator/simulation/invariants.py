"""What must hold of a machine after faults, and what must have become of it when they have stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectedmachine.model.operation import (
    Choice,
    Operation,
    OperationKind,
    Outcome,
    Pause,
    StepName,
    StepOutcome,
)
from connectedmachine.model.policy import Backoff
from connectedmachine.model.resource import Extension
from connectedmachine.model.version import Version
from connectedmachine.upgrade.calendar import is_open
from connectedmachine.upgrade.operation import LONGEST_PAUSE, next_step
from connectedmachine.upgrade.restraint import retry_at
from simulation.gallery import Release
from simulation.hands import BrokenRuleError
from simulation.world import Told, World

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
    _check_retries(world, history)
    _check_pins(world, history)
    if world.windows:
        _check_windows(world, history)


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


def _check_retries(world: World, history: Sequence[Operation]) -> None:
    """No pass tried on any extension what had failed on it, before its time or somebody's word."""
    failed: dict[tuple[str, Version], Backoff] = {}
    last_try: dict[tuple[str, Version], Operation] = {}
    told = [*world.told]
    for number, operation in enumerate(history):
        while told and told[0].operations <= number:
            _hear(told.pop(0), failed)
        if operation.kind not in _TRIES:
            continue
        for instance in operation.instances:
            key = (instance.name, operation.new.version)
            before = failed.get(key)
            if before is not None and operation.automatic and not before.waived:
                due = retry_at(before, operation.policy, world.machine.id)
                if due is None or operation.began < due:
                    raise BrokenRuleError(f"{operation.new.version} was tried again too early")
            _count(operation, key, failed, last_try.get(key))
            last_try[key] = operation


def _hear(told: Told, failed: dict[tuple[str, Version], Backoff]) -> None:
    for key in [key for key in failed if key[0] == told.extension]:
        if told.retry:
            failed[key] = replace(failed[key], waived=True)
        else:
            del failed[key]


def _count(
    operation: Operation,
    key: tuple[str, Version],
    failed: dict[tuple[str, Version], Backoff],
    before: Operation | None,
) -> None:
    if operation.outcome is Outcome.SUCCEEDED or any(r.choice is Choice.FORWARD for r in operation.journal):
        failed.pop(key, None)
    elif operation.outcome in (Outcome.FAILED, Outcome.ROLLED_BACK) and _says_something(operation, before):
        assert operation.ended is not None
        earlier = failed.get(key)
        first = operation.ended if earlier is None else earlier.first_failed_at
        failures = 0 if earlier is None else earlier.failures
        failed[key] = Backoff(operation.new.version, failures + 1, operation.ended, first)


def _says_something(operation: Operation, before: Operation | None) -> bool:
    """Say whether a failure is one of the version: a full disk is when it rolled back two tries in a row."""
    return operation.code != "DiskFull" or (_filled_the_disk(operation) and _filled_the_disk(before))


def _filled_the_disk(operation: Operation | None) -> bool:
    return operation is not None and (operation.outcome, operation.code) == (Outcome.ROLLED_BACK, "DiskFull")


def _check_pins(world: World, history: Sequence[Operation]) -> None:
    """Nothing that began after a pin led to what it excludes."""
    for number, pin in world.pins:
        for operation in history[number:]:
            leads_there = operation.kind in _TRIES and pin.excludes(operation.new.version)
            if leads_there and operation.covers(pin.extension) and operation.outcome is not Outcome.CANCELLED:
                raise BrokenRuleError(f"{operation.extension} went to {operation.new.version}: {pin}")


def _check_windows(world: World, history: Sequence[Operation]) -> None:
    """No installed version was touched for another one outside of the machine's windows."""
    for operation in history:
        if operation.kind is not OperationKind.CHANGE_VERSION or operation.initiator.endswith("ignored)"):
            continue
        # One that was withdrawn found the window closed, and did nothing.
        begun = (r for r in operation.journal if r.outcome is not StepOutcome.WITHDRAWN)
        touching = next((r for r in begun if r.step is not None and r.step.name in _TOUCHING), None)
        if touching is not None and not is_open(world.windows, touching.began, world.machine.id):
            raise BrokenRuleError(f"{operation.extension} was changed outside of every window")


_TOUCHING = (StepName.DISABLE, StepName.CARRY, StepName.UPDATE)


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
        # What keeps those that share its handler where they are keeps it from the version it asks for.
        others = [e for e in _sharing(world, extension) if e.installed is not None]
        moves = all(_moves(world, other, now) for other in others)
        return "is not installed" if moves and not _is_pinned_out(world, extension) else ""
    if extension.target is not None or extension.settings.seq > extension.settings_tried:
        return "was asked for something that nobody tries"
    there = world.disk.of(extension.handler.key)
    version = extension.installed.version
    name = extension.name if extension.installed.manifest.supports_multiple_extensions else ""
    if (version, name) not in there.running:
        return f"has {version}, which does not run"
    newest = world.gallery.of(extension.handler)[-1]
    pinned = _is_excluded(world, extension, newest.version)
    if newest.version != version and not newest.bad and not pinned and _moves(world, extension, now):
        return f"stays at {version}, and {newest.version} is good"
    return ""


def _is_pinned_out(world: World, extension: Extension) -> bool:
    """Say whether somebody excluded all that the extension asks for."""
    asked_for = [r for r in world.gallery.of(extension.handler) if extension.requested.matches(r.version)]
    return all(_is_excluded(world, extension, release.version) for release in asked_for)


def _is_excluded(world: World, extension: Extension, version: Version) -> bool:
    names = [extension.name, *(e.name for e in _sharing(world, extension))]
    return any(pin.extension in names and pin.excludes(version) for _, pin in world.pins)


def _sharing(world: World, extension: Extension) -> list[Extension]:
    return world.store.extensions.of_handler(world.machine.id, extension.handler)


def _moves(world: World, extension: Extension, now: datetime) -> bool:
    """Say whether it is to follow the newest release by itself."""
    sharing = _sharing(world, extension)
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
