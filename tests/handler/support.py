"""What the tests of this room share: clocks, versions on disk, and a look at processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from connectedmachine.handler.command import CommandSpec, Ended, start

EXECUTABLE = 0o755
needs_posix_files = pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="needs links, pipes and modes as POSIX has them"
)
# Keeps a failing test from hanging; no test waits for it.
LIMIT_SECONDS = 60.0


class HostClock:
    """The host's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def boot_id(self) -> str:
        return "this boot"


class HandClock(HostClock):
    """A clock that a test moves; what sleeps by it moves it too."""

    def __init__(self, monotonic: float = 1000.0, boot: str = "this boot") -> None:
        self.time = monotonic
        self.boot = boot

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def boot_id(self) -> str:
        return self.boot


def script(path: Path, text: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(EXECUTABLE)
    return path


def shell_command(
    folder: Path, text: str, environment: Mapping[str, str] | None = None, group: Path | None = None
) -> CommandSpec:
    """A command of a version in ``folder`` that does ``text``."""
    program = script(folder / "run.sh", text)
    return CommandSpec((str(program),), folder, environment or dict(os.environ), group)


def eventually(condition: Callable[[], object]) -> bool:
    """Whether it comes true in the end."""
    limit = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.005)
    return False


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(path: Path) -> int:
    """The process id that something else writes to ``path``, once it is there."""
    assert eventually(lambda: path.exists() and path.read_text().endswith("\n")), path
    return int(path.read_text())


def fate_of(spec: CommandSpec, run: Path) -> Ended:
    """How a command ended that does end."""
    fate = start(spec, run, HostClock()).wait(LIMIT_SECONDS)
    assert isinstance(fate, Ended)
    return fate
