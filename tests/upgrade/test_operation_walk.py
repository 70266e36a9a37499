"""Every way a version change can go with a few faults, on a model of a machine.

A fault is a step that fails or, for a handler command, is lost. Nobody knows how much of a step that did not
come through was done, so a machine is modelled by all the states it may be in: after a fault, with the
step's effect and without. ``next_step`` sees the journal only, as in life.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.operation import (
    Choice,
    Do,
    End,
    Instance,
    Operation,
    OperationKind,
    Outcome,
    Pause,
    Side,
    Step,
    StepName,
    StepOutcome,
)
from connectedmachine.upgrade.operation import next_step
from upgrade.support import DONE, FAILED, LOST, MANIFEST, conclude, decide, intend, operation

OLD, NEW = Side.OLD, Side.NEW
COMMANDS = (StepName.DISABLE, StepName.UPDATE, StepName.UNINSTALL, StepName.INSTALL, StepName.ENABLE)
LONGEST_WALK = 80


@dataclass(frozen=True)
class Version:
    """One version on the machine.

    ``enabled``: the extensions for which it is; ``alive``: something that its commands started is running.
    """

    folder: bool = False
    installed: bool = False
    enabled: frozenset[str] = frozenset()
    alive: bool = False


@dataclass(frozen=True)
class Machine:
    old: Version
    new: Version
    kept: bool = False

    def of(self, side: Side) -> Version:
        return self.old if side is OLD else self.new

    def having(self, side: Side, **changes: bool) -> Machine:
        changed: dict[str, Any] = dict(changes)
        return self.with_version(side, replace(self.of(side), **changed))

    def enabled_for(self, side: Side, names: frozenset[str]) -> Machine:
        # One that serves another extension lives on when this one is disabled.
        return self.with_version(side, replace(self.of(side), enabled=names, alive=bool(names)))

    def with_version(self, side: Side, version: Version) -> Machine:
        return replace(self, old=version) if side is OLD else replace(self, new=version)


@dataclass(frozen=True)
class Case:
    """A version change to walk through, with ``faults`` of them at most.

    ``several``: three extensions share the version; one is installed and disabled, one joins them.
    """

    faults: int
    downgrade: bool = False
    enabled: bool = True
    install: bool = True
    goes_on: bool = False
    several: bool = False

    def operation(self) -> Operation:
        versions = ("1.1", "1.0") if self.downgrade else ("1.0", "1.1")
        return operation(
            old=versions[0], new=versions[1], instances=self.instances(), old_manifest=self._of(MANIFEST)
        )

    def instances(self) -> list[Instance]:
        if not self.several:
            return [Instance("agent", 1, 1, self.enabled)]
        return [
            Instance("web", 2, 1, self.enabled),
            Instance("db", 1, 1, self.enabled),
            Instance("new", 1, None, old_enabled=False),
        ]

    def manifest(self) -> HandlerManifest:
        return replace(
            self._of(MANIFEST), update_with_install=self.install, continue_on_update_failure=self.goes_on
        )

    def _of(self, manifest: HandlerManifest) -> HandlerManifest:
        return replace(manifest, supports_multiple_extensions=self.several)

    def enabled_before(self) -> frozenset[str]:
        return frozenset(i.name for i in self.instances() if i.old_enabled)

    def machine(self) -> Machine:
        return Machine(Version(True, True, self.enabled_before(), self.enabled), Version())


def effect(step: Step, machine: Machine) -> Machine:
    """The machine once all of a step is done."""
    side, name = step.side, step.instance or "agent"
    match step.name:
        case StepName.FETCH:
            return machine.having(NEW, folder=True)
        case StepName.DISABLE:
            return machine.enabled_for(side, machine.of(side).enabled - {name})
        case StepName.UPDATE:
            # It may register the new version and start something.
            installs = side is NEW and step.target is NEW
            return machine.having(side, alive=True, installed=machine.of(side).installed or installs)
        case StepName.UNINSTALL:
            return machine.enabled_for(side, frozenset()).having(side, installed=False)
        case StepName.INSTALL:
            return machine.having(side, installed=True, alive=True)
        case StepName.ENABLE:
            return machine.enabled_for(side, machine.of(side).enabled | {name})
        case StepName.KEEP:
            return replace(machine.having(OLD, folder=False), kept=True)
        case StepName.RESTORE:
            return machine.having(OLD, folder=True)
        case StepName.DISCARD:
            return replace(machine.having(side, folder=False), kept=False)
        case StepName.RETIRE:
            return replace(machine, kept=False)
        case _:
            return machine


def after(step: Step, outcome: StepOutcome, machine: Machine) -> set[Machine]:
    """The states that a machine may be in after an attempt at a step."""
    if outcome is DONE:
        return {effect(step, machine)}
    untouched = machine
    if step.name is StepName.UNINSTALL and outcome is FAILED:
        # Whatever an uninstall returned, what still runs of its version is ended.
        untouched = machine.enabled_for(step.side, frozenset())
    if step.name is StepName.FETCH:
        # It is done beside its place and renamed.
        return {machine}
    return {untouched, effect(step, machine)}


def may_run(do: Do, machine: Machine) -> bool:
    """Say whether a handler command finds the folder it runs from."""
    # An operator's way forward takes away what there is of the old version, which may be nothing.
    chosen_forward = do.round < 0
    return do.step.name not in COMMANDS or machine.of(do.step.side).folder or chosen_forward


Walk = tuple[Operation, frozenset[Machine], int]


def branches(do: Do, budget: int) -> list[tuple[StepOutcome, int]]:
    outcomes = [(DONE, budget)]
    if budget > 0:
        outcomes.append((FAILED, budget - 1))
        if do.step.name in COMMANDS:
            outcomes.append((LOST, budget - 1))
    return outcomes


def walks(case: Case) -> Iterator[tuple[Operation, frozenset[Machine], End]]:
    """Every walk to its end; a pause is waited out, and at the first an operator may also choose."""
    stack: list[Walk] = [(case.operation(), frozenset({case.machine()}), case.faults)]
    while stack:
        current, machines, budget = stack.pop()
        following = next_step(current)
        if isinstance(following, Pause):
            if not any(record.choice for record in current.journal):
                stack += [(decide(current, choice), machines, 0) for choice in Choice]
            following = following.then
        if isinstance(following, End):
            yield current, machines, following
            continue
        assert len(current.journal) < LONGEST_WALK, [str(r.step) for r in current.journal]
        assert not is_done(current, following), (following, [str(r.step) for r in current.journal])
        assert all(may_run(following, machine) for machine in machines), following
        begun = intend(current, following)
        for outcome, left in branches(following, budget):
            fetched = following.step.name is StepName.FETCH and outcome is DONE
            concluded = conclude(
                begun, outcome, message="it broke", manifest=case.manifest() if fetched else None
            )
            states = {state for machine in machines for state in after(following.step, outcome, machine)}
            both = [m for m in states if m.old.enabled and m.new.enabled]
            assert not both, [str(r.step) for r in concluded.journal]
            stack.append((concluded, frozenset(states), left))


def is_done(current: Operation, do: Do) -> bool:
    attempts = [r for r in current.journal if (r.round, r.step) == (do.round, do.step)]
    return bool(attempts) and attempts[-1].outcome is DONE


CASES = [
    *(
        Case(2, downgrade, enabled, install, goes_on)
        for downgrade in (False, True)
        for enabled in (True, False)
        for install in (True, False)
        for goes_on in (True, False)
    ),
    Case(3),
    Case(3, downgrade=True),
    Case(3, goes_on=True),
    *(
        Case(2, downgrade, goes_on=goes_on, several=True)
        for downgrade in (False, True)
        for goes_on in (True, False)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_walk_ends_with_one_version_in_charge(case: Case) -> None:
    ends = set()
    for walked, machines, end in walks(case):
        story = [f"{r.round}:{r.step or r.choice}={r.outcome}" for r in walked.journal]
        discarded = not any(
            r.step is not None and r.step.name is StepName.DISCARD and r.outcome is FAILED
            for r in walked.journal
        )
        for machine in machines:
            old, new = machine.old, machine.new
            assert not (old.alive and new.alive), story
            match end.outcome, end.installed:
                case Outcome.SUCCEEDED, Side.NEW:
                    assert new.folder, story
                    assert new.enabled == {i.name for i in case.instances()}, story
                    assert not old.enabled, story
                    assert not old.folder, story
                case Outcome.ROLLED_BACK, Side.OLD:
                    assert old.folder, story
                    assert old.installed, story
                    assert old.enabled == case.enabled_before(), story
                    assert not new.alive, story
                    assert not new.enabled, story
                    assert not (new.folder and discarded), story
                case Outcome.FAILED, Side.OLD if not chosen(walked):
                    assert machine == case.machine(), story
                case Outcome.FAILED, None:
                    assert chosen(walked) is Choice.FORWARD, story
                    assert not old.alive, story
                    assert not new.alive, story
                case Outcome.FAILED, Side.OLD:
                    assert chosen(walked) is Choice.STOP, story
                    assert not new.alive, story
                case _:
                    pytest.fail(f"{end} after {story}")
        ends.add((end.outcome, end.installed))
    assert {(Outcome.SUCCEEDED, NEW), (Outcome.ROLLED_BACK, OLD), (Outcome.FAILED, None)} <= ends


def chosen(walked: Operation) -> Choice | None:
    return next((record.choice for record in walked.journal if record.choice is not None), None)


@pytest.mark.parametrize("case", [Case(2), Case(2, downgrade=True), Case(2, several=True)], ids=str)
def test_what_was_begun_of_the_old_version_is_undone_in_every_rollback(case: Case) -> None:
    for walked, _, end in walks(case):
        if end.outcome is not Outcome.ROLLED_BACK:
            continue
        forward = {r.step for r in walked.journal if r.round == 0}
        last = max(r.round for r in walked.journal)
        back = {r.step for r in walked.journal if r.round == last}
        for disabled in [s for s in forward if s and (s.name, s.side) == (StepName.DISABLE, OLD)]:
            assert {replace(disabled, name=StepName.ENABLE), Step(StepName.CONFIRM, OLD)} <= back
        if Step(StepName.UNINSTALL, OLD) in forward:
            assert {Step(StepName.RESTORE, OLD), Step(StepName.INSTALL, OLD)} <= back


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    "kind", [OperationKind.INSTALL, OperationKind.CONFIGURE, OperationKind.REMOVE, OperationKind.RESET_STATE]
)
def test_the_shorter_operations_end_without_a_pause(kind: OperationKind, partial: bool) -> None:
    several = replace(MANIFEST, supports_multiple_extensions=partial)
    stack = [(operation(kind, old_manifest=several, partial=partial), 3)]
    ends = set()
    while stack:
        current, budget = stack.pop()
        following = next_step(current)
        if isinstance(following, End):
            ends.add(following.outcome)
            continue
        assert isinstance(following, Do)
        assert not is_done(current, following)
        for outcome, left in branches(following, budget):
            stack.append((conclude(intend(current, following), outcome, manifest=MANIFEST), left))
    assert ends == {Outcome.SUCCEEDED, Outcome.FAILED}
