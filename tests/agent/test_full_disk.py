"""A full disk fails the upgrade that needs the room, and leaves what is installed alone."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import World
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
    tight.put(AGENT, NEW.version)
    tight.run()
    assert tight.serving(AGENT) == [NEW.version]
