"""What a handler command means for the state files of its version (handler contract 2.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable

from connectedmachine.agent.hands import StepResult
from connectedmachine.handler.state import HandlerReport, HandlerState
from connectedmachine.model.operation import (
    Instance,
    Operation,
    OperationKind,
    Side,
    Step,
    StepName,
    StepOutcome,
)
from connectedmachine.model.resource import Extension
from connectedmachine.upgrade.operation import instance_step, manifest_for

_CODES = {
    StepName.INSTALL: 1007,
    StepName.UPDATE: 1008,
    StepName.ENABLE: 1009,
    StepName.DISABLE: 1010,
    StepName.UNINSTALL: 1000,
}
_TIMEOUT = 1011
_UNKNOWN = -1


def report_after(
    operation: Operation, step: Step, result: StepResult, sharing: Iterable[Extension]
) -> tuple[Side, HandlerReport] | None:
    """Which version's files change, and to what; ``None`` when they stay.

    Args:
        sharing: The extensions of the handler as the store has them.
    """
    if result.outcome is StepOutcome.FAILED:
        return _after_failure(step, result)
    if result.outcome is not StepOutcome.DONE:
        return None
    installed = HandlerReport(HandlerState.INSTALLED, message="Installed, not enabled.")
    match step.name:
        case StepName.INSTALL:
            return step.side, installed
        case StepName.UPDATE if step.target is Side.NEW:
            with_install = manifest_for(operation, Side.NEW).update_with_install
            return None if with_install else (Side.NEW, installed)
        case StepName.ENABLE:
            return step.side, HandlerReport(HandlerState.ENABLED, ready=True, message="Enabled.")
        case StepName.DISABLE if not _others_enabled(operation, step, sharing):
            return step.side, HandlerReport(HandlerState.INSTALLED, message="Disabled.")
        case StepName.UNINSTALL:
            return step.side, HandlerReport(HandlerState.NOT_INSTALLED, message="Uninstalled.")
        case _:
            return None


def _after_failure(step: Step, result: StepResult) -> tuple[Side, HandlerReport] | None:
    if step.instance is not None:
        return None  # one of several: the others are well
    updating = step.name is StepName.UPDATE and step.target is Side.NEW
    state = HandlerState.FAILED_UPGRADE if updating else None
    code = _TIMEOUT if result.code == "HandlerTimeout" else _CODES.get(step.name, _UNKNOWN)
    return step.side, HandlerReport(state, code=code, message=result.message)


def _others_enabled(operation: Operation, step: Step, sharing: Iterable[Extension]) -> bool:
    """Say whether the version still serves another extension."""
    if step.instance is None:
        return False
    covered = [i for i in operation.instances if i.name != step.instance]
    changes = operation.kind is OperationKind.CHANGE_VERSION
    others = [e for e in sharing if not operation.covers(e.name)]
    return any(_is_enabled(operation, step.side, instance) for instance in covered) or (
        not changes and any(e.installed is not None and e.installed.enabled for e in others)
    )


def _is_enabled(operation: Operation, side: Side, instance: Instance) -> bool:
    toggles = [instance_step(operation, name, side, instance) for name in (StepName.ENABLE, StepName.DISABLE)]
    last = next(
        (r.step for r in reversed(operation.journal) if r.step in toggles and r.outcome is StepOutcome.DONE),
        None,
    )
    if last is None:
        return instance.old_enabled and side is Side.OLD
    return last == toggles[0]
