"""Opening a store: its schema, its migrations, and what is refused."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from connectedmachine.model.errors import StoreError
from connectedmachine.store import Database, Store, migrations
from store.support import a_machine, run_python

WRITTEN_BY_A_LATER_RELEASE = """
import os, sqlite3, sys
later = sqlite3.connect(sys.argv[1], isolation_level=None)
later.execute("PRAGMA user_version=9999")
later.execute("CREATE TABLE from_the_future (x)")
later.execute("INSERT INTO from_the_future VALUES ('kept')")
if sys.argv[2] == "killed":
    os._exit(9)  # as kill -9 does: its log stays beside the file
later.close()
"""

OPENED_AT_ONCE = """
import sys
from pathlib import Path
from connectedmachine.store import Database
sys.stdin.read(1)
database = Database.open(Path(sys.argv[1]))
database.run("INSERT INTO answers VALUES (?, 'm', 'a', 't')", sys.argv[2])
database.close()
"""


def pragma(path: Path, name: str) -> object:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]
    finally:
        connection.close()


def tables(path: Path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    finally:
        connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where no store is yet, in a folder whose name has to be escaped in a URI."""
    folder = tmp_path / "a folder #1 50%"
    folder.mkdir()
    return folder / "store.db"


def test_a_new_store_has_the_latest_schema(path: Path) -> None:
    Database.open(path).close()
    assert pragma(path, "user_version") == migrations.LATEST
    assert {"machines", "extensions", "operations", "steps"} <= tables(path)


def test_a_committed_step_survives_power_loss(path: Path) -> None:
    database = Database.open(path)
    journal, synchronous, keys = (
        database.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "foreign_keys")
    )
    assert journal is not None
    assert synchronous is not None
    assert keys is not None
    full = 2
    assert (journal[0], synchronous[0], keys[0]) == ("wal", full, 1)
    database.close()


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [number for number, _ in migrations.MIGRATIONS] == list(range(1, migrations.LATEST + 1))


def with_migrations(monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """Add migrations to those there are; returns the number of the last."""
    known = migrations.MIGRATIONS
    added = tuple((migrations.LATEST + n, sql) for n, sql in enumerate(more, 1))
    latest = migrations.LATEST + len(more)
    monkeypatch.setattr(migrations, "MIGRATIONS", known + added)
    monkeypatch.setattr(migrations, "LATEST", latest)
    return latest


def test_a_store_is_brought_up_to_date_and_keeps_what_it_holds(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Store.open(home)
    before.machines.save(a_machine())
    before.close()
    latest = with_migrations(monkeypatch, "CREATE TABLE one (x);\nCREATE TABLE two (x);", "DROP TABLE one;")
    after = Store.open(home)
    assert after.machines.get(a_machine().id) == a_machine()
    after.close()
    assert pragma(home / "store.db", "user_version") == latest
    assert "two" in tables(home / "store.db")
    assert "one" not in tables(home / "store.db")


def test_a_migration_that_fails_leaves_neither_its_changes_nor_its_record(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database.open(path).close()
    reached = migrations.LATEST + 1
    broken = "CREATE TABLE half (x);\nINSERT INTO nowhere VALUES (1);"
    with_migrations(monkeypatch, "CREATE TABLE whole (x);", broken)
    with pytest.raises(StoreError) as caught:
        Database.open(path)
    assert caught.value.code == "StoreUnreadable"
    assert pragma(path, "user_version") == reached
    assert "whole" in tables(path)
    assert "half" not in tables(path)


@pytest.mark.parametrize("end", ["closed", "killed"])
def test_a_store_of_a_later_release_is_refused_and_no_byte_of_it_changes(path: Path, end: str) -> None:
    Database.open(path).close()
    run_python(WRITTEN_BY_A_LATER_RELEASE, path, end)
    log = path.with_name("store.db-wal")
    before = (path.read_bytes(), log.read_bytes() if end == "killed" else b"")
    with pytest.raises(StoreError) as caught:
        Database.open(path)
    assert caught.value.code == "StoreTooNew"
    assert "9999" in caught.value.message
    assert caught.value.hint
    assert (path.read_bytes(), log.read_bytes() if log.exists() else b"") == before


@pytest.mark.parametrize("content", [b"not a store", b"\0" * 4096, os.urandom(8192)])
def test_a_file_that_is_no_store_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Database.open(path)
    assert (caught.value.code, caught.value.target) == ("StoreUnreadable", str(path))
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreError) as caught:
        Database.open(path)
    assert caught.value.code == "StoreUnreadable"


def test_damage_that_shows_later_is_an_error_of_the_store(path: Path) -> None:
    database = Database.open(path)
    for number in range(200):
        database.run("INSERT INTO answers VALUES (?, 'm', ?, 't')", f"k{number}", "x" * 500)
    database.close()
    content = path.read_bytes()
    path.write_bytes(content[:-40_960] + b"\xff" * 40_960)
    damaged = Database.open(path)
    with pytest.raises(StoreError) as caught:
        damaged.all("SELECT * FROM answers")
    assert caught.value.code == "StoreUnreadable"
    damaged.close()


def test_processes_that_make_a_store_at_once_all_get_it(path: Path) -> None:
    names = [f"process {number}" for number in range(4)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENED_AT_ONCE, str(path), name],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for name in names
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"!")
        process.stdin.flush()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    database = Database.open(path)
    assert {row[0] for row in database.all("SELECT idempotency_key FROM answers")} == set(names)
    database.close()
