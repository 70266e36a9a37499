"""Start a command so that it and the one who notes its end outlive the runner: POSIX.

The attendant is a shell with a constant script, in a session of its own. Its standard input is the lock
file, whose ``flock`` belongs to the open file and so passes to it without a gap; the handler gets
``/dev/null`` instead, so nothing that a handler leaves behind can hold the lock.
"""

from __future__ import annotations

import fcntl
import math
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

assert sys.platform != "win32"

SEPARATORS = "/"

# $0 is the run's folder and "$@" the command; no variable is set, since the handler would inherit it.
# The traps let the attendant outlive a handler that ends its own process group (kill 0); unlike ignored
# signals, caught ones are back to their defaults in the handler. It joins the run's control group, where
# there is one, before anything else can be started in it. One write of a few bytes that end with a line
# feed is whole or absent, which a rename could not improve on.
_SCRIPT = """\
trap : HUP INT QUIT TERM ALRM USR1 USR2
{ [ ! -e "$0/group" ] || echo "$$" >"$0/group/cgroup.procs"; } 2>/dev/null
echo "$$" >"$0/pid"
"$@" </dev/null
echo "$?" >"$0/receipt"
"""

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05


def split_line(line: str) -> list[str]:
    """Words of a command line; raises ValueError when a quotation does not end."""
    return shlex.split(line)


def take_lock(path: Path) -> int:
    """Open ``path`` locked; raises BlockingIOError when another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def is_held(path: Path) -> bool:
    """Say whether anyone holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        # Shared, so that two who ask do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def launch(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], run_folder: Path, lock: int
) -> subprocess.Popen[bytes]:
    """Start the attendant; from its first moment on it holds the lock."""
    stdout = _open_capture(run_folder / "stdout")
    try:
        stderr = _open_capture(run_folder / "stderr")
        try:
            return subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT, str(run_folder), *argv],
                cwd=cwd,
                env=environment,
                stdin=lock,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
                umask=0o022,  # what handlers expect, whoever started the runner
            )
        finally:
            os.close(stderr)
    finally:
        os.close(stdout)


def _open_capture(path: Path) -> int:
    # Appending, so that cutting the file short moves the writers' position too.
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def end_group(pid: int, run_folder: Path) -> None:  # noqa: ARG001 - the Windows twin goes by the folder
    """End the attendant and what shares its process group, all at one moment."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


class EndWatch:
    """Sleep, but wake up when the attendant ends."""

    def __init__(self, child: subprocess.Popen[bytes] | None, pid: Callable[[], int | None]) -> None:
        self._pause = _FIRST_PAUSE
        self._descriptor = _process_descriptor(pid() if child is None else child.pid)
        self._poll = select.poll()
        if self._descriptor is not None:
            self._poll.register(self._descriptor, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def wait(self, seconds: float) -> None:
        """Return after ``seconds``, or earlier: when the attendant ended, or to be asked again."""
        if self._descriptor is not None:
            self._poll.poll(math.ceil(seconds * 1000))
        else:
            time.sleep(min(seconds, self._pause))
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)


def _process_descriptor(pid: int | None) -> int | None:
    """Linux wakes the holder of such a descriptor when the process ends; others have to look again."""
    if sys.platform == "linux" and pid is not None:
        with suppress(OSError):
            return os.pidfd_open(pid)
    return None
