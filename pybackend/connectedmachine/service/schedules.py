"""The task by which the system's own scheduler runs upgrade passes: one for each state root."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.model.clock import to_text
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from connectedmachine.model.schedule import DAY, HOUR, Registered, SchedulerKind, Task, Timing, is_even
from connectedmachine.service.follow import Follower
from connectedmachine.service.unattended import Unattended, digest
from connectedmachine.service.views import Json

if TYPE_CHECKING:
    from connectedmachine.agent.schedule.choice import Facts

DEFAULT_EVERY = 3600.0
_MOST_DEFAULT_JITTER = 15
_MINUTE = 60.0

_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class ScheduleService(Unattended):
    def schedule_register(
        self,
        *,
        follow: Follower,
        resource_group: str | None = None,
        machine: str | None = None,
        every: float | None = None,
        at: str | None = None,
        jitter: float | None = None,
        scheduler: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Have passes run over one machine or, when none is named, over every machine that is this host.

        In place of an earlier task of this state root. ``every`` and ``jitter`` are seconds, ``at`` is a time
        of the day.

        Raises:
            InvalidRequestError: ``InvalidSchedule``.
            NotFoundError: ``ResourceNotFound``.
            NotSupportedError: ``NoScheduler``.
            PermissionDeniedError: ``PermissionDenied``.
            RunnerError: ``SchedulerFailed``; an earlier task is as it was.
        """
        from connectedmachine.agent.schedule import choice

        timing = _timing(every, at, jitter)
        wanted = None if scheduler is None else _scheduler(scheduler)
        if (machine is None) is not (resource_group is None):
            raise _invalid("resourceGroup", "A machine is named with its resource group, or not at all")
        if resource_group is not None and machine is not None:
            self.machine(subscription_id, resource_group, machine)
        facts = choice.facts()
        kind = choice.chosen(facts, wanted)
        task = self._task(timing, resource_group, machine, subscription_id, privileged=facts.privileged)
        choice.scheduler(kind, facts).register(task)
        for other in choice.available(facts):
            if other is not kind:
                choice.scheduler(other, facts).unregister(task.name)
        caution = choice.caution(kind, privileged=facts.privileged)
        if caution is not None:
            follow.warning(caution)
        found = choice.scheduler(kind, facts).found(task.name)
        return task_view(found or Registered(task.name, kind, task.description, task.command))

    def schedule_unregister(
        self,
        *,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Take the task of this state root away, wherever it is; says whether there was one.

        Raises:
            RunnerError: ``SchedulerFailed``.
        """
        from connectedmachine.agent.schedule import choice

        facts = choice.facts()
        removed = [
            choice.scheduler(kind, facts).unregister(self.task_name()) for kind in choice.available(facts)
        ]
        return {"removed": any(removed)}

    def schedule_list(self) -> Json:
        """The task of this state root, if there is one.

        Raises:
            RunnerError: ``SchedulerFailed``.
        """
        return {"value": [task_view(task) for task in self._tasks()]}

    def _tasks(self) -> list[Registered]:
        from connectedmachine.agent.schedule import choice

        facts: Facts = choice.facts()
        found = [choice.scheduler(kind, facts).found(self.task_name()) for kind in choice.available(facts)]
        return [task for task in found if task is not None]

    def _task(
        self,
        timing: Timing,
        resource_group: str | None,
        machine: str | None,
        subscription_id: str | None,
        *,
        privileged: bool,
    ) -> Task:
        from connectedmachine.agent.host import os_machine_id

        words = [_interpreter(), "-I", "-X", "utf8", "-m", "connectedmachine", "schedule", "run"]
        words += ["--home", str(self.store.home)]
        if resource_group is not None and machine is not None:
            words += ["--resource-group", resource_group, "--machine-name", machine]
        subscription = self.subscription(subscription_id)
        if subscription != NIL_SUBSCRIPTION:
            words += ["--subscription", subscription]
        if any(not word.isprintable() for word in words):
            raise _invalid("home", "A path with control characters can be no part of a task")
        of = self.store.home if machine is None else f"machine {machine} in {self.store.home}"
        return Task(
            name=self.task_name(),
            description=f"Az.ConnectedMachineLite: upgrade pass of {of}, {timing}",
            command=tuple(words),
            timing=timing,
            offset=int(digest(f"{os_machine_id()}/{self.store.home}"), 16) % (timing.jitter + 1),
            privileged=privileged,
        )


def task_view(task: Registered) -> Json:
    """A task as its scheduler has it."""
    return {
        "name": task.name,
        "scheduler": task.scheduler.value,
        "description": task.description,
        "command": list(task.command),
        "nextRun": None if task.next_run is None else to_text(task.next_run),
        "lastRun": None if task.last_run is None else to_text(task.last_run),
        "lastResult": task.last_result,
    }


def _timing(every: float | None, at: str | None, jitter: float | None) -> Timing:
    if every is not None and at is not None:
        raise _invalid("at", "Passes are so far apart, or at a time of the day, not both")
    first = 0
    minutes = DAY if at is not None else round((DEFAULT_EVERY if every is None else every) / _MINUTE, 3)
    if at is not None:
        match = _TIME_OF_DAY.fullmatch(at)
        if match is None:
            raise _invalid("at", f"'{at}' is no time of the day, such as 03:30")
        first = int(match[1]) * HOUR + int(match[2])
    if minutes != int(minutes) or not is_even(int(minutes)):
        raise _invalid("every", "An interval is of minutes that divide an hour or of hours that divide a day")
    spread = min(minutes / 4, _MOST_DEFAULT_JITTER) if jitter is None else jitter / _MINUTE
    if spread >= minutes:
        raise _invalid("jitter", "Starts are spread over less than is between them")
    return Timing(int(minutes), first, int(spread))


def _scheduler(text: str) -> SchedulerKind:
    found = next((kind for kind in SchedulerKind if kind.lower() == text.lower()), None)
    if found is None:
        raise _invalid("scheduler", f"'{text}' is none of {', '.join(SchedulerKind)}")
    return found


def _interpreter() -> str:
    if sys.platform == "win32":
        # No window opens on the desktop of the user for it.
        windowless = Path(sys.executable).with_name("pythonw.exe")
        if windowless.exists():
            return str(windowless)
    return sys.executable


def _invalid(target: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidSchedule",
        f"{message}.",
        target=target,
        hint="See Get-Help Register-AzConnectedMachineUpgradeTask.",
    )
