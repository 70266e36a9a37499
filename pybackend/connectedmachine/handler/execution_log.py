"""``CommandExecution.log`` in a handler's log folder: how its commands went (handler contract 1.1)."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from connectedmachine.handler._files import write_durably
from connectedmachine.model.errors import DiskFullError

LOG_BYTES = 10 * 1024 * 1024

_FLAGS = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


def log_name(extension: str | None = None) -> str:
    """Name of the log; of commands about one of several extensions of a handler it has that one's name."""
    return "CommandExecution.log" if extension is None else f"CommandExecution_{extension}.log"


def is_log(name: str) -> bool:
    """Say whether a file of that name is such a log."""
    return name.startswith("CommandExecution") and name.endswith(".log")


def log_command(log_folder: Path, text: str, extension: str | None = None) -> None:
    """Append one command's block of lines, after cutting the log to its last 10 MiB.

    The folder is the handler's, which may have deleted it or put something else in the log's place. A log
    that cannot be written fails no command; the runner's own log says so.
    """
    path = log_folder / log_name(extension)
    try:
        log_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.unlink()
        _cut(path)
        # Only its owner may read it: nobody knows what a handler prints.
        with os.fdopen(os.open(path, _FLAGS, 0o600), "ab") as file:
            file.write(text.rstrip("\n").encode("utf-8", "backslashreplace") + b"\n\n")
    except (OSError, DiskFullError) as error:
        logging.getLogger(__name__).warning("'%s' could not be written: %s", path, error)


def _cut(path: Path) -> None:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        with path.open("rb") as file:
            file.seek(-LOG_BYTES, os.SEEK_END)
            tail = file.read(LOG_BYTES)
        write_durably(path, tail[tail.find(b"\n") + 1 :])
