"""When a heartbeat counts."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.handler.heartbeat import parse_heartbeat, read_heartbeat
from handler.support import needs_posix_files

NOW = 1_700_000_000.0


def beat(**heartbeat: object) -> bytes:
    return json.dumps([{"version": 1.0, "heartbeat": heartbeat}]).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heartbeat.log"


def put(path: Path, data: bytes, age: float) -> None:
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))


@pytest.mark.parametrize(("age", "ready"), [(0, True), (599, True), (600, True), (601, False), (1e6, False)])
def test_a_heartbeat_counts_for_600_seconds(path: Path, age: float, ready: bool) -> None:
    put(path, beat(status="ready"), age)
    heartbeat = read_heartbeat(path, NOW)
    assert heartbeat is not None
    assert (heartbeat.ready, heartbeat.age) == (ready, age)


def test_a_clock_that_was_set_back_makes_nobody_late(path: Path) -> None:
    put(path, beat(status="ready"), -5000)
    heartbeat = read_heartbeat(path, NOW)
    assert heartbeat is not None
    assert (heartbeat.ready, heartbeat.age) == (True, 0)


def test_no_file_is_no_heartbeat(path: Path) -> None:
    assert read_heartbeat(path, NOW) is None


@pytest.mark.parametrize(
    ("status", "ready"),
    [("ready", True), ("Ready", True), ("notready", False), ("unknown", False), ("", False)],
)
def test_only_ready_is_ready(status: str, ready: bool) -> None:
    assert parse_heartbeat(beat(status=status), 0).ready is ready


@pytest.mark.parametrize(
    "heartbeat",
    [
        {"formattedMessage": {"lang": "en", "message": "disk is slow"}},
        {"Message": "disk is slow"},
        {"formattedMessage": {"lang": "en", "message": "disk is slow"}, "Message": "other"},
        {"formattedMessage": None, "Message": "disk is slow"},
    ],
)
def test_the_message_is_taken_from_either_field(heartbeat: dict[str, object]) -> None:
    assert parse_heartbeat(beat(status="notready", code=5, **heartbeat), 0).message == "disk is slow"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty file"),
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"[]", id="empty array"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[null]", id="null element"),
        pytest.param(b'{"heartbeat": {"status": "ready"}}', id="object"),
        pytest.param(b'[{"status": "ready"}]', id="no heartbeat"),
        pytest.param(b'[{"heartbeat": "ready"}]', id="heartbeat is text"),
        pytest.param(b'[{"heartbeat": {}}]', id="no status"),
        pytest.param(b'[{"heartbeat": {"status": null}}]', id="null status"),
        pytest.param(b'[{"heartbeat": {"status": true}}]', id="boolean status"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
    ],
)
def test_a_malformed_heartbeat_is_not_ready_and_says_why(path: Path, data: bytes) -> None:
    put(path, data, 1)
    heartbeat = read_heartbeat(path, NOW)
    assert heartbeat is not None
    assert not heartbeat.ready
    assert heartbeat.message


@needs_posix_files
def test_links_pipes_and_endless_files_are_not_ready(path: Path, tmp_path: Path) -> None:
    good = tmp_path / "good"
    put(good, beat(status="ready"), 1)
    path.symlink_to(good)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    endless = tmp_path / "endless"
    with endless.open("wb") as file:
        file.truncate(1 << 40)
    for odd in (path, pipe, endless):
        heartbeat = read_heartbeat(odd, NOW)
        assert heartbeat is not None
        assert not heartbeat.ready


@given(st.binary() | st.text().map(lambda text: beat(status=text, Message=text)))
def test_no_bytes_upset_the_reader_and_what_it_says_can_be_stored(data: bytes) -> None:
    parse_heartbeat(data, 0).message.encode()
