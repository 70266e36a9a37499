"""The store's commits as durable calls, each as one: what a kill of this process can come between."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

_CHANGES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


def _as_it_is(_: str, make: Callable[[], Any]) -> Any:
    return make()


class Connection(sqlite3.Connection):
    """A connection in autocommit mode whose commits go through ``made``."""

    made: Callable[[str, Callable[[], Any]], Any] = staticmethod(_as_it_is)

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        word = sql.split(None, 1)[0].upper()
        if word != "COMMIT" and (word not in _CHANGES or self.in_transaction):
            return super().execute(sql, values)
        cursor: sqlite3.Cursor = self.made(sql, lambda: super(Connection, self).execute(sql, values))
        return cursor
