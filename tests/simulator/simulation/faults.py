"""Faults at random moments: a cut, a store that fails, a command that does, a package that is damaged.

Moments are counted: every write of the store, every effect on the machine and every stop point is one.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from random import Random

from connectedmachine.model.errors import DiskFullError, PackageError, StoreError


class PowerCutError(BaseException):
    """The runner is gone; nothing of the product can catch it."""


class Fate(StrEnum):
    """What becomes of a command besides what the scenario says."""

    AS_PLAYED = "as played"
    FAILS = "fails"
    TIMES_OUT = "times out"
    LOST = "lost"
    CUT_AFTER = "cut after"


class Faults:
    """Draws when the next fault comes and which one it is.

    Args:
        others: What happens besides, at a moment when another process could do it.
    """

    def __init__(self, random: Random, number: int, others: Callable[[], None]) -> None:
        self._random = random
        self._left = number
        self._others = others
        self._armed = False
        self._next = self._drawn()
        self.injected = 0

    def stop(self) -> None:
        """From here on nothing goes wrong any more."""
        self._left = 0

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Faults come inside only: in what a runner does."""
        self._armed = True
        try:
            yield
        finally:
            self._armed = False

    def at_stop_point(self, _: str) -> None:
        """Between two steps, where nothing is under way but the operation."""
        if self._is_due():
            if self._random.random() < 0.5:
                raise PowerCutError
            self._others()

    def at_sleep(self) -> None:
        """While a command runs or a window passes."""
        self.at_stop_point("")

    def at_write(self) -> None:
        """Before the store is written.

        Raises:
            PowerCutError, StoreError, DiskFullError
        """
        if self._is_due():
            match self._random.randrange(4):
                case 0:
                    raise StoreError("StoreBusy", "Injected.")
                case 1:
                    raise DiskFullError("DiskFull", "Injected.")
                case _:
                    raise PowerCutError

    def at_command(self) -> Fate:
        """Before a command; raises PowerCutError."""
        if not self._is_due():
            return Fate.AS_PLAYED
        fate = self._random.choice((Fate.FAILS, Fate.FAILS, Fate.TIMES_OUT, Fate.LOST, Fate.CUT_AFTER, None))
        if fate is None:
            raise PowerCutError
        return fate

    def at_effect(self) -> None:
        """Before anything else that is done on the machine.

        Raises:
            PowerCutError, OSError, PackageError
        """
        if self._is_due():
            match self._random.randrange(4):
                case 0:
                    raise OSError(errno.ENOSPC, "Injected")
                case 1:
                    raise OSError(errno.EIO, "Injected")
                case 2:
                    raise PackageError("PackageHashMismatch", "Injected.")
                case _:
                    raise PowerCutError

    def happens(self, chance: float) -> bool:
        """Part of a fault that has come already."""
        return self._random.random() < chance

    def _is_due(self) -> bool:
        if not self._armed or not self._left:
            return False
        self._next -= 1
        if self._next:
            return False
        self._left -= 1
        self._next = self._drawn()
        self.injected += 1
        return True

    def _drawn(self) -> int:
        # Close to the last one quite often: what recovers from one is hit by another.
        return self._random.randint(1, self._random.choice((4, 20, 90)))
