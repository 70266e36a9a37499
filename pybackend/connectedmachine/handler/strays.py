"""End what still runs of a version after its ``uninstall`` (design page section 5).

Without this two versions can run at once: an uninstall may fail, or return 0 and leave its agent running.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.handler import cgroup
from connectedmachine.model.clock import Clock

if TYPE_CHECKING:
    from psutil import Process

_GRACE_SECONDS = 3.0
_LOOK_SECONDS = 0.02
_ROUNDS = 3


@dataclass(frozen=True)
class Stray:
    """A process that outlived its version; ``ended`` is false when it resisted."""

    pid: int
    name: str
    ended: bool


def end_strays(folder: Path, clock: Clock, group: Path | None = None) -> list[Stray]:
    """End the processes of the version in ``folder``, with their descendants, and say which those were.

    One belongs to the version when it is in the version's control ``group``, its program lies in the folder,
    or its environment names the folder, as in all that handler commands start; or when it works in the folder
    or was given a path in it, unless it has a terminal: then it is somebody looking around. They are asked to
    end, and after three seconds ended. The group is gone afterwards, unless something resisted.
    """
    try:
        return _end_strays(folder, clock, group)
    finally:
        if group is not None:
            cgroup.remove(group)


def _end_strays(folder: Path, clock: Clock, group: Path | None) -> list[Stray]:
    if sys.platform == "linux" and not _members(group) and not _is_mentioned(folder):
        return []
    # psutil, which that needs, is slow to import.
    from connectedmachine.handler import _processes

    strays: dict[int, tuple[str, Process]] = {}
    for _ in range(_ROUNDS):  # what is being ended may be starting another
        everyone = _processes.others()
        grouped = _members(group)
        roots = [
            pid
            for pid, process in everyone.items()
            if pid in grouped or _processes.belongs_to(process, folder)
        ]
        members = _processes.with_descendants(roots, everyone)
        if not members:
            break
        strays |= {process.pid: (_processes.name_of(process), process) for process in members}
        _processes.ask_to_end(members)
        deadline = clock.monotonic() + _GRACE_SECONDS
        while any(map(_processes.is_alive, members)) and clock.monotonic() < deadline:
            clock.sleep(_LOOK_SECONDS)
        if group is not None:
            cgroup.kill(group)
        _processes.kill(members)
    return [
        Stray(pid, name, not _processes.is_alive(process)) for pid, (name, process) in sorted(strays.items())
    ]


def _members(group: Path | None) -> set[int]:
    return set() if group is None else cgroup.members(group)


def _is_mentioned(folder: Path) -> bool:
    """Say whether anything that a process is known by names the folder.

    Most uninstalls leave nothing behind, and this look costs a tenth of the whole search.
    """
    wanted = os.fsencode(os.path.normpath(folder))
    return any(name.isdigit() and wanted in _known_by(name) for name in os.listdir("/proc"))  # noqa: PTH208


def _known_by(pid: str) -> bytes:
    known = b""
    try:
        for link in ("exe", "cwd"):
            known += os.fsencode(os.readlink(f"/proc/{pid}/{link}")) + b"\0"  # noqa: PTH115 - pathlib doubles the cost
        for file in ("environ", "cmdline"):
            known += _content(f"/proc/{pid}/{file}") + b"\0"
    except OSError:
        pass  # it is gone, or is a thread of the kernel
    return known


def _content(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY)
    try:
        parts = []
        while part := os.read(handle, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(handle)
