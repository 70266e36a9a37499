"""The tap of SQLite's durable calls: what it sees, and that the store over it is as it is without."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from durable.sqlite import tapped

from connectedmachine.model.errors import DiskFullError, StoreError
from connectedmachine.store import Database

KILLED_BEFORE_ITS_CHECKPOINT = """
import os, sys
from pathlib import Path
from connectedmachine.store import Database
database = Database.open(Path(sys.argv[1]))
database.run("INSERT INTO answers VALUES ('kept', 'm', 'a', 't')")
os._exit(9)
"""


class Seen:
    """What a tap reported, and an error for one kind of call if asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.failing: tuple[str, int] | None = None

    def __call__(self, kind: str, path: Path, _offset: int, _data: bytes) -> None:
        if self.failing and self.failing[0] == kind:
            raise OSError(self.failing[1], "no")
        self.calls.append((kind, path.name))


def insert(database: Database, key: str) -> None:
    database.run("INSERT INTO answers VALUES (?, 'm', 'a', 't')", key)


def test_a_commit_is_a_write_to_the_log_and_a_sync_of_it(tmp_path: Path) -> None:
    seen = Seen()
    with tapped(seen):
        database = Database.open(tmp_path / "store.db")
        seen.calls.clear()
        insert(database, "a")
        committed, seen.calls = seen.calls, []
        with database.transaction(synced=False):
            insert(database, "b")
        unsynced, seen.calls = seen.calls, []
        database.close()
    assert set(committed[:-1]) == {("write", "store.db-wal")}
    assert committed[-1] == ("fsync", "store.db-wal")
    assert set(unsynced) == {("write", "store.db-wal")}
    assert seen.calls[-1] == ("unlink", "store.db-wal")
    assert seen.calls.index(("fsync", "store.db-wal")) < seen.calls.index(("write", "store.db"))


def test_a_new_store_is_made_with_its_folder_synced(tmp_path: Path) -> None:
    seen = Seen()
    with tapped(seen):
        Database.open(tmp_path / "store.db").close()
    assert seen.calls[0] == ("create", "store.db")
    assert ("fsync folder", tmp_path.name) in seen.calls


def test_what_another_process_left_in_the_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    left = subprocess.run([sys.executable, "-c", KILLED_BEFORE_ITS_CHECKPOINT, str(path)], check=False)
    assert left.returncode == 9
    with tapped(Seen()):
        database = Database.open(path)
        row = database.one("SELECT * FROM answers")
        assert row is not None
        assert (row["idempotency_key"], row[0], len(row)) == ("kept", "kept", 4)
        database.close()


@pytest.mark.parametrize(
    ("kind", "number", "family", "code"),
    [
        ("write", errno.ENOSPC, DiskFullError, "DiskFull"),
        ("write", errno.EROFS, StoreError, "StoreUnreadable"),
        ("fsync", errno.EIO, StoreError, "StoreUnreadable"),
    ],
)
def test_an_error_of_the_disk_reaches_the_store_as_the_system_would_give_it(
    tmp_path: Path, kind: str, number: int, family: type[StoreError] | type[DiskFullError], code: str
) -> None:
    seen = Seen()
    with tapped(seen):
        database = Database.open(tmp_path / "store.db")
        seen.failing = (kind, number)
        with pytest.raises(family) as refused:
            insert(database, "a")
        assert refused.value.code == code
        seen.failing = None
        insert(database, "a")
        assert len(database.all("SELECT * FROM answers")) == 1
        database.close()
