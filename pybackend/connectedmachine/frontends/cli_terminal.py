"""The one who typed the command: progress, warnings and questions, on standard error; Ctrl+C.

There may be no terminal, no standard streams and no home folder: a scheduled job has none of them.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from connectedmachine.frontends.cli_words import in_cli_words
from connectedmachine.model.errors import ConnectedMachineError

_NARROW = 40
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z", re.ASCII)


class Declined(Exception):  # noqa: N818 - not a fault: an answer
    """The user answered no."""


class Terminal:
    """A ``Follower`` of the service."""

    def __init__(self) -> None:
        self._shows_progress = sys.stderr is not None and sys.stderr.isatty()
        self._line_length = 0
        self._stopped = False

    # Follower.

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        """Show where the work is, on one line that is written over."""
        if not self._shows_progress:
            return
        share = "" if percent < 0 else f" {percent}%"
        line = printable(f"{activity}: {status}{share}")[: self._columns() - 1]
        self._write("\r" + line.ljust(self._line_length))
        self._line_length = len(line)

    def warning(self, message: str) -> None:
        """Show something that the user should know."""
        self.say(f"WARNING: {in_cli_words(message)}")

    def cancelled(self) -> bool:
        """Say whether the user stopped waiting."""
        return self._stopped

    # For commands.

    def say(self, message: str) -> None:
        """Write one line to standard error."""
        self.clear()
        self._write(printable(message) + "\n")

    def clear(self) -> None:
        """Take the progress line away."""
        if self._line_length:
            self._write("\r" + " " * self._line_length + "\r")
            self._line_length = 0

    def confirm(self, question: str) -> None:
        """Ask, and return when the answer is yes.

        Raises:
            Declined: The answer is anything else.
            ConnectedMachineError: ``ConfirmationNeeded``: nobody is there to ask.
        """
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConnectedMachineError(
                "ConfirmationNeeded",
                f"{question} There is no terminal to ask on.",
                hint="Give --yes to say yes.",
            )
        self._write(f"{printable(question)} (y/N): ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            self.say("Nothing was changed.")
            raise Declined

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let Ctrl+C end the wait rather than whatever runs at that moment; a second one ends the program."""
        before = signal.getsignal(signal.SIGINT)

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._stopped = True
            signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            self.clear()

    @contextmanager
    def unwinding(self) -> Iterator[None]:
        """Have a closed terminal or a cancelled job end the work as Ctrl+C does, so that it clears up."""
        numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
        # Whoever ignores one of them, as nohup does, goes on ignoring it.
        taken = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
        for number in taken:
            signal.signal(number, signal.default_int_handler)
        try:
            yield
        finally:
            for number in taken:
                signal.signal(number, signal.SIG_DFL)
            self.clear()

    def _write(self, text: str) -> None:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()

    def _columns(self) -> int:
        try:
            return max(_NARROW, os.get_terminal_size(sys.stderr.fileno()).columns)
        except OSError:
            return 2 * _NARROW


def printable(text: str) -> str:
    """``text`` on one line and without what a terminal would obey: part of it was written by handlers."""
    return "".join(character if character.isprintable() else " " for character in text)


def shown_time(text: str) -> str:
    """A time of the service as people read it; whatever is no time stays as it is."""
    time = _TIME.fullmatch(text)
    return f"{time[1]} {time[2]}Z" if time else text
