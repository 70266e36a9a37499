"""``next_step``: from an operation's journal to the step to do, a pause, or the verdict.

The rules are section 5 of the design page; the forward order is Azure's (handler contract 2.5).

Round 0 goes forward, round 1 undoes what the journal shows was begun, each further round tries again to
bring the old version back from its zip. Failures of the new version's own commands during an undo are
passed over; failures on the old version's side make the rollback pending. An operation is never left in a
dead end by itself.

Extensions that share a version move together: what belongs to the version is done once, ``enable`` and
``disable`` for each of them, and the failure of one undoes the change for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.operation import (
    Choice,
    Do,
    End,
    Instance,
    NextStep,
    Operation,
    OperationKind,
    Outcome,
    Pause,
    Side,
    Step,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.upgrade.journal import Planned, began, succeeded, walk, why

LONGEST_PAUSE = 86_400.0
"""A pending rollback is tried at least once a day, in seconds."""

OLD, NEW = Side.OLD, Side.NEW

FETCH = Step(StepName.FETCH, NEW)
BASELINE = Step(StepName.BASELINE, OLD)
CARRY = Step(StepName.CARRY, NEW)
KEEP = Step(StepName.KEEP, OLD)
WATCH = Step(StepName.WATCH, NEW)
RETIRE = Step(StepName.RETIRE, OLD)
RESTORE = Step(StepName.RESTORE, OLD)
CONFIRM = Step(StepName.CONFIRM, OLD)
UPDATE_BACK = Step(StepName.UPDATE, NEW, target=OLD)


def next_step(operation: Operation) -> NextStep:
    """Say what is next.

    Args:
        operation: Head and journal. Nothing else is looked at.

    Returns:
        ``Do`` (with ``resume`` for a step whose outcome is not in the journal), ``Pause`` while a rollback
        is pending, or ``End``.
    """
    for record in operation.journal:
        if record.step is not None and record.outcome is None:
            return Do(record.step, record.round, resume=True)
    match operation.kind:
        case OperationKind.INSTALL:
            return _install(operation)
        case OperationKind.CONFIGURE:
            return _configure(operation)
        case OperationKind.REMOVE:
            return _remove(operation)
        case OperationKind.RESET_STATE:
            return _reset_state(operation)
        case OperationKind.CHANGE_VERSION:
            return _change_version(operation)


def is_due(operation: Operation, now: datetime) -> bool:
    """Say whether an unfinished operation has something to do now, as after the host went down."""
    step = next_step(operation)
    return not isinstance(step, Pause) or step.is_due(now)


def fetched_manifest(operation: Operation) -> HandlerManifest | None:
    """The new version's manifest, once it was fetched."""
    return next((record.manifest for record in operation.journal if record.manifest is not None), None)


def manifest_for(operation: Operation, side: Side) -> HandlerManifest:
    """The manifest of one of its versions; of the new one once it was fetched."""
    manifest = operation.old_manifest
    if side is NEW:
        manifest = fetched_manifest(operation) or manifest
    assert manifest is not None
    return manifest


def instance_step(operation: Operation, name: StepName, side: Side, instance: Instance) -> Step:
    """A step about one extension, which only a handler that may have several is told by name."""
    several = manifest_for(operation, side).supports_multiple_extensions
    return Step(name, side, instance=instance.name if several else None)


def exit_code_of(operation: Operation, step: Step) -> int | None:
    """The exit code of the last attempt at a command, which later commands are told (contract 2.2).

    One that failed without a code of its own has the agent's (contract 2.1); ``None`` when it was not run.
    """
    last = next((record for record in reversed(operation.journal) if record.step == step), None)
    if last is None or last.outcome is not StepOutcome.FAILED or last.exit_code is not None:
        return None if last is None else last.exit_code
    return _AGENT_CODES.get(last.code, _UNKNOWN_CODE)


_AGENT_CODES = {"HandlerTimeout": 1011, "ManifestMissing": 1002}
_UNKNOWN_CODE = -1


