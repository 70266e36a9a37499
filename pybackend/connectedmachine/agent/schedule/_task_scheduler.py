"""The Task Scheduler of Windows: SYSTEM when privileged, else the user while logged on."""

from __future__ import annotations

import os
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

from connectedmachine.agent.schedule import tools
from connectedmachine.model.schedule import DAY, HOUR, Registered, SchedulerKind, Task

_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_FOLDER = "\\AzConnectedMachineLite\\"
_NEVER_RAN = 0x41303


class TaskScheduler:
    """Tasks in a folder of their own. The scheduler takes a task as a whole or not at all."""

    kind = SchedulerKind.TASK_SCHEDULER

    def register(self, task: Task) -> None:
        """Add the task, in place of an earlier one.

        Raises:
            RunnerError: ``SchedulerFailed``; nothing was changed.
        """
        handle, name = tempfile.mkstemp(suffix=".xml")
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(xml(task))
            tools.do([_tool("schtasks.exe"), "/Create", "/TN", _FOLDER + task.name, "/XML", name, "/F"])
        finally:
            path.unlink(missing_ok=True)

    def unregister(self, name: str) -> bool:
        """Take the task away; says whether it was there. A pass that it started goes on."""
        if self._xml(name) is None:
            return False
        tools.do([_tool("schtasks.exe"), "/Delete", "/TN", _FOLDER + name, "/F"])
        return True

    def has(self, name: str) -> bool:
        """Say whether the task is there; costs less than ``found``."""
        return self._xml(name) is not None

    def found(self, name: str) -> Registered | None:
        """The task, if there is one."""
        text = self._xml(name)
        if text is None:
            return None
        description, command = read(text)
        next_run, last_run, result = self._runs(name)
        return Registered(name, self.kind, description, command, next_run, last_run, result)

    def _xml(self, name: str) -> bytes | None:
        code, output, _ = tools.ask([_tool("schtasks.exe"), "/Query", "/TN", _FOLDER + name, "/XML", "ONE"])
        return None if code else output

    def _runs(self, name: str) -> tuple[datetime | None, datetime | None, int | None]:
        # What schtasks prints of times is in the language of the user.
        script = (
            f"$i = Get-ScheduledTaskInfo -TaskPath '{_FOLDER}' -TaskName '{name}';"
            " $u = 'yyyy-MM-ddTHH:mm:ssZ';"
            " foreach ($t in $i.NextRunTime, $i.LastRunTime)"
            " { if ($t) { $t.ToUniversalTime().ToString($u) } else { '' } }; $i.LastTaskResult"
        )
        shell = _tool("WindowsPowerShell", "v1.0", "powershell.exe")
        code, output, _ = tools.ask([shell, "-NoProfile", "-NonInteractive", "-Command", script])
        lines = output.decode(errors="replace").split("\n") if not code else []
        if len(lines) < 3:
            return None, None, None
        next_run, last_run, result = (line.strip() for line in lines[:3])
        ran = int(result) != _NEVER_RAN
        return _time(next_run), _time(last_run) if ran else None, int(result) if ran else None


def xml(task: Task) -> bytes:
    """The definition of the task, in the encoding that ``schtasks`` reads."""
    root = ElementTree.Element("Task", {"version": "1.3", "xmlns": _NAMESPACE})

    def add(parent: ElementTree.Element, name: str, text: str = "") -> ElementTree.Element:
        element = ElementTree.SubElement(parent, name)
        element.text = text or None
        return element

    add(add(root, "RegistrationInfo"), "Description", task.description)
    trigger = add(add(root, "Triggers"), "CalendarTrigger")
    timing = task.timing
    if timing.every != DAY:
        repetition = add(trigger, "Repetition")
        add(repetition, "Interval", _duration(timing.every))
        add(repetition, "Duration", "P1D")
    add(trigger, "StartBoundary", f"2020-01-01T{timing.at // HOUR:02}:{timing.at % HOUR:02}:00")
    if timing.jitter:
        add(trigger, "RandomDelay", _duration(timing.jitter))
    add(add(trigger, "ScheduleByDay"), "DaysInterval", "1")
    principal = add(add(root, "Principals"), "Principal")
    if task.privileged:
        add(principal, "UserId", "S-1-5-18")
        add(principal, "RunLevel", "HighestAvailable")
    else:
        add(principal, "LogonType", "InteractiveToken")
    settings = add(root, "Settings")
    add(settings, "MultipleInstancesPolicy", "IgnoreNew")
    add(settings, "DisallowStartIfOnBatteries", "false")
    add(settings, "StopIfGoingOnBatteries", "false")
    add(settings, "StartWhenAvailable", "true")
    add(settings, "ExecutionTimeLimit", "PT0S")
    action = add(add(root, "Actions"), "Exec")
    add(action, "Command", task.command[0])
    add(action, "Arguments", subprocess.list2cmdline(task.command[1:]))
    declaration = '<?xml version="1.0" encoding="UTF-16"?>\n'
    return (declaration + ElementTree.tostring(root, encoding="unicode")).encode("utf-16")


def read(definition: bytes) -> tuple[str, tuple[str, ...]]:
    """Description and command of a definition, as ``schtasks`` prints it: program, then its arguments."""
    text = definition.decode("utf-16" if definition[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")
    # The declaration speaks of UTF-16 whatever the bytes are.
    root = ElementTree.fromstring(text[text.index("<Task") :])  # noqa: S314 # the scheduler's own answer
    inside = f"{{{_NAMESPACE}}}"
    description = root.findtext(f".//{inside}Description", "")
    program = root.findtext(f".//{inside}Command", "")
    return description, (program, root.findtext(f".//{inside}Arguments", ""))


def _duration(minutes: int) -> str:
    return f"PT{minutes}M"


def _tool(*path: str) -> str:
    return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", *path))


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
