"""The product's store in memory: its writes can fail, its history is watched, its answers are kept.

Most of what a runner reads has not changed since it was read last, and reading is most of what a schedule
costs: an answer is given again until one of its tables is written.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from connectedmachine.store.database import Database, Value
from simulation.faults import Faults

_Query = tuple[str, tuple[Value, ...]]


class FailingDatabase(Database):
    """Its faults come from a runner that is watched; other writes succeed."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection, path)
        self.faults: Faults | None = None
        self.reads = 0
        self._answers: dict[_Query, list[sqlite3.Row]] = {}
        self._about: dict[str, set[_Query]] = defaultdict(set)

    @classmethod
    def in_memory(cls) -> FailingDatabase:
        """A new one with the present schema, and with the rules of ``_NEVER`` in it."""
        opened = cls.open(Path(":memory:"))
        assert isinstance(opened, cls)
        for trigger in _NEVER:
            opened.run(trigger)
        return opened

    def watch(self, faults: Faults | None) -> None:
        """A runner begins, with its faults, or has ended."""
        self.faults, self.reads = faults, 0

    @contextmanager
    def transaction(self, *, synced: bool = True) -> Iterator[None]:
        # Nothing is synced in memory; what is taken back was an answer meanwhile.
        try:
            with super().transaction():
                yield
        except BaseException:
            self._forget_all()
            raise

    def all(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        self.reads += 1
        if self.faults is not None and self.reads > _MOST_READS:
            raise AssertionError("the runner does not come to rest")
        return [*self._answer(sql, values)]

    def one(self, sql: str, *values: Value) -> sqlite3.Row | None:
        return next(iter(self._answer(sql, values)), None)

    def run(self, sql: str, *values: Value) -> int:
        if self.faults is not None:
            self.faults.at_write()
        table = _written(sql)
        if table is None:
            self._forget_all()
        else:
            for query in self._about.pop(table, ()):
                self._answers.pop(query, None)
        return super().run(sql, *values)

    def _answer(self, sql: str, values: tuple[Value, ...]) -> list[sqlite3.Row]:
        answer = self._answers.get((sql, values))
        if answer is None:
            answer = super().all(sql, *values)
            tables = _read(sql)
            for table in tables:
                self._about[table].add((sql, values))
            if tables:
                self._answers[sql, values] = answer
        return answer

    def _forget_all(self) -> None:
        self._answers.clear()
        self._about.clear()


@cache
def _read(sql: str) -> frozenset[str]:
    return frozenset(re.findall(r"\b(?:FROM|JOIN) (\w+)", sql))


@cache
def _written(sql: str) -> str | None:
    """The only table that a statement changes; ``None`` where it may be several."""
    found = re.match(r"(?:INSERT (?:OR REPLACE )?INTO|UPDATE|DELETE FROM) (\w+)", sql)
    if found is None or (sql.startswith("DELETE") and found[1] in _WITH_DEPENDENTS):
        return None
    return found[1]


_WITH_DEPENDENTS = ("machines", "extensions", "operations")

_MOST_READS = 5_000
"""Of one runner: ten times what a busy one needs."""

_NEVER = (
    "CREATE TRIGGER reopened BEFORE UPDATE ON operations WHEN OLD.ended IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'an ended operation was changed'); END",
    "CREATE TRIGGER continued BEFORE INSERT ON steps"
    " WHEN (SELECT ended FROM operations WHERE id = NEW.operation_id) IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'an ended operation went on'); END",
    "CREATE TRIGGER beside BEFORE INSERT ON steps WHEN EXISTS"
    " (SELECT 1 FROM steps WHERE operation_id = NEW.operation_id AND ended IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'a step began beside another'); END",
    "CREATE TRIGGER rewritten BEFORE UPDATE ON steps WHEN OLD.ended IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'an ended step was changed'); END",
    "CREATE TRIGGER twice BEFORE INSERT ON operations WHEN EXISTS (SELECT 1 FROM operations"
    " WHERE machine_id = NEW.machine_id AND publisher = NEW.publisher AND type = NEW.type AND ended IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'two operations at once on one handler'); END",
)
"""History as the store must never have it; SQLite itself refuses."""