def health_window(operation: Operation) -> float:
    """Length of the window that follows ``enable(new)``, in seconds; 0 for none."""
    if operation.kind is not OperationKind.CHANGE_VERSION:
        return 0.0
    policy = operation.policy
    return policy.health_window if operation.automatic else policy.manual_health_window


# One function per kind of operation.


def _change_version(operation: Operation) -> NextStep:
    latest = max((record.round for record in operation.journal), default=0)
    forward = walk(operation, 0, _forward(operation))
    if isinstance(forward, Do):
        return forward
    assert operation.old is not None
    old, new = operation.old.version, operation.new.version
    if forward is None:
        return End(Outcome.SUCCEEDED, _success_message(operation), NEW)
    if forward.outcome is StepOutcome.WITHDRAWN:
        return _withdrawn(operation, forward)
    if forward.step == FETCH:
        # An earlier attempt, or this one, may have unpacked it.
        unpacked = walk(operation, 1, [Planned(Step(StepName.DISCARD, NEW), tolerated=True)])
        if isinstance(unpacked, Do):
            return unpacked
        return End(
            Outcome.FAILED, f"{why(forward)} {old} was not touched.", OLD, forward.code or "FetchFailed"
        )
    round_ = max(latest, 1)
    undo = _undo(operation) if round_ == 1 else _further_try(operation)
    back = walk(operation, round_, undo)
    if isinstance(back, Do):
        return back
    if back is None:
        return End(Outcome.ROLLED_BACK, f"{why(forward)} {old} was put back.", OLD, forward.code)
    choice = next((r.choice for r in operation.journal if r.choice is not None and r.seq > back.seq), None)
    further = Do(_further_try(operation)[0].step, round_ + 1)
    if choice is Choice.BACK:
        return further
    if choice is not None:
        return _given_up(operation, choice, forward)
    assert back.ended is not None
    pause = min(operation.policy.rollback_pause * 2.0 ** min(round_ - 1, 40), LONGEST_PAUSE)
    message = f"{why(forward)} Going back from {new} to {old} is not done yet: {why(back)}"
    return Pause(back.ended, pause, further, message)


def _install(operation: Operation) -> NextStep:
    forward = walk(operation, 0, _first_steps(operation))
    if isinstance(forward, Do):
        return forward
    version = operation.new.version
    if forward is None:
        return End(Outcome.SUCCEEDED, f"Installed {version}.", NEW)
    clean_up = walk(operation, 1, _clean_up(operation))
    if isinstance(clean_up, Do):
        return clean_up
    if forward.outcome is StepOutcome.WITHDRAWN:
        return End(Outcome.CANCELLED, forward.message, None, forward.code)
    gone = "What had been installed was removed."
    if operation.partial:
        gone = f"The other extensions that use {version} were not touched."
    return End(Outcome.FAILED, f"{why(forward)} {gone}", None, forward.code)


def _configure(operation: Operation) -> NextStep:
    enable = walk(operation, 0, _each(operation, StepName.ENABLE, NEW))
    if isinstance(enable, Do):
        return enable
    if enable is None:
        return End(Outcome.SUCCEEDED, f"Applied new settings to {operation.new.version}.", NEW)
    return End(Outcome.FAILED, f"The settings were not accepted. {why(enable)}", NEW, enable.code)


def _reset_state(operation: Operation) -> NextStep:
    steps = [Planned(instance_step(operation, StepName.DISABLE, NEW, i)) for i in _enabled_before(operation)]
    reset = walk(operation, 0, [*steps, *_each(operation, StepName.RESET_STATE, NEW)])
    if isinstance(reset, Do):
        return reset
    # Whatever came of it, the extension is to work again.
    enable = walk(operation, 0, _each(operation, StepName.ENABLE, NEW))
    if isinstance(enable, Do):
        return enable
    failed = [record for record in (reset, enable) if record is not None]
    if not failed:
        return End(Outcome.SUCCEEDED, f"Reset the state of {operation.new.version}.", NEW)
    message = " ".join(why(record) for record in failed)
    if enable is None:
        message = f"{message} It was enabled again."
    return End(Outcome.FAILED, message, NEW, failed[0].code)


