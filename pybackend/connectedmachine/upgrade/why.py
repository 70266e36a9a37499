"""What stands in an extension's way: everything that does, not only what is met first. Pure.

``plan`` stays the one rule book. It answers with the first obstacle it meets; that one is lifted and it is
asked again, until the extension would move or nothing is left that could be lifted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from connectedmachine.model.configuration import Configuration, Mode
from connectedmachine.model.decision import Decision, Reason
from connectedmachine.model.operation import Operation, StepOutcome, StepRecord
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import Hold
from connectedmachine.model.version import Version
from connectedmachine.upgrade.gate import Refusal, Rule, ruling
from connectedmachine.upgrade.restraint import own, pinned_out
from connectedmachine.upgrade.subject import Planned, Sibling, Subject


class Ask(Protocol):
    """``upgrade.plan.plan`` with the images, the policy and the moment it decides by."""

    def __call__(
        self, subject: Subject, *, supported: Mapping[str, bool], configuration: Configuration
    ) -> Planned: ...


@dataclass(frozen=True)
class Way:
    """The decision as it is, what stands in the way of a move, and what is decided once all that is gone.

    ``obstacles`` are in the order in which ``plan`` comes to them; the last one may be one that nobody can
    lift, such as that there is no image. ``then`` moves, or says why there is nowhere to go.
    """

    now: Planned
    obstacles: tuple[Met, ...]
    then: Planned


@dataclass(frozen=True)
class Met:
    """One obstacle: what ``plan`` decided, and about what."""

    decision: Decision
    case: Case


@dataclass(frozen=True)
class Case:
    """What ``plan`` is asked about, as far as it can be lifted."""

    subject: Subject
    supported: Mapping[str, bool]
    configuration: Configuration

    def ask(self, ask: Ask) -> Planned:
        return ask(self.subject, supported=self.supported, configuration=self.configuration)


def way(
    subject: Subject,
    ask: Ask,
    *,
    supported: Mapping[str, bool],
    configuration: Configuration,
    now: datetime,
) -> Way:
    """Find all that stands in an extension's way, by lifting one obstacle after another."""
    case = Case(subject, supported, configuration)
    first = planned = case.ask(ask)
    obstacles = []
    while planned.move is None and planned.decision.reason is not Reason.UP_TO_DATE:
        obstacles.append(Met(planned.decision, case))
        lifted = _lifted(case, planned, now)
        if lifted == case:
            break
        case = lifted
        planned = case.ask(ask)
    return Way(first, tuple(obstacles), planned)


def _lifted(case: Case, planned: Planned, now: datetime) -> Case:
    """The case without the one obstacle that ``planned`` names; unchanged where no setting lifts it."""
    subject, reason, version = case.subject, planned.decision.reason, planned.decision.to_version
    if planned.obstacle is not None:
        return replace(case, subject=replace(subject, obstacle=None))
    if reason is Reason.BLOCKED_BY_POLICY:
        refused = ruling(case.configuration, subject.handler, version or subject.installed)
        return case if refused is None else replace(case, configuration=_admitting(case, refused))
    if reason is Reason.NOT_SUPPORTED_BY_PUBLISHER:
        return replace(case, supported={**case.supported, subject.handler.key: True})
    return replace(case, subject=_freed(subject, reason, version, now))


def _freed(subject: Subject, reason: Reason, version: Version | None, now: datetime) -> Subject:
    siblings = subject.siblings
    match reason:
        case Reason.OPERATION_IN_PROGRESS | Reason.ROLLBACK_PENDING:
            return replace(subject, busy=False, pending=None, pending_due=None, operation_id=None)
        case Reason.INTERRUPTED if subject.stopped:
            return replace(subject, stopped=False)
        case Reason.INTERRUPTED:
            meant = next(sibling for sibling in siblings if sibling.stopped)
            return replace(subject, siblings=_with(siblings, meant, replace(meant, stopped=False)))
        case Reason.NOT_ENROLLED if not subject.enrolled:
            return replace(subject, enrolled=True)
        case Reason.NOT_ENROLLED:
            meant = next(sibling for sibling in siblings if not sibling.enrolled)
            return replace(subject, siblings=_with(siblings, meant, replace(meant, enrolled=True)))
        case Reason.HELD:
            holding = holding_back(subject, version, now)
            return replace(subject, holds=[hold for hold in subject.holds if hold is not holding])
        case Reason.PINNED:
            pinned = pinning(subject, version)
            return replace(subject, pins=[pin for pin in subject.pins if pin is not pinned])
        case Reason.OUTSIDE_WINDOW:
            return replace(subject, window=None)
        case Reason.RETRY_NOT_DUE:
            siblings = [
                replace(s, backoffs=[b for b in s.backoffs if b.version != version]) for s in siblings
            ]
            own_ones = [b for b in subject.backoffs if b.version != version]
            return replace(subject, backoffs=own_ones, siblings=siblings)
        case _:
            return subject


def holding_back(subject: Subject, version: Version | None, now: datetime) -> Hold:
    """The hold that ``plan`` meets first on the way to a version; there is one where it decided ``Held``."""
    assert version is not None
    return next(hold for hold in subject.holds if hold.applies(version, now))


def pinning(subject: Subject, version: Version | None) -> Pin:
    """The pin that ``plan`` meets first on the way to a version; there is one where it decided ``Pinned``."""
    assert version is not None
    pin = pinned_out(own(subject.pins, subject.name), version) or pinned_out(subject.pins, version)
    assert pin is not None
    return pin


def _with(siblings: Sequence[Sibling], meant: Sibling, changed: Sibling) -> Sequence[Sibling]:
    return [changed if sibling is meant else sibling for sibling in siblings]


def _admitting(case: Case, refused: Refusal) -> Configuration:
    configuration = case.configuration
    match refused.rule:
        case Rule.ENABLED:
            return replace(configuration, extensions_enabled=True)
        case Rule.BLOCK_LIST:
            kept = tuple(entry for entry in configuration.block_list if str(entry) != refused.value)
            return replace(configuration, block_list=kept)
        case Rule.MODE:
            return replace(configuration, mode=Mode.FULL)
        case Rule.ALLOW_LIST:
            return replace(configuration, allow_list=())


def as_of(operation: Operation, moment: datetime) -> Operation:
    """An operation as it stood at a moment after it began: what came later is not in it."""
    journal = tuple(_record_as_of(r, moment) for r in operation.journal if r.began <= moment)
    if operation.ended is not None and operation.ended <= moment:
        return replace(operation, journal=journal)
    return replace(operation, journal=journal, ended=None, outcome=None, code="", message="")


def _record_as_of(record: StepRecord, moment: datetime) -> StepRecord:
    if record.ended is None or record.ended <= moment:
        return record
    return replace(record, ended=None, outcome=None, exit_code=None, code="", message="")


def telling(operation: Operation) -> StepRecord | None:
    """The record that says most about how an operation went: the first that failed, else the latest."""
    steps = [record for record in operation.journal if record.step is not None]
    failed = next((r for r in steps if r.outcome is StepOutcome.FAILED), None)
    return failed or (steps[-1] if steps else None)
