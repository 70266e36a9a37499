"""Reading files that a handler wrote, and writing files that must survive a power cut.

Handlers write into their own folders, so a file there may be a link, a pipe or endless.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectedmachine.model.errors import DiskFullError

# Absent on Windows (O_NOFOLLOW, O_NONBLOCK) or elsewhere (O_BINARY).
_READ_FLAGS = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
)

_SYNC_FLAGS = _READ_FLAGS | (os.O_RDWR if sys.platform == "win32" else 0)  # Windows flushes only writers


@dataclass(frozen=True)
class Content:
    """A file as it was read; times in nanoseconds since the epoch."""

    data: bytes
    modified_ns: int
    accessed_ns: int


def read_regular(path: Path, limit: int) -> Content:
    """Read a regular file of at most ``limit`` bytes, without following a link at ``path``.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be read, is no regular file (EINVAL), or is larger than ``limit`` (EFBIG).
    """
    # Asked before it is opened too: opening a device may already do something, and Windows has no O_NOFOLLOW.
    _refuse_irregular(path.lstat(), path)
    descriptor = os.open(path, _READ_FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        _refuse_irregular(state, path)
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return Content(data, state.st_mtime_ns, state.st_atime_ns)


def _refuse_irregular(state: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file", str(path))


def write_durably(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Put ``data`` at ``path``, whole or not at all, replacing what is there, a link included.

    Raises:
        DiskFullError: ``DiskFull``.
        OSError: It cannot be written.
    """
    with disk_full_named(path):
        _write(path, data, mode, synced=True)
        sync_folder(path.parent)


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """As ``write_durably``, for what may be lost with the power: nothing waits for the disk."""
    with disk_full_named(path):
        _write(path, data, mode, synced=False)


def _write(path: Path, data: bytes, mode: int, *, synced: bool) -> None:
    # One name per target, so a crash leaves at most one remnant, and the next write removes it.
    temporary = path.with_name(f".{path.name}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    temporary.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(temporary, flags, mode), "wb") as file:
            file.write(data)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def sync_regular(path: Path) -> None:
    """Make a regular file that another program wrote survive a power cut, its name included.

    Raises:
        OSError: There is none, or it cannot be synced.
    """
    _refuse_irregular(path.lstat(), path)
    descriptor = os.open(path, _SYNC_FLAGS)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` survive a power cut; Windows does so by itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_full_named(path: Path) -> Iterator[None]:
    """Raise :class:`DiskFullError` ``DiskFull`` in place of the system's error for it."""
    try:
        yield
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise DiskFullError(
            "DiskFull",
            f"There is no room to write '{path}'.",
            target=str(path),
            hint="Free some space; the work is taken up again by the next pass.",
        ) from error


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or the user's share of it, has no room left."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
