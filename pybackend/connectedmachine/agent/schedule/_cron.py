"""cron: a marked block in the crontab of the user, or a file in ``/etc/cron.d``.

Every other line of a crontab stays as it is, byte for byte.
"""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from pathlib import Path

from connectedmachine.agent.schedule import tools
from connectedmachine.agent.schedule.starts import Starts, next_start, of_task
from connectedmachine.model.errors import RunnerError
from connectedmachine.model.schedule import Registered, SchedulerKind, Task

_CRONTAB = "crontab"


class Crontab:
    """The crontab of the user; ``crontab`` replaces it as a whole, so a task is there or it is not."""

    kind = SchedulerKind.CRON

    def register(self, task: Task) -> None:
        """Add the task, in place of an earlier one.

        Raises:
            RunnerError: ``SchedulerFailed``; nothing was changed.
        """
        tools.do([_CRONTAB, "-"], with_block(self._read(), task))

    def unregister(self, name: str) -> bool:
        """Take the task away; says whether it was there."""
        before = self._read()
        after = without_block(before, name)
        if after == before:
            return False
        tools.do([_CRONTAB, "-"], after)
        return True

    def has(self, name: str) -> bool:
        """Say whether the task is there; costs less than ``found``."""
        return _pattern(name).search(self._read()) is not None

    def found(self, name: str) -> Registered | None:
        """The task, if there is one."""
        return read(self._read(), name, user=False)

    def _read(self) -> bytes:
        code, output, said = tools.ask([_CRONTAB, "-l"])
        if code and "no crontab" not in said.lower():
            # What cannot be read must not be replaced.
            raise tools.failed([_CRONTAB], said or f"exit code {code}")
        return b"" if code else output


class CronFolder:
    """A file of its own in ``/etc/cron.d``, for a system whose administrator has no ``crontab``."""

    kind = SchedulerKind.CRON

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def register(self, task: Task) -> None:
        """Put the task, in place of an earlier one.

        Raises:
            PermissionDeniedError: ``PermissionDenied``.
        """
        with tools.placed({self._folder / task.name: block(task, user="root").encode()}):
            pass

    def unregister(self, name: str) -> bool:
        """Take the task away; says whether it was there."""
        path = self._folder / name
        there = path.exists()
        path.unlink(missing_ok=True)
        return there

    def has(self, name: str) -> bool:
        """Say whether the task is there; costs less than ``found``."""
        return (self._folder / name).exists()

    def found(self, name: str) -> Registered | None:
        """The task, if there is one."""
        return read(tools.content_of(self._folder / name) or b"", name, user=True)


def with_block(crontab: bytes, task: Task) -> bytes:
    """A crontab with the task in it, in place of an earlier one of that name."""
    rest = without_block(crontab, task.name)
    if rest and not rest.endswith(b"\n"):
        rest += b"\n"  # cron takes no line without its end
    return rest + block(task).encode()


def without_block(crontab: bytes, name: str) -> bytes:
    """A crontab without the task of that name."""
    return _pattern(name).sub(b"", crontab)


def block(task: Task, user: str = "") -> str:
    """The lines of a task; a line of ``/etc/cron.d`` names a user before its command."""
    found = of_task(task)
    minutes = ",".join(map(str, found.minutes))
    hours = "*" if found.hours is None else ",".join(map(str, found.hours))
    # cron ends a command at a bare percent sign.
    command = shlex.join(task.command).replace("%", r"\%")
    line = " ".join(word for word in (minutes, hours, "* * *", user, command) if word)
    return f"{_BEGIN} {task.name}\n# {task.description}\n{line}\n{_END} {task.name}\n"


def read(crontab: bytes, name: str, *, user: bool) -> Registered | None:
    """The task of that name in a crontab.

    Raises:
        RunnerError: ``SchedulerFailed`` when somebody changed its lines.
    """
    match = _pattern(name).search(crontab)
    if match is None:
        return None
    try:
        _, about, line, _ = match[0].decode().splitlines()
        minutes, hours, *_, command = line.split(" ", 6 if user else 5)
        every_hour = None if hours == "*" else _numbers(hours)
        found = Starts(every_hour, _numbers(minutes))
        words = shlex.split(command.replace(r"\%", "%"))
    except ValueError as error:
        raise RunnerError(
            "SchedulerFailed",
            f"The lines of task '{name}' in the crontab were changed and cannot be read.",
            target=name,
            hint="Register the task again.",
        ) from error
    due = next_start(found, datetime.now().astimezone())
    return Registered(name, SchedulerKind.CRON, about.removeprefix("# "), tuple(words), due)


_BEGIN, _END = "# BEGIN", "# END"


def _pattern(name: str) -> re.Pattern[bytes]:
    word = re.escape(name.encode())
    return re.compile(rb"^# BEGIN " + word + rb"\n(?:.*\n)*?# END " + word + rb"\n", re.MULTILINE)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))
