"""Operations and their journals made by hand, and a player that takes ``next_step`` at its word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from connectedmachine.model.handler import Command, HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import (
    Choice,
    Do,
    End,
    Instance,
    NextStep,
    Operation,
    OperationKind,
    PackageRef,
    Pause,
    Step,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.model.policy import ARC_2021, Policy
from connectedmachine.model.version import Version
from connectedmachine.upgrade.operation import next_step

DONE, FAILED, LOST, WITHDRAWN = (
    StepOutcome.DONE,
    StepOutcome.FAILED,
    StepOutcome.LOST,
    StepOutcome.WITHDRAWN,
)

START = datetime(2026, 11, 25, 8, tzinfo=UTC)
AGENT = HandlerName("Contoso.Sample", "Agent")
MANIFEST = HandlerManifest({command: f"bin/{command}" for command in Command})

Faults = Mapping[str, Sequence[StepOutcome]]
"""By step, as it is written, the outcomes of its first attempts; all others are done."""


def operation(
    kind: OperationKind = OperationKind.CHANGE_VERSION,
    *,
    old: str = "1.0",
    new: str = "1.1",
    old_enabled: bool = True,
    automatic: bool = True,
    policy: Policy = ARC_2021,
    instances: Sequence[Instance] = (),
    old_manifest: HandlerManifest = MANIFEST,
    partial: bool = False,
) -> Operation:
    """``old_enabled`` is of the one extension that there is without ``instances``."""
    changes = kind is OperationKind.CHANGE_VERSION
    return Operation(
        id="operation",
        machine_id="machine",
        extension="agent",
        handler=AGENT,
        kind=kind,
        old=PackageRef(Version.parse(old), "aa") if changes else None,
        new=PackageRef(Version.parse(new), "bb"),
        old_manifest=old_manifest,
        instances=tuple(instances) or (Instance("agent", 1, 1, old_enabled),),
        automatic=automatic,
        initiator="test",
        policy=policy,
        began=START,
        partial=partial,
    )


def intend(current: Operation, do: Do) -> Operation:
    """The operation once the intent of ``do`` is committed."""
    seq = len(current.journal) + 1
    record = StepRecord(seq, do.step, do.round, START + timedelta(seconds=seq))
    return replace(current, journal=(*current.journal, record))


def conclude(
    current: Operation,
    outcome: StepOutcome,
    *,
    exit_code: int | None = None,
    code: str = "",
    message: str = "",
    manifest: HandlerManifest | None = None,
) -> Operation:
    """The operation once the outcome of its open step is committed."""
    last = current.journal[-1]
    closed = replace(
        last,
        ended=last.began + timedelta(seconds=0.5),
        outcome=outcome,
        exit_code=exit_code,
        code=code,
        message=message,
        manifest=manifest,
    )
    return replace(current, journal=(*current.journal[:-1], closed))


def decide(current: Operation, choice: Choice) -> Operation:
    """The operation once an operator's choice is committed."""
    seq = len(current.journal) + 1
    moment = START + timedelta(seconds=seq)
    return replace(
        current, journal=(*current.journal, StepRecord(seq, None, 0, moment, moment, choice=choice))
    )


@dataclass(frozen=True)
class Played:
    """Where a walk came to: the operation with its journal, and what is next."""

    operation: Operation
    next: NextStep

    def steps(self, round_: int | None = None) -> list[str]:
        """The steps that were begun, in order; of one round, or of all."""
        return [
            str(record.step)
            for record in self.operation.journal
            if record.step is not None and round_ in (None, record.round)
        ]

    @property
    def end(self) -> End:
        assert isinstance(self.next, End), self.next
        return self.next

    @property
    def pause(self) -> Pause:
        assert isinstance(self.next, Pause), self.next
        return self.next


def play(current: Operation, faults: Faults | None = None, *, manifest: HandlerManifest = MANIFEST) -> Played:
    """Do what ``next_step`` says until it pauses or ends; ``manifest`` is the new version's.

    Failed commands end with exit code 7, and what they say is ``it broke``.
    """
    outcomes = {step: list(planned) for step, planned in (faults or {}).items()}
    while True:
        following = next_step(current)
        if not isinstance(following, Do):
            assert not any(outcomes.values()), f"never came to {outcomes}"
            return Played(current, following)
        current = perform(current, following, outcomes, manifest)


def go_on(played: Played, faults: Faults | None = None) -> Played:
    """Play the next try of a pending rollback."""
    outcomes = {step: list(planned) for step, planned in (faults or {}).items()}
    current = perform(played.operation, played.pause.then, outcomes, MANIFEST)
    return play(current, outcomes)


def perform(
    current: Operation, do: Do, outcomes: dict[str, list[StepOutcome]], manifest: HandlerManifest
) -> Operation:
    planned = outcomes.get(str(do.step))
    outcome = planned.pop(0) if planned else DONE
    if not do.resume:
        current = intend(current, do)
    failed = outcome is FAILED
    fetched = do.step.name is StepName.FETCH and outcome in (DONE, WITHDRAWN)
    return conclude(
        current,
        outcome,
        exit_code=7 if failed else 0 if outcome is DONE else None,
        code="HandlerFailed" if failed else "",
        message="it broke" if failed else "the wish changed" if outcome is WITHDRAWN else "",
        manifest=manifest if fetched else None,
    )


def step_of(do: NextStep) -> Step:
    assert isinstance(do, Do), do
    return do.step
