"""What a disk may hold after a loss of power, and a part of the recoveries from such disks."""

from __future__ import annotations

from pathlib import Path

import pytest

if not Path("/proc/self/fd").exists():
    pytest.skip("the taps need /proc", allow_module_level=True)

from cuts.slices import faults
from durable import tapped
from power.disk import (
    ROOT,
    Change,
    Disk,
    Enter,
    Kind,
    Loss,
    Move,
    Node,
    Stamp,
    Sync,
    Torn,
    Trace,
    Write,
    paths,
)
from power.recording import Recording

from connectedmachine.handler.status import keep_status

A, B, FILE = 1, 2, 3
NODES = {ROOT: Node(Kind.FOLDER), A: Node(Kind.FOLDER), B: Node(Kind.FOLDER), FILE: Node(Kind.FILE)}


def trace(*events: Change | Sync | Stamp) -> Trace:
    """Two folders and what was done to them; a cut behind each event."""
    before = Disk({ROOT: {"a": A, "b": B}, A: {}, B: {}}, {})
    return Trace(before, NODES, events, frozenset(), range(len(events) + 1))


NEW = (Enter(A, "new", FILE), Write(FILE, 0, b"word"))


def test_nothing_is_certain_before_it_is_synced() -> None:
    assert trace(*NEW).uncertain(2) == [0, 1]


def test_a_sync_of_a_file_is_none_of_its_name() -> None:
    assert trace(*NEW, Sync(FILE, "")).uncertain(3) == [0]


def test_a_sync_of_a_folder_is_none_of_what_its_files_hold() -> None:
    assert trace(*NEW, Sync(A, "")).uncertain(3) == [1]


def test_a_sync_is_none_of_what_comes_later() -> None:
    assert trace(Sync(A, ""), Sync(FILE, ""), *NEW).uncertain(4) == [2, 3]


def test_a_rename_is_certain_when_both_its_folders_are_synced() -> None:
    moved = trace(Move(A, "old", B, "new", FILE), Sync(B, ""), Sync(A, ""))
    assert [moved.uncertain(position) for position in (1, 2, 3)] == [[0], [0], []]


def test_a_write_may_be_missing_though_the_name_arrived() -> None:
    lost = trace(*NEW).after(Loss(2, frozenset([1])))
    assert paths(lost, NODES) == {"a": A, "a/new": FILE, "b": B}
    assert lost.contents.get(FILE, b"") == b""


@pytest.mark.parametrize(("torn", "left"), [(Torn.HALF, b"wo"), (Torn.ZEROS, b"\0\0\0\0")])
def test_a_write_may_arrive_in_part(torn: Torn, left: bytes) -> None:
    assert trace(*NEW).after(Loss(2, torn=(1, torn))).contents[FILE] == left


def test_a_product_without_a_sync_has_more_to_lose() -> None:
    assert trace(*NEW, Sync(A, ""), Sync(FILE, "")).without([2]).uncertain(4) == [0]


def test_a_recording_is_the_disk_that_came_of_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "old").write_text("old")
    recording = Recording(tmp_path, lambda _: False)
    with tapped(tmp_path, recording):
        (kept / "new.tmp").write_text("new")
        (kept / "new.tmp").replace(kept / "new")
        (kept / "old").unlink()
        (kept / "folder").mkdir()
        kept.rename(tmp_path / "moved")
        with (tmp_path / "moved" / "new").open("r+b") as file:
            file.write(b"N")
    found = recording.trace()
    disk = found.after(Loss(len(found.events)))
    names = paths(disk, found.nodes)
    assert sorted(names) == ["moved", "moved/folder", "moved/new"]
    assert disk.contents[names["moved/new"]] == b"New"


def test_what_a_handler_reported_is_certain_with_its_name_once_it_is_kept(tmp_path: Path) -> None:
    (tmp_path / "status").mkdir()
    recording = Recording(tmp_path, lambda _: False)
    with tapped(tmp_path, recording) as taps:
        with taps.silence():  # as another process would
            (tmp_path / "status" / "1.status").write_text("[]")
        keep_status(tmp_path, 1)
    found = recording.trace()
    assert any(isinstance(event, Write) for event in found.events)
    assert found.uncertain(len(found.events)) == []


def test_a_runner_gets_there_from_what_a_loss_of_power_leaves(tmp_path: Path) -> None:
    scenarios = ("upgrade, nothing twice", "undo", "install")
    asked = [word for name in scenarios for word in ("--scenario", name)]
    rows = faults(tmp_path, "--mode", "lost", "--stride", "131", *asked)
    assert [row["scenario"] for row in rows] == [f"{name}, lost writes" for name in scenarios]
    assert all(row["cuts"] for row in rows)


def test_a_sync_that_is_left_out_is_noticed(tmp_path: Path) -> None:
    (row,) = faults(tmp_path, "--mode", "syncs", "--scenario", "remove")
    assert row["cuts"]


def test_a_write_that_was_lost_leaves_a_file_as_old_as_it_was_made_to_look() -> None:
    aged = trace(Write(FILE, 0, b"old"), Stamp(FILE), Write(FILE, 0, b"old"))
    assert aged.after(Loss(3)).stamped == frozenset()
    assert aged.after(Loss(3, frozenset([2]))).stamped == {FILE}
