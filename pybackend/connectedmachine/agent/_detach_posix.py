"""Starts a process that lives on when the caller, its session or its systemd unit ends: POSIX.

A unit that ends takes along all that is still in its control group, so the process is in another one before
the caller goes on.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from connectedmachine.handler import cgroup

assert sys.platform != "win32"

_SYSTEMD_RUNS = Path("/run/systemd/system")
_MOVE_SECONDS = 5.0
_LOOK_SECONDS = 0.01


def detach(arguments: Sequence[str], folder: Path) -> None:
    """Start ``arguments`` in ``folder``, with the null device for input and output.

    Raises:
        OSError: The process could not be started.
    """
    groups = cgroup.runner_groups()
    if not groups and _SYSTEMD_RUNS.is_dir() and _detach_to_scope(arguments, folder):
        return
    process = _spawn(arguments, folder)
    for group in groups:
        cgroup.add_member(group, process.pid)


def _detach_to_scope(arguments: Sequence[str], folder: Path) -> bool:
    """Start it in a scope; ``False`` when that cannot be told, and then a second start does no harm."""
    try:
        return _leaves_our_group(_spawn(scope_command(arguments, root=os.geteuid() == 0), folder))
    except FileNotFoundError:
        return False


def scope_command(arguments: Sequence[str], *, root: bool) -> list[str]:
    """The command that has systemd run ``arguments`` in a scope of their own, as a child of the caller.

    Users other than root have a systemd of their own for that.
    """
    manager = "--system" if root else "--user"
    return ["systemd-run", manager, "--scope", "--quiet", "--collect", "--", *arguments]


def _spawn(arguments: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _leaves_our_group(process: subprocess.Popen[bytes]) -> bool:
    """Wait until systemd moved the process to its scope; ``False`` when it ended before that was seen."""
    ours = Path("/proc/self/cgroup").read_text()
    limit = time.monotonic() + _MOVE_SECONDS
    while process.poll() is None and time.monotonic() < limit:
        if Path(f"/proc/{process.pid}/cgroup").read_text() != ours:
            return True
        time.sleep(_LOOK_SECONDS)
    return process.returncode is None
