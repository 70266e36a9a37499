"""SQLite with its durable calls seen: the store of the real agent over apsw and a VFS that reports.

The standard module gives no hook below SQL. ``tapped`` puts connections of apsw in its place within one
process; shared memory and locks go to the operating system as ever, so the write-ahead log works as it does
in production, also beside another process. What SQLite syncs on its own account, the folder of a new journal,
is reported too: it is a part of ``xSync`` and ``xDelete``.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

Report = Callable[[str, Path, int, bytes], None]
"""Called BEFORE a call is made, with its kind, file, offset (the new size of a ``truncate``) and data.

Kinds: ``create``, ``write``, ``fsync``, ``fsync folder``, ``truncate``, ``unlink``. An OSError that it raises
is what SQLite meets in place of the call.
"""

_VFS = "tapped"
_SHARED_MEMORY = "-shm"
_NAMES_ITS_FOLDER = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
_TEMPORARY = apsw.SQLITE_OPEN_DELETEONCLOSE
_CHECKPOINT_AFTER = 1000


@contextmanager
def tapped(report: Report) -> Iterator[None]:
    """``sqlite3.connect`` gives connections whose durable calls go through ``report``; not to be nested."""
    vfs = _Vfs(report)
    original = sqlite3.connect
    sqlite3.connect = _connect  # type: ignore[assignment]
    try:
        yield
    finally:
        sqlite3.connect = original
        vfs.unregister()


class _File(apsw.VFSFile):
    """A database, its log or its journal; opened by name, so that every write of it passes here."""

    def __init__(self, report: Report, name: str | apsw.URIFilename, flags: list[int]) -> None:
        self._report = report
        self._path = Path(name.filename() if isinstance(name, apsw.URIFilename) else name)
        may_create = bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        # SQLite's rule (os_unix.c): the first sync of a journal it may have made is one of its folder too.
        self._folder_too = may_create and bool(flags[0] & _NAMES_ITS_FOLDER)
        if may_create and not self._path.exists():
            with _as_sqlite_says(apsw.CantOpenError, "unable to open database file"):
                report("create", self._path, 0, b"")
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        with _as_sqlite_says(apsw.IOError, "disk I/O error"):
            self._report("write", self._path, offset, bytes(data))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        with _as_sqlite_says(apsw.IOError, "disk I/O error"):
            self._report("fsync", self._path, 0, b"")
            if self._folder_too:
                self._report("fsync folder", self._path.parent, 0, b"")
        super().xSync(flags)
        self._folder_too = False

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        with _as_sqlite_says(apsw.IOError, "disk I/O error"):
            self._report("truncate", self._path, newsize, b"")
        super().xTruncate(newsize)


class _Vfs(apsw.VFS):
    def __init__(self, report: Report) -> None:
        super().__init__(_VFS, "")
        self._report = report

    def xOpen(  # noqa: N802
        self, name: str | apsw.URIFilename | None, flags: list[int]
    ) -> apsw.VFSFile:
        if name is None or flags[0] & _TEMPORARY:
            return super().xOpen(name, flags)  # a scratch file, which nobody finds again
        return _File(self._report, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        path = Path(filename)
        if path.exists():  # SQLite asks without looking
            with _as_sqlite_says(apsw.IOError, "disk I/O error"):
                self._report("unlink", path, 0, b"")
        super().xDelete(filename, syncdir)
        if syncdir:
            self._report("fsync folder", path.parent, 0, b"")


@contextmanager
def _as_sqlite_says(otherwise: type[apsw.Error], text: str) -> Iterator[None]:
    """What SQLite makes of an error of the operating system: a full disk is told apart, nothing else is."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise apsw.FullError("database or disk is full") from error
        raise otherwise(text) from error


class _Row:
    """As ``sqlite3.Row``, which takes only cursors of its own module."""

    def __init__(self, names: tuple[str, ...], values: tuple[object, ...]) -> None:
        self._names = names
        self._values = values

    def keys(self) -> list[str]:
        return list(self._names)

    def __getitem__(self, key: int | str) -> object:
        return self._values[self._names.index(key) if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[object]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class _Cursor:
    def __init__(self, cursor: apsw.Cursor, changes: Callable[[], int]) -> None:
        self._cursor = cursor
        self._changes = changes

    @property
    def rowcount(self) -> int:
        return self._changes()

    def fetchone(self) -> object:
        with _translated():
            return self._cursor.fetchone()

    def fetchall(self) -> list[object]:
        with _translated():
            return list(self._cursor.fetchall())

    def __iter__(self) -> Iterator[object]:
        return iter(self.fetchall())


class _Connection:
    """As much of ``sqlite3.Connection`` in autocommit mode as the store uses."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self.row_factory: object = None

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    @property
    def total_changes(self) -> int:
        return self._connection.total_changes()

    def execute(self, sql: str, values: Sequence[apsw.SQLiteValue] = ()) -> _Cursor:
        cursor = self._connection.cursor()
        if self.row_factory is not None:
            cursor.row_trace = _row
        with _translated():
            cursor.execute(sql, tuple(values))
        return _Cursor(cursor, self._connection.changes)

    def close(self) -> None:
        # SQLite passes over what fails when it tidies up its log at the end; apsw would raise it.
        with suppress(apsw.Error):
            self._connection.close()


def _checkpoint(connection: apsw.Connection, database: str, pages: int) -> int:
    """As SQLite itself does it: a failure is none of the commit before, and apsw would raise it."""
    if pages >= _CHECKPOINT_AFTER:
        with suppress(apsw.Error):
            connection.wal_checkpoint(database)
    return apsw.SQLITE_OK


def _row(cursor: apsw.Cursor, values: tuple[apsw.SQLiteValue, ...]) -> _Row:
    return _Row(tuple(column[0] for column in cursor.get_description()), values)


def _connect(database: str | Path, *, uri: bool = False, **_: object) -> _Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | (apsw.SQLITE_OPEN_URI if uri else 0)
    with _translated():
        connection = apsw.Connection(str(database), flags=flags, vfs=_VFS)
    connection.set_wal_hook(_checkpoint)
    return _Connection(connection)


_CLASSES: tuple[tuple[type[apsw.Error], type[sqlite3.Error]], ...] = (
    (apsw.ConstraintError, sqlite3.IntegrityError),
    (apsw.MismatchError, sqlite3.IntegrityError),
    (apsw.CorruptError, sqlite3.DatabaseError),
    (apsw.NotADBError, sqlite3.DatabaseError),
    (apsw.TooBigError, sqlite3.DataError),
    (apsw.MisuseError, sqlite3.InterfaceError),
    (apsw.RangeError, sqlite3.InterfaceError),
    (apsw.ConnectionClosedError, sqlite3.ProgrammingError),
    (apsw.BindingsError, sqlite3.ProgrammingError),
    (apsw.Error, sqlite3.OperationalError),
)


@contextmanager
def _translated() -> Iterator[None]:
    """Errors get the standard module's classes; the texts are SQLite's in both."""
    try:
        yield
    except apsw.Error as error:
        found = next(theirs for ours, theirs in _CLASSES if isinstance(error, ours))
        raise found(str(error)) from error


def shared_memory(database: Path) -> Path:
    """The file beside a database that is memory in truth: a loss of power takes it along."""
    return database.with_name(database.name + _SHARED_MEMORY)