def _remove(operation: Operation) -> NextStep:
    steps = [
        Planned(instance_step(operation, StepName.DISABLE, NEW, instance), tolerated=True)
        for instance in operation.instances
        if instance.old_enabled
    ]
    if operation.partial:
        steps += _each(operation, StepName.FORGET, NEW)
    else:
        steps += [
            Planned(Step(StepName.UNINSTALL, NEW), tolerated=True),
            Planned(Step(StepName.DISCARD, NEW)),
        ]
    failed = walk(operation, 0, steps)
    if isinstance(failed, Do):
        return failed
    if failed is not None:
        return End(Outcome.FAILED, f"{why(failed)} It is tried again.", NEW, failed.code)
    passed_over = [why(r) for r in operation.journal if r.outcome is StepOutcome.FAILED]
    done = f"Removed {operation.new.version}."
    if operation.partial:
        done = f"Removed; other extensions use {operation.new.version} further on."
    return End(Outcome.SUCCEEDED, " ".join([done, *passed_over]), None)


# The lists of steps.


def _each(operation: Operation, name: StepName, side: Side, *, tolerated: bool = False) -> list[Planned]:
    """A step for each extension of the operation."""
    return [Planned(instance_step(operation, name, side, i), tolerated) for i in operation.instances]


def _begun(operation: Operation, name: StepName, side: Side) -> list[Instance]:
    """The extensions for which round 0 began a step."""
    return [i for i in operation.instances if began(operation, instance_step(operation, name, side, i))]


def _forward(operation: Operation) -> Iterable[Planned]:
    yield Planned(FETCH)
    manifest = fetched_manifest(operation)
    assert manifest is not None, "the walk stops at a fetch that is not done"
    go_on = manifest.continue_on_update_failure
    yield Planned(BASELINE)
    for instance in _enabled_before(operation):
        yield Planned(instance_step(operation, StepName.DISABLE, OLD, instance), tolerated=go_on)
    yield Planned(CARRY)
    yield Planned(_update(operation))
    yield Planned(Step(StepName.UNINSTALL, OLD), tolerated=go_on)
    yield Planned(KEEP)
    if manifest.update_with_install:
        yield Planned(Step(StepName.INSTALL, NEW))
    yield from _each(operation, StepName.ENABLE, NEW)
    if health_window(operation) > 0:
        yield Planned(WATCH)
    yield Planned(RETIRE, tolerated=True)


def _first_steps(operation: Operation) -> Iterable[Planned]:
    if not operation.partial:
        yield Planned(FETCH)
        yield Planned(Step(StepName.INSTALL, NEW))
    yield from _each(operation, StepName.ENABLE, NEW)


def _undo(operation: Operation) -> list[Planned]:
    """Undo what round 0 began, and nothing else."""
    update, install = _update(operation), Step(StepName.INSTALL, NEW)
    enabled_new = _begun(operation, StepName.ENABLE, NEW)
    disabled_old = _begun(operation, StepName.DISABLE, OLD)
    uninstalled_old = began(operation, Step(StepName.UNINSTALL, OLD))
    steps = [
        Planned(instance_step(operation, StepName.DISABLE, NEW, instance), tolerated=True)
        for instance in enabled_new
    ]
    if any(succeeded(operation, instance_step(operation, StepName.ENABLE, NEW, i)) for i in enabled_new):
        steps.append(Planned(UPDATE_BACK, tolerated=True))
    updated_new = update.side is NEW and began(operation, update)
    # On a downgrade the old version ran the update; what the new one did then shows in its enable alone.
    if updated_new or began(operation, install) or enabled_new:
        steps.append(Planned(Step(StepName.UNINSTALL, NEW), tolerated=True))
    if disabled_old or uninstalled_old or began(operation, update):
        steps.append(Planned(RESTORE))
    if uninstalled_old:
        steps.append(Planned(Step(StepName.INSTALL, OLD)))
    steps += _enable_old(operation, disabled_old)
    return [*steps, *_tidy_up(operation)]


