"""What an operation's end means for its extension, and for the decision about it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from connectedmachine.model.decision import Reason
from connectedmachine.model.operation import (
    Choice,
    End,
    Instance,
    Operation,
    OperationKind,
    Outcome,
    Side,
    StepName,
    StepOutcome,
)
from connectedmachine.model.resource import Extension, Installed, ProvisioningState, Status
from connectedmachine.upgrade.gate import REFUSALS
from connectedmachine.upgrade.operation import fetched_manifest, instance_step

_STATUS = {
    Outcome.SUCCEEDED: ("Succeeded", "Information"),
    Outcome.ROLLED_BACK: ("RolledBack", "Warning"),
    Outcome.CANCELLED: ("Cancelled", "Information"),
    Outcome.FAILED: ("Failed", "Error"),
}


_REASONS = {
    Outcome.SUCCEEDED: Reason.UPGRADED,
    Outcome.ROLLED_BACK: Reason.ROLLED_BACK,
    Outcome.FAILED: Reason.FAILED,
    Outcome.CANCELLED: Reason.INTERRUPTED,
}


def extension_after(extension: Extension, operation: Operation, end: End, now: datetime) -> Extension | None:
    """One that ``operation`` covers, as it is after ``end``; ``None`` when it is to be deleted."""
    if operation.kind is OperationKind.REMOVE and end.outcome is Outcome.SUCCEEDED:
        return None
    code, level = _STATUS[end.outcome]
    failed = end.outcome is Outcome.FAILED
    choice = next((r.choice for r in reversed(operation.journal) if r.choice is not None), None)
    forward = failed and choice is Choice.FORWARD
    # What a window withdrew is done when the next one opens.
    target = extension.target
    if target == operation.new.version and end.code != Reason.OUTSIDE_WINDOW:
        target = None
    installed = _installed(extension, operation, end, choice)
    return replace(
        extension,
        installed=installed,
        target=operation.new.version if forward else target,
        stopped=failed and choice is Choice.STOP,
        reset_requested=extension.reset_requested
        and installed is not None
        and operation.kind is not OperationKind.RESET_STATE,
        settings_tried=_settings_tried(extension, operation, end),
        provisioning=ProvisioningState.FAILED if failed else ProvisioningState.SUCCEEDED,
        status=Status(end.code or code, level, code, end.message, now),
        changed=now,
        # Forward is out of what had begun: it cannot wait.
        ignore_window=forward or (extension.ignore_window and target is not None),
    )


def reason_of(kind: OperationKind, outcome: Outcome, code: str) -> Reason:
    """The reason of a decision for an operation that ended so."""
    if code == "DiskFull":
        return Reason.DISK_FULL
    if code in REFUSALS:
        return Reason.BLOCKED_BY_POLICY
    if outcome is Outcome.SUCCEEDED and kind is OperationKind.INSTALL:
        return Reason.INSTALLED
    return _REASONS[outcome]


def _settings_tried(extension: Extension, operation: Operation, end: End) -> int:
    unasked = operation.kind is OperationKind.CONFIGURE and end.code == "DiskFull"
    if unasked or end.code == Reason.OUTSIDE_WINDOW:
        return extension.settings_tried
    return max(extension.settings_tried, operation.instance(extension.name).settings_seq)


def _installed(
    extension: Extension, operation: Operation, end: End, choice: Choice | None
) -> Installed | None:
    before, instance = extension.installed, operation.instance(extension.name)
    if end.installed is None:
        return None
    if end.installed is Side.OLD:
        if before is None:
            return None  # it was to join the new version
        if end.outcome is Outcome.ROLLED_BACK:
            again = _enabled_at(operation, Side.OLD, instance)
            return before if again is None else replace(before, enabled_at=again)
        return replace(before, enabled=False) if choice is Choice.STOP else before
    if operation.kind in (OperationKind.CONFIGURE, OperationKind.RESET_STATE):
        assert before is not None
        resets = operation.kind is OperationKind.RESET_STATE
        if not (_is_enabled(operation, instance) if resets else end.outcome is Outcome.SUCCEEDED):
            return replace(before, enabled=False) if resets else before
        return replace(
            before,
            enabled=True,
            enabled_at=_enabled_at(operation, Side.NEW, instance),
            settings_seq=instance.settings_seq,
        )
    manifest = operation.old_manifest if operation.partial else fetched_manifest(operation)
    if manifest is None or operation.kind is OperationKind.REMOVE:
        return before
    return Installed(
        operation.new.version,
        operation.new.sha256,
        manifest,
        enabled=True,
        enabled_at=_enabled_at(operation, Side.NEW, instance),
        settings_seq=instance.settings_seq,
    )


def _is_enabled(operation: Operation, instance: Instance) -> bool:
    enable = instance_step(operation, StepName.ENABLE, Side.NEW, instance)
    return any(r.step == enable and r.outcome is StepOutcome.DONE for r in operation.journal)


def _enabled_at(operation: Operation, side: Side, instance: Instance) -> datetime | None:
    enable = instance_step(operation, StepName.ENABLE, side, instance)
    return next((r.began for r in reversed(operation.journal) if r.step == enable), None)
