"""No durable call of the runner's process goes by unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if not Path("/proc/self/fd").exists():
    pytest.skip("the taps need /proc", allow_module_level=True)

from durable import Call, Watcher, tapped

from connectedmachine.store.database import Database


class Refusing(Watcher):
    def before(self, number: int, call: Call) -> None:
        super().before(number, call)
        raise OSError(28, "No space left on device")


def test_every_way_to_change_a_file_is_seen(tmp_path: Path) -> None:
    watcher = Watcher()
    folder = tmp_path / "folder"
    with tapped(tmp_path, watcher):
        folder.mkdir()
        (folder / "text").write_text("one")
        with (folder / "text").open("ab") as file:
            file.write(b"two")
        with os.fdopen(os.open(folder / "raw", os.O_WRONLY | os.O_CREAT), "wb", buffering=0) as file:
            file.write(b"three")
            os.fsync(file.fileno())
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        (folder / "raw").rename(folder / "cooked")
        os.truncate(folder / "cooked", 2)
        (folder / "link").symlink_to("cooked")
        os.link(folder / "text", folder / "second")
        (folder / "text").chmod(0o400)
        os.utime(folder / "text", (0, 0))
        (folder / "absent").unlink(missing_ok=True)
        subprocess.run(["true"], cwd=folder, check=True)
        shutil.rmtree(folder)
    seen = [(call.kind, call.path.name) for call in watcher.calls]
    assert seen[:-5] == [
        ("mkdir", "folder"),
        ("create", "text"),
        ("write", "text"),
        ("write", "text"),
        ("create", "raw"),
        ("write", "raw"),
        ("fsync", "raw"),
        ("fsync folder", "folder"),
        ("rename", "raw"),
        ("truncate", "cooked"),
        ("symlink", "link"),
        ("link", "text"),
        ("chmod", "text"),
        ("utime", "text"),
        ("spawn", "folder"),
    ]
    assert sorted(seen[-5:-1]) == [("unlink", name) for name in ("cooked", "link", "second", "text")]
    assert seen[-1] == ("rmdir", "folder")
    writes = [(call.offset, call.data) for call in watcher.calls if call.kind == "write"]
    assert writes == [(0, b"one"), (3, b"two"), (0, b"three")]


def test_each_commit_of_the_store_is_one_call(tmp_path: Path) -> None:
    watcher = Watcher()
    with tapped(tmp_path, watcher):
        database = Database.open(tmp_path / "store.db")
        before = len(watcher.calls)
        with database.transaction():
            database.run("INSERT INTO galleries VALUES ('a', '/a', 1)")
            database.run("INSERT INTO galleries VALUES ('b', '/b', 2)")
        database.run("DELETE FROM galleries")
        database.all("SELECT * FROM galleries")
        database.close()
    assert [call.detail.split()[0] for call in watcher.calls[before:]] == ["COMMIT", "DELETE"]


def test_what_an_observer_raises_comes_in_the_place_of_the_call(tmp_path: Path) -> None:
    with tapped(tmp_path, Refusing()), pytest.raises(OSError, match="No space"):
        (tmp_path / "file").write_bytes(b"")
    assert list(tmp_path.iterdir()) == []


def test_nothing_outside_the_root_counts_and_nothing_stays_behind(tmp_path: Path) -> None:
    watcher = Watcher()
    functions = (os.open, os.mkdir, open, subprocess.Popen._execute_child)  # type: ignore[attr-defined]
    with tapped(tmp_path / "root", watcher):
        (tmp_path / "other").write_bytes(b"1")
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert watcher.calls == []
    assert functions == (os.open, os.mkdir, open, subprocess.Popen._execute_child)  # type: ignore[attr-defined]
