"""Following work that a machine's runner does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import RunnerError
from connectedmachine.model.operation import Operation, OperationKind, StepName
from connectedmachine.model.resource import Machine
from connectedmachine.service.base import ServiceBase
from connectedmachine.upgrade.operation import health_window

_LOOK = 0.05
_LOOKS_BETWEEN_CHECKS = 20
_MOST_RESTARTS = 3


class Follower(Protocol):
    """How a front end shows what goes on, and says that nobody waits any more."""

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        """Show where the work is; ``percent`` is -1 when nobody can say."""

    def warning(self, message: str) -> None:
        """Show something that the user should know; the request goes on."""

    def cancelled(self) -> bool:
        """Say whether the user stopped waiting."""


# How many steps an operation of a kind has when all goes well; good enough for a bar.
_USUAL_STEPS = {
    OperationKind.INSTALL: 3,
    OperationKind.CONFIGURE: 1,
    OperationKind.CHANGE_VERSION: 10,
    OperationKind.REMOVE: 3,
    OperationKind.RESET_STATE: 3,
}


class Follow(ServiceBase):
    """Part of the service that waits."""

    def follow(self, machine: Machine, follower: Follower, at_rest: Callable[[], bool]) -> None:
        """Show progress until ``at_rest`` says so, or nobody waits any more. The work goes on either way.

        Raises:
            RunnerError: ``RunnerFailed`` when the runner keeps dying.
        """
        lock = EffectsLock(self.places(machine).lock)
        looks = restarts = 0
        shown = ""
        while not at_rest() and not follower.cancelled():
            shown = self._show(machine, follower, shown)
            self.clock.sleep(_LOOK)
            looks += 1
            if looks % _LOOKS_BETWEEN_CHECKS == 0 and lock.is_free() and not at_rest():
                if restarts == _MOST_RESTARTS:
                    raise RunnerError(
                        "RunnerFailed",
                        f"The runner of machine '{machine.name}' ended before its work did.",
                        target=machine.name,
                        hint=f"See {self.places(machine).runner_log}; the next pass goes on from there.",
                    )
                restarts += 1
                self.start_runner(machine)

    def _show(self, machine: Machine, follower: Follower, shown: str) -> str:
        running = self.store.operations.unfinished(machine.id)
        if not running:
            return shown
        operation = running[0]
        activity = f"{operation.kind.value} {operation.extension} on {machine.name}"
        status, percent = self._where(operation)
        text = f"{activity}|{status}|{percent}"
        if text != shown:
            follower.progress(activity, status, percent)
        return text

    def _where(self, operation: Operation) -> tuple[str, int]:
        steps = [record for record in operation.journal if record.step is not None]
        if not steps:
            return "Starting", 0
        last = steps[-1]
        assert last.step is not None
        done = len([record for record in steps if record.ended is not None])
        percent = min(99, 100 * done // _USUAL_STEPS[operation.kind])
        if last.step.name is not StepName.WATCH or last.ended is not None:
            return str(last.step), percent
        window = health_window(operation)
        samples = self.store.operations.samples(operation.id, last.seq)
        observed = samples[-1].observed if samples else 0.0
        share = min(1.0, observed / window)
        return f"{last.step}: {observed:.0f} of {window:.0f} s of the health window", min(
            99, round(percent + (100 - percent) * share)
        )
