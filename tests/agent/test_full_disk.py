"""A full disk fails the upgrade that needs the room, and leaves what is installed alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import World, at
from connectedmachine.model.errors import DiskFullError
from connectedmachine.model.operation import Outcome
from packages import AGENT, end_processes

NEW = replace(AGENT, version="1.1.0.0")
MIB = 1 << 20


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[World]:
    """A host whose state root is on a disk of 64 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    world = World(disk)
    yield world
    world.store.close()
    end_processes(tmp_path)
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_an_upgrade_without_room_is_not_begun_and_is_done_when_there_is(tight: World) -> None:
    tight.install(AGENT)
    tight.publish(NEW)
    filler = tight.root / "filler"
    with filler.open("wb") as file:
        file.write(bytes(shutil.disk_usage(tight.root).free - 4 * MIB))
    assert tight.run_pass() == {"Agent": "DiskFull"}
    operation = tight.last(AGENT)
    assert operation.code == "DiskFull"
    assert "bytes are needed and" in operation.message
    assert [step.name for step in tight.steps(AGENT)] == ["fetch(new)", "discard(new)"]
    assert tight.ran(AGENT) == [f"install {AGENT.version}", f"enable {AGENT.version}"]
    assert tight.serving(AGENT) == [AGENT.version]
    filler.unlink()
    assert tight.run_pass() == {"Agent": "Upgraded"}
    assert tight.serving(AGENT) == [NEW.version]


def fill(world: World) -> Path:
    """Take all the room there is, with what the store has put by in its log left to it."""
    filler = world.root / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


@pytest.mark.parametrize("point", ["after disable(old)", "before install(new)", "before enable(new)"])
def test_of_a_disk_that_gets_full_amid_an_upgrade_nobody_is_left_without_a_version(
    tight: World, point: str
) -> None:
    """What was put by is enough to go back, or to come to the end; no room is made by the test."""
    tight.install(AGENT)
    tight.publish(NEW)
    reason = tight.run_pass(at(point, lambda: fill(tight)))["Agent"]
    assert reason in ("DiskFull", "Upgraded")
    works = AGENT.version if reason == "DiskFull" else NEW.version
    assert (tight.version(AGENT), tight.serving(AGENT)) == (works, [works])
    if reason == "DiskFull":
        assert tight.extension(AGENT).status.code == "DiskFull"
        (tight.root / "filler").unlink()
        assert tight.run_pass() == {"Agent": "Upgraded"}
    assert tight.serving(AGENT) == [NEW.version]
    assert not tight.places.reserve.exists()


@pytest.mark.parametrize("point", ["before restore(old)", "before enable(old)"])
def test_a_way_back_that_finds_the_disk_full_goes_on_at_once_with_what_was_put_by(
    tight: World, point: str
) -> None:
    tight.install(AGENT)
    tight.publish(replace(NEW, unhealthy_after_requests=0))
    assert tight.run_pass(at(point, lambda: fill(tight))) == {"Agent": "RolledBack"}
    assert tight.serving(AGENT) == [AGENT.version]
    assert {record.round for record in tight.last(AGENT).journal} == {0, 1}
    assert not tight.places.reserve.exists()


def test_settings_without_room_are_applied_when_there_is(tight: World) -> None:
    tight.install(AGENT)
    tight.patch(AGENT, settings={"port": 0, "more": 1})
    filler = fill(tight)
    with pytest.raises(DiskFullError):
        tight.run()
    assert tight.serving(AGENT) == [AGENT.version]
    filler.unlink()
    tight.run()
    extension = tight.extension(AGENT)
    assert extension.installed is not None
    assert extension.installed.settings_seq == extension.settings.seq


def test_a_version_that_fills_the_disk_twice_in_a_row_interrupts_no_third_pass(tight: World) -> None:
    tight.install(AGENT)
    tight.publish(NEW)

    def run_full() -> str:
        reason = tight.run_pass(at("before install(new)", lambda: fill(tight)))["Agent"]
        assert tight.serving(AGENT) == [AGENT.version]
        (tight.root / "filler").unlink(missing_ok=True)
        return reason

    assert [run_full() for _ in range(3)] == ["DiskFull", "DiskFull", "RetryNotDue"]
    assert tight.last(AGENT).outcome is Outcome.ROLLED_BACK
