"""The product with one commit of its journal taken out, or made at the wrong moment: each must be noticed.

A commit is taken out by leaving its transaction open: what it wrote becomes durable with the next commit, as
it would if the two were one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from connectedmachine.agent import local_hands, operator, runner
from connectedmachine.agent.operator import Operator
from connectedmachine.handler.command import Fate, Lost
from connectedmachine.model.operation import Do, End, Operation, StepName, StepOutcome, StepRecord
from connectedmachine.store import Store
from connectedmachine.store.database import Database
from connectedmachine.store.operations import Operations
from connectedmachine.store.passes import Passes

from .life import Mutation


@dataclass(frozen=True)
class Mutant:
    """``scenario`` is one that must come out broken, be it only when it is killed ``twice``."""

    name: str
    scenario: str
    mutation: Mutation
    twice: bool = False


def _joining_the_next(owner: type, method: str) -> Mutation:
    """The commit of that method is left to the next one."""

    def mutation() -> None:
        real: Callable[..., Any] = getattr(owner, method)
        run, transaction = Database.run, Database.transaction

        def left_open(self: Any, *arguments: Any) -> Any:
            database: Database = self._db
            if not database._connection.in_transaction:
                database._connection.execute("BEGIN IMMEDIATE")
            database._depth += 1
            try:
                return real(self, *arguments)
            finally:
                database._depth -= 1

        def commit_open(database: Database) -> None:
            if not database._depth and database._connection.in_transaction:
                database._connection.execute("COMMIT")

        def run_(self: Database, sql: str, *values: Any) -> int:
            changed = run(self, sql, *values)
            commit_open(self)
            return changed

        @contextmanager
        def transaction_(self: Database, *, synced: bool = True) -> Iterator[None]:
            commit_open(self)
            with transaction(self, synced=synced):
                yield

        setattr(owner, method, left_open)
        Database.run = run_  # type: ignore[method-assign]
        Database.transaction = transaction_  # type: ignore[method-assign]

    return mutation


def _outcome_before_effect(name: StepName) -> Mutation:
    def mutation() -> None:
        perform = Operator._perform

        def performed(self: Operator, operation: Operation, do: Do, record: StepRecord) -> Any:
            if do.step.name is name:
                done = replace(record, ended=self._clock.now(), outcome=StepOutcome.DONE)
                self._store.operations.conclude(operation.id, done)
            return perform(self, operation, do, record)

        Operator._perform = performed  # type: ignore[method-assign]

    return mutation


def _pass_ended_before_its_decision() -> None:
    decide = Passes.decide

    def decided(self: Passes, pass_: Any, decision: Any, now: Any) -> None:
        self.end(pass_.id, now)
        decide(self, pass_, decision, now)

    Passes.decide = decided  # type: ignore[method-assign]


def _fate_not_waited_for() -> None:
    class Forgotten:
        def wait(self, *_: object) -> Fate:
            return Lost()

    vars(local_hands)["attach"] = lambda *_: Forgotten()


def _given_up_when_lost_again() -> None:
    vars(operator)["_MOST_LOST"] = 2


def _open_step_begun_anew() -> None:
    perform = Operator._perform

    def performed(self: Operator, operation: Operation, do: Do, record: StepRecord) -> Any:
        return perform(self, operation, replace(do, resume=False), record)

    Operator._perform = performed  # type: ignore[method-assign]


@contextmanager
def _without_transactions(store: Store) -> Iterator[None]:
    real = store.transaction
    store.transaction = lambda **_: nullcontext()  # type: ignore[assignment]
    try:
        yield
    finally:
        store.transaction = real


def _end_apart_from_what_follows() -> None:
    finish = Operator._finish

    def finished(self: Operator, operation: Operation, end: End) -> None:
        with _without_transactions(self._store):
            finish(self, operation, end)

    Operator._finish = finished  # type: ignore[method-assign]


def _head_apart_from_its_extensions() -> None:
    pass_ = runner.Runner._pass

    def passed(self: runner.Runner) -> bool:
        with _without_transactions(self._store):
            return pass_(self)

    def begin_head(self: Operations, operation: Operation) -> None:
        self._add_head(operation)
        for position, instance in enumerate(operation.instances):
            self._db.run(
                "INSERT INTO operation_instances VALUES (?, ?, ?, ?, ?, ?)",
                operation.id,
                position,
                instance.name,
                instance.settings_seq,
                instance.old_settings_seq,
                int(instance.old_enabled),
            )

    runner.Runner._pass = passed  # type: ignore[method-assign]
    Operations.begin = begin_head  # type: ignore[method-assign]


MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        Mutant("a step's intent with its outcome", "upgrade", _joining_the_next(Operations, "intend")),
        Mutant("the outcome of keep before it", "upgrade", _outcome_before_effect(StepName.KEEP)),
        Mutant("the outcome of carry before it", "upgrade", _outcome_before_effect(StepName.CARRY)),
        Mutant("the outcome of restore before it", "undo", _outcome_before_effect(StepName.RESTORE)),
        Mutant("the outcome of discard before it", "undo", _outcome_before_effect(StepName.DISCARD)),
        Mutant("an operation's end apart from what follows of it", "upgrade", _end_apart_from_what_follows),
        Mutant("an operation's head apart from its extensions", "upgrade", _head_apart_from_its_extensions),
        Mutant("a pass without its end", "upgrade", _joining_the_next(Passes, "end")),
        Mutant("a pass ended before its decision", "upgrade", _pass_ended_before_its_decision),
        Mutant("a command's fate not waited for", "upgrade", _fate_not_waited_for),
        Mutant("a command given up when lost again", "upgrade", _given_up_when_lost_again, twice=True),
        Mutant("an open step begun anew", "upgrade", _open_step_begun_anew),
    )
}

EQUIVALENT: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        Mutant("a step's outcome with the next intent", "undo", _joining_the_next(Operations, "conclude")),
        Mutant("a sample with the next one", "undo", _joining_the_next(Operations, "add_sample")),
        Mutant("a decision with the end of its pass", "upgrade", _joining_the_next(Passes, "decide")),
        Mutant(
            "an operation's head with its first intent", "upgrade", _joining_the_next(Operations, "begin")
        ),
    )
}
"""What may be one commit with the next: between the two is nothing that a successor would not do again."""
