"""Which scheduler a task is given to: a pure choice, made of what this host has."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectedmachine.agent.schedule._cron import CronFolder, Crontab
from connectedmachine.agent.schedule._launchd import Launchd
from connectedmachine.agent.schedule._systemd import Systemd
from connectedmachine.agent.schedule._task_scheduler import TaskScheduler
from connectedmachine.model.errors import NotSupportedError
from connectedmachine.model.schedule import Registered, SchedulerKind, Task
from connectedmachine.store.home import is_privileged

_CRON_FOLDER = Path("/etc/cron.d")
_SYSTEMD_RUNS = Path("/run/systemd/system")


class Scheduler(Protocol):
    """What every scheduler offers. ``register`` is done as a whole or undone; a repeat changes nothing."""

    kind: SchedulerKind

    def register(self, task: Task) -> None: ...

    def unregister(self, name: str) -> bool: ...

    def has(self, name: str) -> bool: ...

    def found(self, name: str) -> Registered | None: ...


@dataclass(frozen=True)
class Facts:
    """What there is on a host.

    Attributes:
        platform: As ``sys.platform`` has it.
        systemd: A manager runs that takes this user's units.
        crontab: There is the program ``crontab``.
        cron_folder: cron reads files in ``/etc/cron.d``.
    """

    platform: str
    privileged: bool
    systemd: bool = False
    crontab: bool = False
    cron_folder: bool = False


def facts() -> Facts:
    """Look at this host."""
    privileged = is_privileged()
    manager = privileged or Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "systemd").is_dir()
    return Facts(
        sys.platform,
        privileged,
        systemd=_SYSTEMD_RUNS.is_dir() and manager,
        crontab=shutil.which("crontab") is not None,
        cron_folder=_CRON_FOLDER.is_dir(),
    )


def available(found: Facts) -> tuple[SchedulerKind, ...]:
    """The schedulers of a host, the best one first."""
    if found.platform == "win32":
        return (SchedulerKind.TASK_SCHEDULER,)
    if found.platform == "darwin":
        return (SchedulerKind.LAUNCHD, SchedulerKind.CRON) if found.crontab else (SchedulerKind.LAUNCHD,)
    kinds = []
    if found.systemd:
        kinds.append(SchedulerKind.SYSTEMD)
    if found.crontab or (found.cron_folder and found.privileged):
        kinds.append(SchedulerKind.CRON)
    return tuple(kinds)


def chosen(found: Facts, wanted: SchedulerKind | None) -> SchedulerKind:
    """The scheduler to use.

    Raises:
        NotSupportedError: ``NoScheduler``.
    """
    kinds = available(found)
    if wanted in kinds or (wanted is None and kinds):
        return wanted or kinds[0]
    raise NotSupportedError(
        "NoScheduler",
        f"There is no {wanted or 'scheduler'} on this host that takes tasks of this user.",
        target=str(wanted or ""),
        hint="Run 'connectedmachine agent' as a service; it starts passes by itself.",
    )


def scheduler(kind: SchedulerKind, found: Facts) -> Scheduler:
    """The way to a scheduler of this host."""
    match kind:
        case SchedulerKind.TASK_SCHEDULER:
            return TaskScheduler()
        case SchedulerKind.LAUNCHD:
            if found.privileged:
                return Launchd(Path("/Library/LaunchDaemons"), "system")
            return Launchd(Path.home() / "Library" / "LaunchAgents", f"gui/{_user()}")
        case SchedulerKind.SYSTEMD:
            folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"
            return Systemd(
                Path("/etc/systemd/system") if found.privileged else folder, privileged=found.privileged
            )
        case SchedulerKind.CRON:
            return Crontab() if found.crontab else CronFolder(_CRON_FOLDER)


def caution(kind: SchedulerKind, *, privileged: bool) -> str | None:
    """What a user should know of a task of their own; administrators' tasks always run."""
    if privileged:
        return None
    cautions = {
        SchedulerKind.SYSTEMD: "It runs while you are logged in; 'loginctl enable-linger' changes that.",
        SchedulerKind.LAUNCHD: "It runs while you are logged in.",
        SchedulerKind.TASK_SCHEDULER: "It runs while you are logged on.",
    }
    return cautions.get(kind)


def _user() -> int:
    if sys.platform == "win32":
        return 0
    return os.getuid()
