"""launchd: a daemon of the system when privileged, else an agent of the user, who must be logged in."""

from __future__ import annotations

import plistlib
import re
from datetime import datetime
from pathlib import Path

from connectedmachine.agent.schedule import tools
from connectedmachine.agent.schedule.starts import Starts, next_start, of_task
from connectedmachine.model.schedule import Registered, SchedulerKind, Task

_EXIT = re.compile(r"last exit code = (-?\d+)")


class Launchd:
    """Jobs whose files are in ``folder`` and that run in ``domain`` (``system``, ``gui/501``)."""

    kind = SchedulerKind.LAUNCHD

    def __init__(self, folder: Path, domain: str) -> None:
        self._folder = folder
        self._domain = domain

    def register(self, task: Task) -> None:
        """Put the job's file and have it loaded.

        Raises:
            RunnerError: ``SchedulerFailed``; what there was before is there again.
            PermissionDeniedError: ``PermissionDenied``.
        """
        path = self._path(task.name)
        known = path.exists()
        if known:
            self._unload(task.name)
        try:
            with tools.placed({path: plist(task)}):
                self._load(path)
        except BaseException:
            if known:
                self._load(path)
            raise

    def unregister(self, name: str) -> bool:
        """Take the job away; says whether it was there. A pass that it started goes on."""
        path = self._path(name)
        if not path.exists():
            return False
        self._unload(name)
        path.unlink(missing_ok=True)
        return True

    def has(self, name: str) -> bool:
        """Say whether the task is there; costs less than ``found``."""
        return self._path(name).exists()

    def found(self, name: str) -> Registered | None:
        """The job, if there is one."""
        content = tools.content_of(self._path(name))
        if content is None:
            return None
        job = plistlib.loads(content)
        _, said, _ = tools.ask(["launchctl", "print", f"{self._domain}/{name}"])
        ended = _EXIT.search(said.decode(errors="replace"))
        return Registered(
            name,
            self.kind,
            str(job[_DESCRIPTION]),
            tuple(job["ProgramArguments"]),
            next_start(_starts(job["StartCalendarInterval"]), datetime.now().astimezone()),
            None,
            None if ended is None else int(ended[1]),
        )

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.plist"

    def _load(self, path: Path) -> None:
        tools.do(["launchctl", "bootstrap", self._domain, str(path)])

    def _unload(self, name: str) -> None:
        tools.ask(["launchctl", "bootout", f"{self._domain}/{name}"])  # it may not be loaded


_DESCRIPTION = "ServiceDescription"


def plist(task: Task) -> bytes:
    """The job's file. A start that is missed asleep is made up for when the host wakes."""
    found = of_task(task)
    moments = [
        {"Minute": minute} if hour is None else {"Hour": hour, "Minute": minute}
        for hour in (found.hours or (None,))
        for minute in found.minutes
    ]
    return plistlib.dumps(
        {
            "Label": task.name,
            _DESCRIPTION: task.description,
            "ProgramArguments": list(task.command),
            "StartCalendarInterval": moments,
            # The runner that a pass starts is not part of the job.
            "AbandonProcessGroup": True,
            "ProcessType": "Background",
        }
    )


def _starts(moments: list[dict[str, int]]) -> Starts:
    hours = sorted({moment["Hour"] for moment in moments if "Hour" in moment})
    return Starts(tuple(hours) or None, tuple(sorted({moment["Minute"] for moment in moments})))
