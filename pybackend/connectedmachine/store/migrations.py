"""Numbered migrations, each in one transaction with its own record.

A store that a later release wrote is refused and left untouched: an older release cannot know what its
rows mean.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from connectedmachine.model.errors import StoreError
from connectedmachine.store.schema import FIRST
from connectedmachine.store.schema_from_6 import FROM_6

MIGRATIONS = (*FIRST, *FROM_6)
LATEST = MIGRATIONS[-1][0]


def refuse_newer(path: Path) -> None:
    """Raises StoreError ``StoreTooNew`` when the file's schema is later than any this release knows."""
    if not path.exists():
        return
    # Read-only: closing a writable connection moves a log that a killed process left into the file.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        found = _version(connection)
    finally:
        connection.close()
    if found > LATEST:
        raise StoreError(
            "StoreTooNew",
            f"The store {path} has schema {found}; this release knows {LATEST} at most.",
            target=str(path),
            hint="Use the newer release that wrote it. Nothing was changed.",
        )


def apply(connection: sqlite3.Connection) -> None:
    """Do what is missing, each number in one transaction with its own record in ``user_version``."""
    for number, sql in MIGRATIONS:
        if _version(connection) >= number:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done it while this one waited for the lock.
            if _version(connection) < number:
                for statement in _statements(sql):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")
        except BaseException:
            # A full disk has ended the transaction already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(sql: str) -> list[str]:
    """``executescript`` would commit before it starts, so statements are run one by one."""
    statements, current = [], ""
    for line in sql.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
