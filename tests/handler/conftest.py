"""Fixtures of this room's tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from connectedmachine.handler import cgroup
from handler.support import eventually


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty version folder."""
    path = tmp_path / "library" / "Contoso.Agent-1.0.0.0"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run, not made yet."""
    return tmp_path / "runs" / "1"


@pytest.fixture
def group(folder: Path) -> Iterator[Path]:
    """A control group for the version in ``folder``."""
    made = cgroup.make_group(cgroup.version_group(cgroup.host_base(), folder))
    if made is None or not (made / "cgroup.kill").exists():
        pytest.skip("needs the right to make control groups of cgroup v2 that can be ended as one")
    yield made
    cgroup.kill(made)
    assert eventually(lambda: not cgroup.members(made))
    cgroup.remove(made)
    assert not made.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 256 KiB."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(path)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


@pytest.fixture
def _no_process_stays(tmp_path: Path) -> Iterator[None]:
    """End what a test has left running with its folder in the command line or environment."""
    yield
    for process in psutil.process_iter():
        try:
            texts = [*process.cmdline(), *process.environ().values()]
        except (psutil.Error, OSError):
            continue
        if any(str(tmp_path) in text for text in texts):
            with suppress(psutil.NoSuchProcess):
                process.kill()
