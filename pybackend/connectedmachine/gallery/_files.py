"""Files that must survive a crash, and files that somebody else wrote."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, BinaryIO

from connectedmachine.model.errors import DiskFullError, PermissionDeniedError, StoreError

CHUNK = 1 << 20
_STALE_AFTER = 24 * 3600.0

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turn an OSError inside the block into an error of the product.

    Raises:
        DiskFullError: ``DiskFull``.
        PermissionDeniedError: ``PermissionDenied``.
        StoreError: ``StorageFailed``, everything else.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise DiskFullError(
                "DiskFull", f"The disk is full: {what}.", target=what, hint="Free some space and try again."
            ) from error
        if error.errno in _DENIED:
            raise PermissionDeniedError(
                "PermissionDenied",
                f"Access was refused: {what} ({reason}).",
                target=str(error.filename or what),
                hint="Run as an account that may read and write there.",
            ) from error
        raise StoreError(
            "StorageFailed",
            f"A file could not be read or written: {what} ({reason}).",
            target=str(error.filename or what),
            hint="Check the disk or the share, then try again.",
        ) from error


def open_regular(path: Path) -> BufferedReader:
    """Open a file that others may have put there; raises OSError, also when it is no regular file."""
    # Without O_NONBLOCK, opening a FIFO waits for a writer that may never come.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def copy_at_most(source: IO[bytes], destination: IO[bytes], limit: int) -> int:
    """Copy up to ``limit`` bytes and return how many were there, at most ``limit + 1``.

    Raises whatever the two raise; nothing beyond ``limit`` bytes is written.
    """
    copied = 0
    while chunk := source.read(min(CHUNK, limit + 1 - copied)):
        copied += len(chunk)
        if copied > limit:
            break
        destination.write(chunk)
    return copied


def flush(file: BinaryIO) -> None:
    """Put what was written onto the disk."""
    file.flush()
    os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Put a folder's names onto the disk; Windows cannot open a folder for that and journals them itself."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Create a folder and its missing parents so that they survive a crash."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def remove_stale(folder: Path, marker: str, fresh: Path) -> None:
    """Remove what killed processes left in ``folder`` under names that hold ``marker``.

    Somebody else's work under way looks the same, so only what is a day older than ``fresh``, just made by
    the caller, goes: both times come from the file system, no clock is asked.
    """
    newest = fresh.lstat().st_mtime
    for left in folder.iterdir():
        if marker not in left.name or left == fresh:
            continue
        try:
            if newest - left.lstat().st_mtime > _STALE_AFTER:
                remove(left)
        except FileNotFoundError:
            continue  # its owner, or another cleaner, was faster


def remove(path: Path) -> None:
    """Remove a file or a folder if it is there; raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
