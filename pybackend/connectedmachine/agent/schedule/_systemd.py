"""A timer of systemd and the service that it starts; of the user's own systemd when unprivileged."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from connectedmachine.agent.schedule import tools
from connectedmachine.agent.schedule.starts import starts
from connectedmachine.model.errors import RunnerError
from connectedmachine.model.schedule import Registered, SchedulerKind, Task


class Systemd:
    """Units in ``folder``, which the manager that ``privileged`` names reads."""

    kind = SchedulerKind.SYSTEMD

    def __init__(self, folder: Path, *, privileged: bool) -> None:
        self._folder = folder
        self._manager = ["systemctl", "--system" if privileged else "--user"]

    def register(self, task: Task) -> None:
        """Put the units and start the timer.

        Raises:
            RunnerError: ``SchedulerFailed``; what there was before is there again.
            PermissionDeniedError: ``PermissionDenied``.
        """
        known = tools.content_of(self._unit(task.name, "timer")) is not None
        timer = f"{task.name}.timer"
        try:
            with tools.placed({self._folder / name: text.encode() for name, text in units(task).items()}):
                self._do("daemon-reload")
                self._do("enable", timer)
                self._do("restart", timer)
        except RunnerError:
            if not known:
                self._forget(timer)
            with contextlib.suppress(RunnerError):
                self._do("daemon-reload")
                if known:
                    self._do("restart", timer)
            raise

    def unregister(self, name: str) -> bool:
        """Take the task away; says whether it was there. A pass that it started goes on."""
        units = [self._unit(name, "timer"), self._unit(name, "service")]
        if not any(unit.exists() for unit in units):
            return False
        self._do("disable", "--now", f"{name}.timer")
        for unit in units:
            unit.unlink(missing_ok=True)
        self._do("daemon-reload")
        return True

    def has(self, name: str) -> bool:
        """Say whether the task is there; costs less than ``found``."""
        return self._unit(name, "service").exists()

    def found(self, name: str) -> Registered | None:
        """The task, if there is one."""
        text = tools.content_of(self._unit(name, "service"))
        if text is None:
            return None
        lines = dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)
        timer = self._properties(f"{name}.timer", "NextElapseUSecRealtime", "LastTriggerUSec")
        service = self._properties(f"{name}.service", "ExecMainStatus", "ExecMainExitTimestamp")
        last_run = _time(timer.get("LastTriggerUSec", ""))
        ended = _time(service.get("ExecMainExitTimestamp", ""))
        return Registered(
            name,
            self.kind,
            lines["Description"],
            unquoted(lines["ExecStart"]),
            _time(timer.get("NextElapseUSecRealtime", "")),
            last_run,
            None if ended is None else int(service["ExecMainStatus"]),
        )

    def _unit(self, name: str, kind: str) -> Path:
        return self._folder / f"{name}.{kind}"

    def _do(self, *words: str) -> bytes:
        return tools.do([*self._manager, *words])

    def _forget(self, timer: str) -> None:
        with contextlib.suppress(RunnerError):
            # Its file is gone: this removes the link that enabled it.
            self._do("disable", timer)

    def _properties(self, unit: str, *names: str) -> dict[str, str]:
        try:
            said = self._do("show", unit, "--timestamp=unix", f"--property={','.join(names)}")
        except RunnerError:  # the manager of a user who is not logged in
            return {}
        return dict(line.split("=", 1) for line in said.decode().splitlines() if "=" in line)


def units(task: Task) -> Mapping[str, str]:
    """The texts of both units, by file name."""
    found = starts(task.timing)
    hours = "*" if found.hours is None else ",".join(f"{hour:02}" for hour in found.hours)
    minutes = ",".join(f"{minute:02}" for minute in found.minutes)
    service = f"""\
[Unit]
Description={_escaped(task.description)}

[Service]
Type=oneshot
ExecStart={quoted(task.command)}
"""
    timer = f"""\
[Unit]
Description={_escaped(task.description)}

[Timer]
OnCalendar=*-*-* {hours}:{minutes}:00
Persistent=true
RandomizedDelaySec={task.timing.jitter}min

[Install]
WantedBy=timers.target
"""
    return {f"{task.name}.service": service, f"{task.name}.timer": timer}


def quoted(words: tuple[str, ...]) -> str:
    """Words of a command as a unit has them: C's escapes, and no specifier or variable in them."""
    return " ".join(
        '"' + _escaped(word.replace("\\", "\\\\").replace('"', '\\"')).replace("$", "$$") + '"'
        for word in words
    )


def unquoted(text: str) -> tuple[str, ...]:
    """What ``quoted`` made, read back."""
    words, current, escaped = list[str](), "", False
    inside = False
    for character in text:
        if escaped:
            current, escaped = current + character, False
        elif character == "\\":
            escaped = True
        elif character == '"':
            if inside:
                words.append(current.replace("%%", "%").replace("$$", "$"))
            current, inside = "", not inside
        elif inside:
            current += character
    return tuple(words)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _time(text: str) -> datetime | None:
    seconds = text.removeprefix("@")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isdecimal() and int(seconds) else None
