"""All or nothing: whatever fails, fills up or is killed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from connectedmachine.model.errors import DiskFullError, StoreError
from connectedmachine.model.resource import ProvisioningState
from connectedmachine.store import Database, Store, database
from store.support import MACHINE, a_machine, an_extension, an_operation, run_python


class MishapError(Exception):
    """What goes wrong in the middle of a transaction."""


def broken_off(transaction: Callable[[], AbstractContextManager[None]], work: Callable[[], object]) -> None:
    """Do work in a transaction in which something goes wrong afterwards."""
    with transaction():
        work()
        raise MishapError


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "store.db")
    yield opened
    opened.close()


def put(db: Database, key: str, length: int = 1) -> None:
    db.run("INSERT INTO answers VALUES (?, 'm', ?, 't')", key, "x" * length)


def keys(db: Database) -> set[str]:
    return {row[0] for row in db.all("SELECT idempotency_key FROM answers")}


def test_what_belongs_together_is_committed_together(db: Database) -> None:
    with db.transaction():
        put(db, "a")
        put(db, "b")
    assert keys(db) == {"a", "b"}


def test_an_exception_takes_all_of_it_back(db: Database) -> None:
    put(db, "before")
    with pytest.raises(MishapError):
        broken_off(db.transaction, lambda: put(db, "a"))
    assert keys(db) == {"before"}


def test_after_one_that_is_not_synced_the_next_is(db: Database) -> None:
    """Also when something goes wrong in it."""
    with db.transaction(synced=False):
        put(db, "a")
    with pytest.raises(MishapError):
        broken_off(lambda: db.transaction(synced=False), lambda: put(db, "b"))
    mode = db.one("PRAGMA synchronous")
    assert mode is not None
    full = 2
    assert (mode[0], keys(db)) == (full, {"a"})


def test_an_inner_transaction_commits_with_the_outer_one(db: Database) -> None:
    def inner() -> None:
        with db.transaction():
            put(db, "inner")

    with pytest.raises(MishapError):
        broken_off(db.transaction, inner)
    assert keys(db) == set()


def test_an_exception_in_an_inner_one_takes_the_outer_one_back(db: Database) -> None:
    def outer() -> None:
        with db.transaction():
            put(db, "outer")
            broken_off(db.transaction, lambda: None)

    with pytest.raises(MishapError):
        outer()
    assert keys(db) == set()


def test_after_a_mishap_the_next_transaction_works(db: Database) -> None:
    with pytest.raises(MishapError):
        broken_off(db.transaction, lambda: None)
    with db.transaction():
        put(db, "next")
    assert keys(db) == {"next"}


def test_no_other_process_sees_half_of_it(db: Database, tmp_path: Path) -> None:
    other = Database.open(tmp_path / "store.db")
    with db.transaction():
        put(db, "a")
        assert keys(other) == set()
        put(db, "b")
    assert keys(other) == {"a", "b"}
    other.close()


def test_a_transaction_of_one_thread_holds_no_statement_of_another(db: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        put(db, "taken back")
        inside.set()
        go_on.wait(30)

    def fails() -> None:
        with pytest.raises(MishapError):
            broken_off(db.transaction, slow)

    thread = threading.Thread(target=fails)
    thread.start()
    assert inside.wait(30)
    other = threading.Thread(target=put, args=(db, "kept"))
    other.start()
    go_on.set()
    thread.join()
    other.join()
    assert keys(db) == {"kept"}


def test_a_store_that_another_process_keeps_busy_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 1)
    first, second = Database.open(tmp_path / "store.db"), Database.open(tmp_path / "store.db")
    with first.transaction():
        put(first, "a")
        with pytest.raises(StoreError) as caught, second.transaction():
            pytest.fail("two writers at once")
    assert caught.value.code == "StoreBusy"
    with second.transaction():
        put(second, "b")
    assert keys(first) == {"a", "b"}
    first.close()
    second.close()


# A full disk.


def fill_up(db: Database) -> None:
    """Leave the file no room to grow, as a full disk does."""
    row = db.one("PRAGMA page_count")
    assert row is not None
    db.one(f"PRAGMA max_page_count = {row[0] + 1}")


def test_on_a_full_disk_nothing_of_a_transaction_stays(db: Database) -> None:
    put(db, "before")
    fill_up(db)

    def work() -> None:
        with db.transaction():
            put(db, "small")
            put(db, "big", 1_000_000)

    with pytest.raises(DiskFullError) as caught:
        work()
    assert caught.value.code == "DiskFull"
    assert caught.value.hint
    assert keys(db) == {"before"}


def test_once_there_is_room_again_the_same_store_goes_on(db: Database) -> None:
    fill_up(db)
    with pytest.raises(DiskFullError):
        put(db, "big", 1_000_000)
    db.one("PRAGMA max_page_count = 100000")
    with db.transaction():
        put(db, "big", 1_000_000)
    assert keys(db) == {"big"}


def test_an_operation_begins_on_a_full_disk_whole_or_not_at_all(home: Path, store: Store) -> None:
    store.extensions.save(an_extension())
    db = Database.open(home / "store.db")
    full = Store(home, db)
    fill_up(db)

    def begin() -> None:
        with full.transaction():
            full.extensions.save(replace(an_extension(), provisioning=ProvisioningState.UPDATING))
            full.operations.begin(replace(an_operation(), initiator="x" * 1_000_000))

    with pytest.raises(DiskFullError):
        begin()
    assert store.operations.unfinished(MACHINE) == []
    assert store.extensions.find(MACHINE, "agent") == an_extension()
    db.close()


def is_mounted_small(folder: Path) -> bool:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system too small for a store."""
    folder = tmp_path / "small"
    folder.mkdir()
    if sys.platform != "linux" or not is_mounted_small(folder):
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_store_that_has_no_room_to_be_made_says_that_the_disk_is_full(small_disk: Path) -> None:
    with pytest.raises(DiskFullError) as caught:
        Database.open(small_disk / "store.db")
    assert caught.value.target == str(small_disk / "store.db")


# A process that is killed.

KILLED = """
import os, signal, sys
from pathlib import Path
from connectedmachine.store import Database
database = Database.open(Path(sys.argv[1]))
with database.transaction():
    database.run("INSERT INTO answers VALUES ('committed', 'm', 'a', 't')")
with database.transaction():
    for number in range(3000):
        database.run("INSERT INTO answers VALUES (?, 'm', ?, 't')", f"k{number}", "x" * 2000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_process_killed_in_a_transaction_leaves_the_state_from_before_it(tmp_path: Path) -> None:
    done = run_python(KILLED, tmp_path / "store.db")
    assert done.returncode == -9
    log = tmp_path / "store.db-wal"
    assert log.stat().st_size > 1_000_000, "it was killed before it wrote"
    again = Database.open(tmp_path / "store.db")
    assert keys(again) == {"committed"}
    with again.transaction():
        put(again, "after")
    assert keys(again) == {"committed", "after"}
    again.close()


def test_a_machine_and_its_extension_are_saved_or_neither(store: Store) -> None:
    def both() -> None:
        store.machines.save(a_machine("other", simulated=True))
        store.extensions.save(an_extension())

    with pytest.raises(MishapError):
        broken_off(store.transaction, both)
    assert store.machines.get(a_machine("other").id) is None
    assert store.extensions.of_machine(MACHINE) == []
