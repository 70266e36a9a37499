"""The resident agent: asks for passes by itself, where no scheduler of the system does.

It does no effects. The runners it starts are the detached ones that everybody starts, so its end touches
nothing that is under way, and a pass that somebody else asks for meets the same effects lock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import ConflictError, ConnectedMachineError, PermissionDeniedError
from connectedmachine.model.resource import Machine
from connectedmachine.service.unattended import Unattended
from connectedmachine.store.passes import Pass

if TYPE_CHECKING:
    from connectedmachine.agent.residency import Rhythm

DEFAULT_INTERVAL = 3600.0
DEFAULT_JITTER = 900.0

_EVENTS = 30.0
"""Seconds between two looks at events that are on their way."""

_LONGEST_LOOK = 60.0
"""Seconds after which the store is looked at again: somebody may have connected a machine meanwhile."""


class ResidentService(Unattended):
    def agent_run(
        self,
        *,
        wait: Callable[[float], bool],
        ready: Callable[[], None],
        interval: float = DEFAULT_INTERVAL,
        jitter: float = DEFAULT_JITTER,
        initiator: str = "",
    ) -> None:
        """Be the resident agent of this state root until ``wait``, given seconds, says that it is to end.

        Raises:
            ConflictError: ``AgentRunning``: there is one already.
        """
        from connectedmachine.agent.events.courier import delivering
        from connectedmachine.agent.residency import Rhythm

        lock = EffectsLock(self.agent_lock())
        # Who looks whether it is held holds it for a moment.
        if not lock.acquire() and not (wait(0.2) or lock.acquire()):
            raise ConflictError(
                "AgentRunning",
                f"The agent of {self.store.home} runs already.",
                target=str(self.store.home),
                hint="End that one first, or use another AZCMLITE_HOME.",
            )
        try:
            # Runners deliver, too; what they could not deliver is seen to from here.
            with delivering(self.store.home, every=_EVENTS, patience=0.5):
                ready()
                rhythm = Rhythm(interval, jitter)
                while not wait(self.agent_turn(rhythm, initiator)):
                    pass
        finally:
            lock.release()

    def agent_turn(self, rhythm: Rhythm, initiator: str) -> float:
        """Ask for the passes that are due; returns the seconds until it is worth looking again."""
        import logging

        now = self.clock.now()
        pause = _LONGEST_LOOK
        for machine in self.store.machines.all():
            try:
                due = self._look_after(machine, rhythm, initiator, now)
            except PermissionDeniedError:  # another host's, of which this state root is a copy
                continue
            except ConnectedMachineError as error:
                # The disk may be full for a while, or somebody removed the machine: the others go on.
                logging.getLogger(__name__).warning("Machine '%s': %s", machine.name, error)
                continue
            pause = min(pause, max(1.0, (due - now).total_seconds()))
        return pause

    def _look_after(self, machine: Machine, rhythm: Rhythm, initiator: str, now: datetime) -> datetime:
        import uuid

        from connectedmachine.agent.host import refuse_other_host
        from connectedmachine.agent.next_look import next_look
        from connectedmachine.agent.residency import next_pass
        from connectedmachine.upgrade.operation import is_due

        refuse_other_host(machine)
        passes = self.store.passes
        last = passes.last_requested(machine.id)
        due = next_pass(machine.id, last, next_look(self.store, machine, now), rhythm, now)
        wanted = passes.next_wanted(machine.id) is not None
        if due <= now and not wanted:
            passes.request(Pass(str(uuid.uuid4()), machine.id, None, initiator, now))
            wanted, due = True, now + rhythm.pause(machine.id)
        # Also what a runner left that went down with the host.
        if wanted or any(
            is_due(operation, now) for operation in self.store.operations.unfinished(machine.id)
        ):
            self.start_runner(machine)
        return due
