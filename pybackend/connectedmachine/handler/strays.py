"""End what still runs of a version after its ``uninstall`` (design page section 5).

Without this two versions can run at once: an uninstall may fail, or return 0 and leave its agent running.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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


def end_strays(folder: Path, clock: Clock) -> list[Stray]:
    """End the processes of the version in ``folder``, with their descendants, and say which those were.

    One belongs to the version when its program lies in the folder or its environment names the folder, as
    in all that handler commands start; or when it works in the folder or was given a path in it, unless it
    has a terminal: then it is somebody looking around. They are asked to end, and after three seconds ended.
    """
    # psutil, which that needs, is slow to import.
    from connectedmachine.handler import _processes

    strays: dict[int, tuple[str, Process]] = {}
    for _ in range(_ROUNDS):  # what is being ended may be starting another
        everyone = _processes.others()
        roots = [pid for pid, process in everyone.items() if _processes.belongs_to(process, folder)]
        members = _processes.with_descendants(roots, everyone)
        if not members:
            break
        strays |= {process.pid: (_processes.name_of(process), process) for process in members}
        _processes.ask_to_end(members)
        deadline = clock.monotonic() + _GRACE_SECONDS
        while any(map(_processes.is_alive, members)) and clock.monotonic() < deadline:
            clock.sleep(_LOOK_SECONDS)
        _processes.kill(members)
    return [
        Stray(pid, name, not _processes.is_alive(process)) for pid, (name, process) in sorted(strays.items())
    ]
