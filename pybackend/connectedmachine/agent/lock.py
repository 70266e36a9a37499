"""The effects lock of a machine: whoever holds it, and only they, run handler commands there.

It guards effects only; wishes are committed to the store without it. The operating system releases it when
its holder dies, however that happens.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    _CAN_ONLY_LOOK = False

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    _look = _lock
else:
    import fcntl

    _CAN_ONLY_LOOK = True

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _look(handle: int) -> None:
        # Two who look do not take each other for a holder.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)


class EffectsLock:
    """Not re-entrant; held from ``acquire`` to ``release``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; never waits."""
        self._handle = self._opened(_lock)
        return self._handle is not None

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def is_free(self) -> bool:
        """Say whether nobody holds it at this moment."""
        handle = self._opened(_look)
        if handle is not None:
            os.close(handle)
        return handle is not None

    def is_held(self) -> bool:
        """Say whether somebody holds it, rather than looks; never said where both look the same."""
        return _CAN_ONLY_LOOK and not self.is_free()

    def _opened(self, lock: Callable[[int], None]) -> int | None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock(handle)
        except OSError:
            os.close(handle)
            return None
        return handle
