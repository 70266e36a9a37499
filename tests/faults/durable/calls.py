"""A durable call, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Call:
    """One durable call, before it is made or after.

    Attributes:
        kind: ``create`` (a file that was not there), ``write``, ``truncate``, ``fsync``, ``fsync folder``,
            ``rename``, ``unlink``, ``mkdir``, ``rmdir``, ``symlink``, ``link``, ``chmod``, ``utime``,
            ``commit``, ``spawn``.
        path: What it changes; of ``spawn`` the new process's working folder.
        to: The new name of a ``rename`` or ``link``, or what a ``symlink`` says.
        offset: Where a ``write`` starts; the new size of a ``truncate``.
        data: What is written.
        detail: The statement of a ``commit``, the program and its arguments of a ``spawn``.
    """

    kind: str
    path: Path
    to: Path | None = None
    offset: int = 0
    data: bytes = b""
    detail: str = ""


class Observer(Protocol):
    """Is told of each call; an OSError raised by ``before`` is what the caller meets in the call's place."""

    def before(self, number: int, call: Call) -> None:
        """The call, the ``number``-th from 1, is about to be made."""

    def after(self, number: int, call: Call) -> None:
        """It was made, and did not fail."""


class Watcher:
    """An observer that keeps what it sees."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def before(self, number: int, call: Call) -> None:  # noqa: ARG002 - the list has the number
        self.calls.append(call)

    def after(self, number: int, call: Call) -> None:
        """Only what is about to be made is kept."""
