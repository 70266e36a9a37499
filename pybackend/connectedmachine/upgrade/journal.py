"""Reading a journal: which step of a round is not done yet, what was begun, why something failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectedmachine.model.operation import Do, Operation, Step, StepName, StepOutcome, StepRecord

# A repeated one that fails counts as done: the one whose end nobody saw may have worked.
_DONE_IF_REPEATED = (StepName.DISABLE, StepName.UNINSTALL)


@dataclass(frozen=True)
class Planned:
    """A step of a round; ``tolerated``: the round goes on when it fails."""

    step: Step
    tolerated: bool = False


def walk(operation: Operation, round_: int, steps: Iterable[Planned]) -> Do | StepRecord | None:
    """Find the first step of a round that is not done.

    Returns:
        The step to do; or the record that ends the round early; or ``None`` when the round is complete.
    """
    of_round = [r for r in operation.journal if r.round == round_]
    for planned in steps:
        attempts = [r for r in of_round if r.step == planned.step]
        if not attempts or attempts[-1].outcome is StepOutcome.LOST:
            return Do(planned.step, round_)
        last = attempts[-1]
        if last.outcome is StepOutcome.WITHDRAWN:
            return last
        repeated = len(attempts) > 1 and planned.step.name in _DONE_IF_REPEATED
        if last.outcome is StepOutcome.FAILED and not planned.tolerated and not repeated:
            return last
    return None


def began(operation: Operation, step: Step) -> bool:
    """Say whether the way forward came to a step; one that was withdrawn was not begun."""
    return any(
        record.round == 0 and record.step == step and record.outcome is not StepOutcome.WITHDRAWN
        for record in operation.journal
    )


def succeeded(operation: Operation, step: Step) -> bool:
    """Say whether the way forward came through a step."""
    return any(
        record.round == 0 and record.step == step and record.outcome is StepOutcome.DONE
        for record in operation.journal
    )


def why(record: StepRecord) -> str:
    """Say in a sentence what failed and how."""
    text = record.message.strip() or "no reason was given"
    code = f" with exit code {record.exit_code}" if record.exit_code is not None else ""
    return f"{record.step} failed{code}: {text}{'' if text.endswith('.') else '.'}"
