"""When a heartbeat counts."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.handler.heartbeat import Heartbeats, parse_heartbeat
from connectedmachine.model.handler import Heartbeat
from handler.support import HandClock, needs_posix_files

NOW = 1_700_000_000.0


class WallClock(HandClock):
    """Its wall clock is set by hand, too."""

    def __init__(self) -> None:
        super().__init__()
        self.wall = NOW

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)


def read_heartbeat(path: Path) -> Heartbeat | None:
    return Heartbeats(WallClock()).read(path)


def beat(**heartbeat: object) -> bytes:
    return json.dumps([{"version": 1.0, "heartbeat": heartbeat}]).encode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "heartbeat.log"


def put(path: Path, data: bytes, age: float) -> None:
    path.write_bytes(data)
    os.utime(path, (NOW - age, NOW - age))


@pytest.mark.parametrize("age", [0.0, 600.0, 601.0, 1e6])
def test_a_heartbeat_says_how_old_it_is(path: Path, age: float) -> None:
    put(path, beat(status="ready"), age)
    heartbeat = read_heartbeat(path)
    assert heartbeat is not None
    assert (heartbeat.ready, heartbeat.age) == (True, age)


def test_a_clock_that_was_set_back_makes_nobody_late(path: Path) -> None:
    put(path, beat(status="ready"), -5000)
    heartbeat = read_heartbeat(path)
    assert heartbeat is not None
    assert (heartbeat.ready, heartbeat.age) == (True, 0)


@pytest.mark.parametrize("seconds", [-86_400.0, 86_400.0])
def test_a_clock_that_is_set_between_two_looks_changes_no_age(path: Path, seconds: float) -> None:
    clock = WallClock()
    heartbeats = Heartbeats(clock)
    put(path, beat(status="ready"), 10.0)
    heartbeats.read(path)
    clock.wall += seconds
    clock.sleep(595.0)
    heartbeat = heartbeats.read(path)
    assert heartbeat is not None
    assert heartbeat.age == 605.0


def test_a_new_heartbeat_is_as_old_as_its_file(path: Path) -> None:
    clock = WallClock()
    heartbeats = Heartbeats(clock)
    put(path, beat(status="ready"), 600.0)
    heartbeats.read(path)
    clock.sleep(5.0)
    put(path, beat(status="ready"), 1.0)
    heartbeat = heartbeats.read(path)
    assert heartbeat is not None
    assert heartbeat.age == 1.0


def test_no_file_is_no_heartbeat(path: Path) -> None:
    assert read_heartbeat(path) is None


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
        pytest.param(b'[{"heartbeat": {"status": "ready", "code": {}}}]', id="code is an object"),
        pytest.param(b"[" * 60_000, id="nested too deeply"),
    ],
)
def test_a_malformed_heartbeat_is_not_ready_and_says_why(path: Path, data: bytes) -> None:
    put(path, data, 1)
    heartbeat = read_heartbeat(path)
    assert heartbeat is not None
    assert (heartbeat.ready, heartbeat.code) == (False, "-1")
    assert heartbeat.message


@pytest.mark.parametrize(("code", "text"), [(None, "0"), (5, "5"), ("-7", "-7")])
def test_the_handlers_own_code_is_passed_on(code: object, text: str) -> None:
    assert parse_heartbeat(beat(status="notready", code=code), 0).code == text


def test_a_heartbeat_that_recovers_says_nothing_of_its_past(path: Path) -> None:
    put(path, b"[]", 1)
    first = read_heartbeat(path)
    put(path, beat(status="ready"), 1)
    second = read_heartbeat(path)
    assert first is not None
    assert not first.ready
    assert second == Heartbeat(True, "0", "ready", 1.0)


def test_access_tokens_are_redacted() -> None:
    data = beat(status="notready", Message="PUT https://x.blob/y?sv=1&sig=s3cr3t&se=2 failed")
    assert parse_heartbeat(data, 0).message == "PUT https://x.blob/y?sv=1&sig=<redacted>&se=2 failed"


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
        heartbeat = read_heartbeat(odd)
        assert heartbeat is not None
        assert not heartbeat.ready


@given(st.binary() | st.text().map(lambda text: beat(status=text, Message=text)))
def test_no_bytes_upset_the_reader_and_what_it_says_can_be_stored(data: bytes) -> None:
    parse_heartbeat(data, 0).message.encode()
