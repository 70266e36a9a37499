"""The runner of a machine: does what is due, one operation after another, until all is at rest.

It holds the machine's effects lock. Front ends commit wishes to the store and start a runner
(``agent.launch``); it reads the wishes at its safe points. A pending rollback keeps it for an hour of
tries; later ones belong to the next pass. So does a maintenance window that opens before the next pass.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from connectedmachine.agent.events import announce
from connectedmachine.agent.hands import Hands
from connectedmachine.agent.heads import nothing_to_remove, operation_for, planned_move
from connectedmachine.agent.images import offered
from connectedmachine.agent.openings import Openings
from connectedmachine.agent.operator import Operator, StopPoint
from connectedmachine.agent.outcome import reason_of
from connectedmachine.agent.planner import Planner
from connectedmachine.model.decision import Decision, Reason
from connectedmachine.model.errors import DiskFullError
from connectedmachine.model.operation import (
    End,
    Operation,
    OperationKind,
    Pause,
)
from connectedmachine.model.resource import Extension, Machine, ProvisioningState, Status
from connectedmachine.model.upgrade_plan import parse
from connectedmachine.store import Store
from connectedmachine.store.passes import Pass
from connectedmachine.upgrade.agreement import difference
from connectedmachine.upgrade.gate import NOT_ALLOWED
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.operation import is_due, next_step
from connectedmachine.upgrade.order import DEPENDENCY_FAILED, DEPENDENCY_MISSING, Standing, queue
from connectedmachine.upgrade.restraint import VERSION_PINNED, retry_at
from connectedmachine.upgrade.subject import Planned

WINDOW = "window"
"""Initiator of a pass that a runner asks for when a maintenance window opens."""

PATIENCE = 3600.0
"""Seconds for which a pending rollback keeps the runner."""

_LOOK = 1.0
"""Seconds between looks at the store while nothing but a pending rollback or a window is left."""

_PROVISIONING = {
    OperationKind.INSTALL: ProvisioningState.CREATING,
    OperationKind.CONFIGURE: ProvisioningState.UPDATING,
    OperationKind.CHANGE_VERSION: ProvisioningState.UPDATING,
    OperationKind.REMOVE: ProvisioningState.DELETING,
    OperationKind.RESET_STATE: ProvisioningState.UPDATING,
}


class Runner:
    """Does the work of one machine; its caller holds the effects lock."""

    def __init__(
        self,
        store: Store,
        machine: Machine,
        hands: Hands,
        *,
        patience: float = PATIENCE,
        stop_point: StopPoint = lambda _: None,
        images: Callable[[], Images] | None = None,
    ) -> None:
        """``images``: what can be chosen from now; by default what the galleries offer."""
        self._store = store
        self._machine = machine
        self._clock = hands.clock
        self._hands = hands
        self._operator = Operator(store, hands, stop_point)
        self._patience = patience
        self._openings = Openings(store, machine.id)
        self._images = images or (lambda: offered(store))
        # A removal that fails, and settings for which there was no room, are tried again by the next runner,
        # not by this one in a circle; with the number of the settings, since newer ones are another wish.
        self._put_off: set[tuple[str, int]] = set()

    def run(self) -> None:
        """Work until nothing is due and no rollback is worth waiting for."""
        self._hands.tidy()
        idle_since = self._clock.monotonic()
        while True:
            if self._takes_a_turn():
                idle_since = self._clock.monotonic()
            elif self._is_worth_staying(idle_since):
                self._clock.sleep(_LOOK)
            else:
                return

    def _takes_a_turn(self) -> bool:
        """Do what is due next; says whether anything was."""
        try:
            return self._resume() or self._asked_for() or self._pass() or self._opened()
        except DiskFullError:
            # Of the store, which shows where to go on, if what was put by makes room for that.
            if not self._hands.make_room():
                raise
            return True

    def _is_worth_staying(self, idle_since: float) -> bool:
        if self._clock.monotonic() - idle_since < self._patience and (self._pauses() or self._waits()):
            return True
        # Nobody waits on a simulated machine: sleeping takes no time there, so this would never end.
        return not self._machine.simulated and self._openings.worth_staying(self._clock.now())

    def has_work(self) -> bool:
        """Say whether something is due now; changes nothing."""
        return (
            any(is_due(operation, self._clock.now()) for operation in self._unfinished())
            or self._next_asked_for() is not None
            or self._store.passes.next_wanted(self._machine.id) is not None
            or bool(self._openings.opened(self._clock.now()))
        )

    # Unfinished operations.

    def _unfinished(self) -> list[Operation]:
        return self._store.operations.unfinished(self._machine.id)

    def _pauses(self) -> list[Pause]:
        return [step for step in map(next_step, self._unfinished()) if isinstance(step, Pause)]

    def _resume(self) -> bool:
        for operation in self._unfinished():
            if is_due(operation, self._clock.now()):
                self._operator.advance(operation.id)
                return True
        return False

    # What users asked for.

    def _waits(self) -> bool:
        """Say whether an install that was asked for waits for what comes by itself."""
        extensions = [e for e in self._asking() if e.provision_after and e.installed is None]
        if not extensions:
            return False
        planner, now = self._planner(), self._clock.now()
        obstacles = [planner.plan(e, now, automatic=False).obstacle for e in extensions]
        return any(o is not None and o.standing is Standing.COMING for o in obstacles)

    def _asking(self) -> list[Extension]:
        now = self._clock.now()
        extensions = self._store.extensions.of_machine(self._machine.id)
        return [e for e in queue(extensions) if _asks(e) and not self._only_waits(e, now)]

    def _only_waits(self, extension: Extension, now: datetime) -> bool:
        # To plan for it each second of its wait would read every gallery as often.
        return self._openings.is_told(extension, now) and not _asks(replace(extension, target=None))

    def _asked_for(self) -> bool:
        found = self._next_asked_for()
        if found is None:
            return False
        wanted, planner = found
        begun = self._begin(wanted, planner, automatic=False, pass_=None)
        if isinstance(begun, Operation):
            end = self._operator.advance(begun.id)
            if isinstance(end, End) and _is_wanted_still(begun, end):
                self._put_off.add((wanted.name, wanted.settings.seq))
        return True

    def _next_asked_for(self) -> tuple[Extension, Planner] | None:
        extensions = self._asking()
        if not extensions:
            return None
        planner = self._planner()
        now = self._clock.now()
        for extension in extensions:
            planned = planner.plan(extension, now, automatic=False)
            put_off = (extension.name, extension.settings.seq) in self._put_off
            idle = _without_work(extension, planned, now)
            if (planned.move is not None and not put_off) or idle is not None:
                return extension, planner
        return None

    def _planner(self) -> Planner:
        return Planner(self._store, self._machine, self._images(), lambda: self._hands)

    # Passes.

    def _pass(self) -> bool:
        """Do the oldest pass that was asked for up to its next operation, or end the pass."""
        pass_ = self._store.passes.next_wanted(self._machine.id)
        if pass_ is None:
            return False
        decided = {d.extension.lower() for d in self._store.passes.decisions(pass_.id)}
        begun = {
            instance.name.lower(): operation
            for operation in self._store.operations.of_pass(pass_.id)
            for instance in operation.instances
        }
        undecided = [
            extension
            for extension in queue(self._store.extensions.of_machine(self._machine.id))
            if extension.name.lower() not in decided
            and (pass_.extension is None or pass_.extension.lower() == extension.name.lower())
        ]
        if not undecided:
            self._store.passes.end(pass_.id, self._clock.now())
            return True
        planner = self._planner()
        with self._store.transaction():
            self._store.policies.clock_was_set_back(self._machine.id, self._clock.now())
            for extension in undecided:
                operation = begun.get(extension.name.lower())
                if operation is None:
                    found = self._begin(extension, planner, automatic=True, pass_=pass_)
                    if isinstance(found, Operation):
                        break
                else:
                    found = self._decision_of(operation, extension.name)
                self._store.passes.decide(pass_, found, self._clock.now())
            else:
                return True
        self._operator.advance(found.id)
        operation = self._store.operations.get(found.id)
        assert operation is not None
        self._store.passes.decide(pass_, self._decision_of(operation, extension.name), self._clock.now())
        return True

    def _opened(self) -> bool:
        """Ask for another look at what a pass found outside of its window, now that it is open."""
        now = self._clock.now()
        opened = self._openings.opened(now)
        for name in opened:
            self._store.passes.request(Pass(str(uuid.uuid4()), self._machine.id, name, WINDOW, now))
        return bool(opened)

    def _decision_of(self, operation: Operation, name: str) -> Decision:
        """What came, for one of the extensions it covers, of an operation that a pass began."""
        old = operation.old.version if operation.old else None
        new = operation.new.version
        if operation.outcome is None:
            step = next_step(operation)
            message, due = "It is under way.", None
            if isinstance(step, Pause):
                message, due = step.message, step.since + timedelta(seconds=step.seconds)
            return Decision(name, Reason.ROLLBACK_PENDING, message, old, new, due, operation.id)
        reason = reason_of(operation.kind, operation.outcome, operation.code)
        failures = self._store.policies.backoffs(self._machine.id, name)
        failed = next((b for b in failures if b.version == new), None)
        due = None if failed is None else retry_at(failed, operation.policy, self._machine.id)
        if operation.code == Reason.OUTSIDE_WINDOW:
            reason, due = Reason.OUTSIDE_WINDOW, self._openings.next_of(name, self._clock.now())
        return Decision(name, reason, operation.message, old, new, due, operation.id)

    # Beginning.

    def _begin(
        self, wanted: Extension, planner: Planner, *, automatic: bool, pass_: Pass | None
    ) -> Operation | Decision:
        """Plan again with the wish as it is now, and commit the operation's head in the same transaction.

        Returns:
            The operation, or why there is none.
        """
        with self._store.transaction():
            extension = self._store.extensions.find(wanted.machine_id, wanted.name)
            if extension is None:
                return Decision(wanted.name, Reason.REMOVING, "It was removed.")
            planned = planner.plan(extension, self._clock.now(), automatic=automatic)
            departure = self._departure(extension, planned, planner, pass_)
            if departure is not None:
                return departure
            if planned.move is None:
                idle = _without_work(extension, planned, self._clock.now())
                if idle is not None:
                    self._store.extensions.save(idle)
                return planned.decision
            if nothing_to_remove(extension, planned.move):
                # Nothing of it is on the machine, so no handler has to be asked.
                self._store.extensions.delete(extension.machine_id, extension.name)
                self._store.policies.forget(extension.machine_id, extension.name)
                return planned.decision
            now = self._clock.now()
            operation = operation_for(self._store, extension, planned.move, planner, pass_, now)
            self._store.operations.begin(operation)
            announce.begun(self._store, operation, operation.began)
            for instance in operation.instances:
                covered = self._store.extensions.find(extension.machine_id, instance.name)
                assert covered is not None
                state = _PROVISIONING[operation.kind]
                self._store.extensions.save(replace(covered, provisioning=state, changed=operation.began))
            return operation

    def _departure(
        self, extension: Extension, planned: Planned, planner: Planner, pass_: Pass | None
    ) -> Decision | None:
        """What is decided of an extension for which a pass would do other than its plan says."""
        if pass_ is None or pass_.plan is None:
            return None
        agreed, move = parse(pass_.plan).move(extension.name), planned.move
        # What a user asked for is done before the pass, and is not due any more when its turn comes.
        if move is None and (agreed is None or not agreed.automatic):
            return None
        # What its window alone keeps is as planned, and says when the window opens.
        shut = move is None and planned.decision.reason is Reason.OUTSIDE_WINDOW
        if shut and agreed is not None and agreed.to_version == planned.decision.to_version:
            return None
        due = None
        if move is not None:
            due = planned_move(self._store, extension, move, planner, self._clock.now())
        how = difference(agreed, due, planned.decision.message)
        if how is None:
            return None
        return replace(planned.decision, reason=Reason.INTERRUPTED, message=f"Not as planned: {how}.")


def _without_work(extension: Extension, planned: Planned, now: datetime) -> Extension | None:
    """The extension as it is when what was asked for cannot be done now; ``None`` when nothing changes.

    A version that has left every gallery, that the machine does not admit any more, or that a pin excludes,
    is asked for no more; settings and a removal wait until they are admitted again. An install that waits
    for what nobody is working on stays asked for, and says what it waits for.
    """
    decision, obstacle = planned.decision, planned.obstacle
    at_rest = extension.provisioning in (ProvisioningState.SUCCEEDED, ProvisioningState.FAILED)
    if extension.target is None and (at_rest or decision.reason is not Reason.BLOCKED_BY_POLICY):
        return None
    if decision.reason is Reason.NO_IMAGE:
        status = Status("NoImage", "Warning", "No image", decision.message, now)
        return replace(
            extension, target=None, provisioning=ProvisioningState.SUCCEEDED, status=status, changed=now
        )
    if decision.reason is Reason.OUTSIDE_WINDOW:
        status = Status(Reason.OUTSIDE_WINDOW, "Information", "Waiting", decision.message, now)
        if (extension.status.code, extension.status.message) == (status.code, status.message):
            return None
        return replace(extension, provisioning=ProvisioningState.SUCCEEDED, status=status, changed=now)
    if decision.reason in (Reason.BLOCKED_BY_POLICY, Reason.PINNED):
        code = VERSION_PINNED if decision.reason is Reason.PINNED else NOT_ALLOWED
        status = Status(code, "Error", "Not ready", decision.message, now)
        return replace(
            extension, target=None, provisioning=ProvisioningState.FAILED, status=status, changed=now
        )
    if obstacle is None or obstacle.standing is Standing.COMING:
        return None
    if obstacle.standing is Standing.FAILED:
        status, state = (
            Status(DEPENDENCY_FAILED, "Error", "Not ready", obstacle.message, now),
            ProvisioningState.FAILED,
        )
    else:
        status = Status(DEPENDENCY_MISSING, "Warning", "Not ready", obstacle.message, now)
        state = ProvisioningState.SUCCEEDED
    if (extension.status.code, extension.status.message) == (status.code, status.message):
        return None
    return replace(extension, provisioning=state, status=status, changed=now)


def _is_wanted_still(operation: Operation, end: End) -> bool:
    """Say whether what an operation failed to do stays asked for."""
    if operation.kind is OperationKind.CONFIGURE:
        return end.code == "DiskFull"
    return operation.kind is OperationKind.REMOVE and end.installed is not None


def _asks(extension: Extension) -> bool:
    """Say whether a user asked for something that no operation has tried yet."""
    return (
        extension.removing
        or extension.reset_requested
        or extension.target is not None
        or extension.settings.seq > extension.settings_tried
    )
