"""What handlers say of themselves: whose report it is, and that one's nonsense is nobody else's trouble."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.world import FakeClock, World
from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.hands import Reading
from connectedmachine.agent.local_hands import LocalHands
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.health import Health, SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Outcome
from connectedmachine.model.resource import Settings
from connectedmachine.model.version import Version
from packages import AGENT

NEW = replace(AGENT, version="1.1.0.0")
ILL, WELL = HandlerName("Contoso", "Ill"), HandlerName("Contoso", "Well")
GOOD_STATUS = b'[{"status": {"status": "success"}}]'
GOOD_HEARTBEAT = b'[{"heartbeat": {"status": "ready"}}]'


def reading(handler: HandlerName) -> Reading:
    manifest = HandlerManifest({}, report_heartbeat=True)
    settings = Settings(1, "{}")
    return Reading("e", handler, Version.parse("1.0"), manifest, settings, enabled=True, enabled_at=None)


def put(world: World, handler: HandlerName, status: bytes, heartbeat: bytes) -> Path:
    folder = world.places.library.version_folder(handler, Version.parse("1.0"))
    (folder / "status").mkdir(parents=True)
    (folder / "status" / "1.status").write_bytes(status)
    (folder / "heartbeat.log").write_bytes(heartbeat)
    return folder


def seen(world: World) -> tuple[Health, Health]:
    hands = LocalHands(world.store, world.places, SystemClock())
    sources = hands.health([reading(ILL), reading(WELL)])
    return sources["handler:contoso.ill"].health, sources["handler:contoso.well"].health


@pytest.mark.parametrize("heartbeat", [b"[]", b"null", b"{}", b"", b"{", b"\0" * 100, b"[" * 60_000])
def test_a_malformed_heartbeat_makes_one_handler_unhealthy_and_no_other(
    world: World, heartbeat: bytes
) -> None:
    put(world, ILL, GOOD_STATUS, heartbeat)
    put(world, WELL, GOOD_STATUS, GOOD_HEARTBEAT)
    assert seen(world) == (Health.UNHEALTHY, Health.HEALTHY)


@pytest.mark.parametrize("status", [b"{}", b"", b"{", b"\0" * 100, b"[" * 60_000, b" " * (5 << 20)])
def test_a_malformed_status_makes_one_handler_unhealthy_and_no_other(world: World, status: bytes) -> None:
    put(world, ILL, status, GOOD_HEARTBEAT)
    put(world, WELL, GOOD_STATUS, GOOD_HEARTBEAT)
    assert seen(world) == (Health.UNHEALTHY, Health.HEALTHY)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes in folders here")
def test_a_pipe_in_place_of_a_file_holds_nobody_up(world: World) -> None:
    folder = put(world, ILL, GOOD_STATUS, GOOD_HEARTBEAT)
    for path in (folder / "heartbeat.log", folder / "status" / "1.status"):
        path.unlink()
        os.mkfifo(path)
    put(world, WELL, GOOD_STATUS, GOOD_HEARTBEAT)
    assert seen(world) == (Health.UNHEALTHY, Health.HEALTHY)


def test_a_heartbeat_of_600_seconds_is_good_and_an_older_one_is_not(world: World) -> None:
    clock = FakeClock()
    clock.wall = clock.wall.replace(microsecond=0)
    for handler, age in ((ILL, 601), (WELL, 600)):
        written = int(clock.wall.timestamp()) - age
        os.utime(put(world, handler, GOOD_STATUS, GOOD_HEARTBEAT) / "heartbeat.log", (written, written))
    sources = LocalHands(world.store, world.places, clock).health([reading(ILL), reading(WELL)])
    assert sources["handler:contoso.ill"] == SourceHealth(
        Health.UNHEALTHY, "The last heartbeat is 601 s old."
    )
    assert sources["handler:contoso.well"].health is Health.HEALTHY


def test_a_clock_that_is_set_back_while_a_handler_is_enabled_rolls_no_good_version_back(
    timeless: World, clock: FakeClock
) -> None:
    """The enable began tomorrow, and its report is of today."""
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.wall += timedelta(days=1)
    timeless.run_pass()
    assert timeless.last(AGENT).outcome is Outcome.SUCCEEDED
    assert timeless.version(AGENT) == NEW.version


def test_log_folders_that_somebody_deleted_make_no_command_fail(world: World) -> None:
    world.install(AGENT)
    shutil.rmtree(world.places.library.logs)
    world.publish(NEW)
    assert world.run_pass() == {"Agent": "Upgraded"}
    handler = HandlerName(AGENT.publisher, AGENT.type)
    assert (world.places.library.log_folder(handler) / "events").is_dir()
