"""The SQLite file: how it is opened, its durability, its transactions.

Write-ahead log with ``synchronous=FULL``: a committed step survives power loss, which an operation's undo
depends on; only who says so does without. Never on a network share.
"""

from __future__ import annotations

import errno
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectedmachine.model.errors import DiskFullError, NotFoundError, StoreError
from connectedmachine.store import migrations

BUSY_TIMEOUT_MS = 10_000

_PAGE_BYTES = 4096

Value = str | int | float | bytes | None
Version = tuple[int, int]


class Database:
    """One connection, for one thread at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._translated = _Translated(path)
        self._lock = threading.RLock()
        self._depth = 0

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open the store, make it if there is none, and bring its schema up to date.

        Raises:
            StoreError: ``StoreTooNew`` when a later release wrote it (it is left untouched),
                ``StoreUnreadable`` when it is no store or is damaged, ``StoreReadOnly``, ``StoreBusy``.
            DiskFullError: ``DiskFull``; an existing store is as it was.
        """
        with _Translated(path):
            migrations.refuse_newer(path)
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                connection.row_factory = sqlite3.Row
                connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA foreign_keys=ON")
                migrations.apply(connection)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    @contextmanager
    def transaction(self, *, synced: bool = True) -> Iterator[None]:
        """Everything inside is committed together, or not at all. May be nested; the outermost commits.

        Args:
            synced: Without, it survives the death of this process, but not a loss of power, and costs a
                hundredth. The next one that is synced makes it as safe as itself.

        Raises:
            DiskFullError: ``DiskFull``; nothing was written.
            StoreError: ``StoreBusy``, ``StoreReadOnly`` or ``StoreUnreadable``; nothing was written.
        """
        with self._lock:
            if self._depth:
                yield
                return
            try:
                with self._translated:
                    if not synced:
                        self._connection.execute("PRAGMA synchronous=NORMAL")
                    self._connection.execute("BEGIN IMMEDIATE")
                self._depth = 1
                yield
                with self._translated:
                    self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0
                if not synced:
                    self._connection.execute("PRAGMA synchronous=FULL")

    def all(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        """The rows of a query."""
        with self._lock, self._translated:
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """The first row of a query, if there is one."""
        with self._lock, self._translated:
            row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def run(self, sql: str, *values: Value) -> int:
        """Do one statement; returns how many rows it changed."""
        with self._lock, self._translated:
            return self._connection.execute(sql, values).rowcount

    def version(self) -> Version:
        """Differs from any that was given before a change of the store, whoever made it."""
        row = self.one("PRAGMA data_version")  # changes with every commit of another connection
        assert row is not None
        return row[0], self._connection.total_changes

    def close(self) -> None:
        self._connection.close()


class _Translated:
    """Errors of SQLite inside become the store's; a class, since every statement is inside one."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, sqlite3.DatabaseError) or isinstance(error, sqlite3.ProgrammingError):
            return
        if not isinstance(error, sqlite3.IntegrityError):
            raise _meaning(error, self._path) from error
        if "FOREIGN KEY" in str(error):
            # What was found before was removed by somebody else since.
            raise NotFoundError(
                "ResourceNotFound",
                "The machine or the extension was removed meanwhile; nothing was changed.",
                target=str(self._path),
                hint="List what there is and try again.",
            ) from error


def _meaning(error: sqlite3.DatabaseError, path: Path) -> DiskFullError | StoreError:
    text, target = str(error), str(path)
    if "locked" in text or "busy" in text:
        return StoreError(
            "StoreBusy",
            "Another process has kept the store busy for too long; nothing was changed.",
            target=target,
            hint="Try again.",
        )
    obstacle = None
    if any(sign in text for sign in ("disk I/O error", "unable to open", "readonly")):
        obstacle = _obstacle_to_writing(path)
    if "full" in text or obstacle in _NO_ROOM:
        return DiskFullError(
            "DiskFull",
            "There is no space left for the store; nothing was changed.",
            target=target,
            hint="Free some space on its disk, or raise the quota or file-size limit, and try again.",
        )
    if obstacle == errno.EROFS:
        return StoreError(
            "StoreReadOnly",
            "The disk of the store is read-only; nothing was changed.",
            target=target,
            hint="See why, in the system's log, and mount it for writing again.",
        )
    return StoreError(
        "StoreUnreadable",
        f"The store cannot be used: {text}.",
        target=target,
        hint="Check its disk and permissions; restore it from a backup if it is damaged.",
    )


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _obstacle_to_writing(path: Path) -> int | None:
    """Why a page more cannot be written there, as an error number.

    SQLite names a full disk only: a quota, a limit on the size of files and a disk that was mounted read-only
    meanwhile are all an I/O error to it.
    """
    try:
        length = max(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
        with tempfile.TemporaryFile(dir=path.parent) as page:
            page.seek(length)
            page.write(bytes(_PAGE_BYTES))
            page.flush()
    except (OSError, ValueError) as error:
        return getattr(error, "errno", None)
    return None