def _further_try(operation: Operation) -> list[Planned]:
    """Bring the old version back from its zip, whatever state earlier tries left it in."""
    return [
        Planned(RESTORE),
        Planned(Step(StepName.UNINSTALL, OLD), tolerated=True),
        Planned(Step(StepName.INSTALL, OLD)),
        *_enable_old(operation, _enabled_before(operation)),
        *_tidy_up(operation),
    ]


def _tidy_up(operation: Operation) -> list[Planned]:
    """The end of an undo: what is left of the new version, and of extensions that were to join it, goes."""
    newcomers = [i for i in operation.instances if i.old_settings_seq is None]
    forget = [Planned(instance_step(operation, StepName.FORGET, OLD, i), tolerated=True) for i in newcomers]
    return [*forget, Planned(Step(StepName.DISCARD, NEW), tolerated=True)]


def _enable_old(operation: Operation, instances: list[Instance]) -> list[Planned]:
    if not instances:
        return []
    steps = [Planned(instance_step(operation, StepName.ENABLE, OLD, instance)) for instance in instances]
    return [*steps, Planned(CONFIRM)]


def _enabled_before(operation: Operation) -> list[Instance]:
    return [instance for instance in operation.instances if instance.old_enabled]


def _clean_up(operation: Operation) -> list[Planned]:
    """Take away what a first install left."""
    steps: list[Planned] = []
    if fetched_manifest(operation) is not None or operation.partial:
        steps += [
            Planned(instance_step(operation, StepName.DISABLE, NEW, instance), tolerated=True)
            for instance in _begun(operation, StepName.ENABLE, NEW)
        ]
    if operation.partial:
        return [*steps, *_each(operation, StepName.FORGET, NEW, tolerated=True)]
    if began(operation, Step(StepName.INSTALL, NEW)):
        steps.append(Planned(Step(StepName.UNINSTALL, NEW), tolerated=True))
    return [*steps, Planned(Step(StepName.DISCARD, NEW), tolerated=True)]


def _withdrawn(operation: Operation, record: StepRecord) -> NextStep:
    """The wish changed: before anything was touched nothing stays, in the window the new version does."""
    in_window = record.step == WATCH
    last = RETIRE if in_window else Step(StepName.DISCARD, NEW)
    step = walk(operation, 1, [Planned(last, tolerated=True)])
    if isinstance(step, Do):
        return step
    return End(Outcome.CANCELLED, record.message, NEW if in_window else OLD, record.code)


def _given_up(operation: Operation, choice: Choice, failure: StepRecord) -> NextStep:
    """An operator ended a pending rollback. Its records share a round that no try can have."""
    assert operation.old is not None
    steps = [Planned(Step(StepName.DISCARD, NEW), tolerated=True)]
    if choice is Choice.FORWARD:
        steps = [
            Planned(Step(StepName.UNINSTALL, OLD), tolerated=True),
            Planned(Step(StepName.DISCARD, OLD), tolerated=True),
            *steps,
        ]
    step = walk(operation, _GIVEN_UP, steps)
    if isinstance(step, Do):
        return step
    if choice is Choice.FORWARD:
        message = f"{why(failure)} An operator chose to go forward to {operation.new.version}."
        return End(Outcome.FAILED, message, None)
    message = f"{why(failure)} An operator stopped the rollback to {operation.old.version}."
    return End(Outcome.FAILED, message, OLD)


_GIVEN_UP = -1


def _update(operation: Operation) -> Step:
    """Azure's order: the version that knows more runs update, so on a downgrade the old one does."""
    return Step(StepName.UPDATE, OLD if operation.downgrade else NEW, target=NEW)


def _success_message(operation: Operation) -> str:
    assert operation.old is not None
    verb = "Downgraded" if operation.downgrade else "Upgraded"
    watched = next((r.message for r in reversed(operation.journal) if r.step == WATCH), "")
    return f"{verb} from {operation.old.version} to {operation.new.version}. {watched}".strip()
