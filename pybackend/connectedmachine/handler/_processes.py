"""Find and end processes by what ties them together.

psutil is slow to import: nothing on the way of a command that ends by itself comes here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from psutil import Process

from connectedmachine.handler import cgroup

_VERSION_FOLDER = "AZURE_GUEST_AGENT_EXTENSION_PATH"

# Each round ends all that the last one could have started; a process in uninterruptible sleep outlasts any.
_ROUNDS = 20
_ROUND_SECONDS = 0.5


def others() -> dict[int, Process]:
    """All living processes but ourselves and those that we descend from."""
    ours = {os.getpid(), *(parent.pid for parent in Process().parents())}
    return {
        process.pid: process
        for process in psutil.process_iter()
        if process.pid not in ours and is_alive(process)
    }


def is_alive(process: Process) -> bool:
    """Whether it still runs: not gone, not a zombie, not another under the same id."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def with_descendants(roots: Iterable[int], everyone: dict[int, Process]) -> list[Process]:
    """The processes with the ids ``roots`` and all that descend from them."""
    children: dict[int, list[int]] = {}
    for process in everyone.values():
        with suppress(psutil.Error):
            children.setdefault(process.ppid(), []).append(process.pid)
    found: dict[int, Process] = {}
    pending = [pid for pid in roots if pid in everyone]
    while pending:
        pid = pending.pop()
        if pid not in found:
            found[pid] = everyone[pid]
            pending += children.get(pid, [])
    return list(found.values())


def belongs_to(process: Process, folder: Path) -> bool:
    """Whether it is a process of the version in ``folder``; the rule is that of ``end_strays``."""
    started_for = _variable(process, _VERSION_FOLDER)
    if started_for is not None and _normal(started_for) == _normal(folder):
        return True
    try:
        facts = process.as_dict(["exe", "cwd", "cmdline"])
        if _is_inside(facts["exe"], folder):
            return True
        paths = [facts["cwd"], *(facts["cmdline"] or ())]
        return any(_is_inside(path, folder) for path in paths) and not _has_terminal(process)
    except psutil.NoSuchProcess:
        return False


def name_of(process: Process) -> str:
    """Its name, ``""`` when it is gone already."""
    try:
        return process.name()
    except psutil.Error:
        return ""


@dataclass(frozen=True)
class RunTraits:
    """What the processes of one run of a command are known by.

    Attributes:
        variable: Only this run's processes have it with ``value``; those of other runs have another.
        value: See ``variable``.
        session: The session that the run was given, led by its attendant.
        attended: The attendant still lives, so that id is certain to be its own.
        folder: The version folder.
        group: The run's control group, if it has one.
    """

    variable: str
    value: str
    session: int | None
    attended: bool
    folder: Path
    group: Path | None


def end_run(traits: RunTraits, end_group: Callable[[], None]) -> None:
    """End at once all that one run of a command started.

    Args:
        traits: Which processes those are.
        end_group: Ends what can be ended together at one moment.
    """
    since = _since(traits)
    for _ in range(_ROUNDS):
        members = _stopped(traits, since)
        if not members:
            return
        end_group()
        kill(members)


def _since(traits: RunTraits) -> float | None:
    """When the run began, by the clock of its processes; ``None`` when its attendant cannot tell any more."""
    if traits.session is None or not traits.attended:
        return None
    try:
        return Process(traits.session).create_time()
    except psutil.Error:
        return None


def _stopped(traits: RunTraits, since: float | None) -> list[Process]:
    """Find the processes of a run and stop them, until none is left that could start another.

    They are ended only afterwards: what has lost its parents may have lost its only trait.
    """
    stopped: dict[int, Process] = {}
    for _ in range(_ROUNDS):
        everyone = others()
        grouped = set() if traits.group is None else cgroup.members(traits.group)
        roots = [
            pid
            for pid, process in everyone.items()
            if pid in grouped or pid in stopped or _is_of(process, traits, since, everyone)
        ]
        found = {process.pid: process for process in with_descendants(roots, everyone)}
        started = [process for pid, process in found.items() if pid not in stopped]
        for process in started:
            with suppress(psutil.Error):
                process.suspend()
        stopped = found
        if not started:
            break
    return list(stopped.values())


def _is_of(process: Process, traits: RunTraits, since: float | None, everyone: dict[int, Process]) -> bool:
    value = _variable(process, traits.variable)
    if value is not None:
        return value == traits.value
    if _is_in(process.pid, traits.session, everyone):
        return True
    # It cleared its environment. What an earlier run left behind may have done so too, but is older.
    with suppress(psutil.Error):
        return since is not None and process.create_time() >= since and belongs_to(process, traits.folder)
    return False


def ask_to_end(processes: Iterable[Process]) -> None:
    """SIGTERM, where there is such a thing."""
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()


def kill(processes: Iterable[Process]) -> None:
    """End them without asking, and give them a moment to be gone."""
    living = [process for process in processes if is_alive(process)]
    for process in living:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(living, timeout=_ROUND_SECONDS)


def _variable(process: Process, name: str) -> str | None:
    """That variable as it was when the process started; ``None`` without it, or when we may not look."""
    try:
        return process.environ().get(name)
    except (psutil.Error, OSError):
        return None


def _has_terminal(process: Process) -> bool:
    if sys.platform == "linux":
        # psutil knows only the terminals that were there when it was first asked for one.
        try:
            stat = Path(f"/proc/{process.pid}/stat").read_text(errors="replace")
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[4] != "0"
    return sys.platform != "win32" and process.terminal() is not None


def _is_in(pid: int, session: int | None, everyone: dict[int, Process]) -> bool:
    # A living leader either has the variable, and is found by it, or is another's: its id was used again.
    if sys.platform == "win32" or session is None or session in everyone:
        return False
    try:
        return os.getsid(pid) == session
    except OSError:
        return False


def _normal(path: str | Path) -> str:
    return os.path.normcase(os.path.normpath(path))


def _is_inside(path: str | None, folder: Path) -> bool:
    if not path or not Path(path).is_absolute():
        return False
    return Path(_normal(path)).is_relative_to(_normal(folder))
