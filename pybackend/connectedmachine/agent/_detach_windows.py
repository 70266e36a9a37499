"""Starts a process that lives on when the caller, its console or its job ends: Windows.

The task scheduler and other services put what they start into a job object, whose end is that of all in it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

assert sys.platform == "win32"

_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW | subprocess.DETACHED_PROCESS


def detach(arguments: Sequence[str], folder: Path) -> None:
    """Start ``arguments`` in ``folder``, with the null device for input and output.

    Raises:
        OSError: The process could not be started.
    """
    try:
        _spawn(arguments, folder, _FLAGS | subprocess.CREATE_BREAKAWAY_FROM_JOB)
    except PermissionError:
        # The job of the caller does not let anything leave it.
        _spawn(arguments, folder, _FLAGS)


def _spawn(arguments: Sequence[str], folder: Path, flags: int) -> None:
    subprocess.Popen(
        arguments,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=flags,
    )
