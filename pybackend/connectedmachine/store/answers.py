"""Answers to mutations by idempotency key, so that a repeated request does nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectedmachine.model.clock import to_text
from connectedmachine.store.database import Database

KEPT_FOR = timedelta(days=1)
"""A client repeats a request within seconds, after its backend died."""

_CLEARED_EVERY = timedelta(hours=1)


class Answers:
    def __init__(self, database: Database) -> None:
        self._db = database
        self._cleared: datetime | None = None

    def find(self, key: str, method: str) -> str | None:
        """The stored answer, JSON text."""
        row = self._db.one("SELECT answer FROM answers WHERE idempotency_key = ? AND method = ?", key, method)
        return None if row is None else str(row["answer"])

    def keep(self, key: str, method: str, answer: str, now: datetime) -> None:
        """Keep an answer through the death of this process; a loss of power takes also who would ask."""
        with self._db.transaction(synced=False):
            if self._cleared is None or now - self._cleared >= _CLEARED_EVERY:  # it looks at every answer
                self._db.run("DELETE FROM answers WHERE time < ?", to_text(now - KEPT_FOR))
                self._cleared = now
            self._db.run(
                "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", key, method, answer, to_text(now)
            )
