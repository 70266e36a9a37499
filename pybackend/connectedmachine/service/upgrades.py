"""Upgrade passes: run one, preview one, read decisions and history, settle a pending rollback."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from connectedmachine.model.clock import to_text
from connectedmachine.model.decision import Decision
from connectedmachine.model.errors import ConflictError, InvalidRequestError
from connectedmachine.model.operation import Choice, Pause
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.model.upgrade_plan import UpgradePlan, parse
from connectedmachine.service.follow import Follow, Follower
from connectedmachine.service.under_way import refuse_if_pinned
from connectedmachine.service.views import Json, decision_view, operation_view
from connectedmachine.store.passes import Pass
from connectedmachine.upgrade.agreement import differences
from connectedmachine.upgrade.operation import next_step

if TYPE_CHECKING:
    from connectedmachine.agent.planner import Planner


class UpgradeService(Follow):
    def upgrade_run(
        self,
        *,
        resource_group: str,
        machine: str,
        follow: Follower,
        name: str | None = None,
        retry: bool = False,
        plan_text: str | None = None,
        wait: bool = True,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Look at every extension of a machine, or at one, and do what is due; one decision for each.

        Args:
            retry: Versions that failed are due now; their failures are counted on.
            plan_text: A plan as ``upgrade_plan`` gave it, as JSON: what it says is done, and nothing else.
                What is due otherwise by the time of its turn is left alone, ``Interrupted``.

        Raises:
            NotFoundError: ``ResourceNotFound``, ``HCRP404``.
            InvalidRequestError: ``InvalidPlan``.
            ConflictError: ``PlanChanged``, with what differs; nothing was done.
            RunnerError: ``RunnerFailed``.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        import uuid

        pass_ = Pass(str(uuid.uuid4()), found.id, name, initiator, self.clock.now())
        if plan_text is None:
            self._request(found, pass_, retry=retry)
        elif retry:
            raise InvalidRequestError(
                "InvalidRequestContent",
                "A plan and a retry do not go together.",
                target="retry",
                hint="A plan names all that is done: take a plan of the retry, and ask for that alone.",
            )
        else:
            self._request_planned(found, pass_, plan_text)
        self.start_runner(found)
        if wait:
            self.follow(found, follow, lambda: self._has_ended(pass_.id))
        decisions = self.store.passes.decisions(pass_.id)
        return {"passId": pass_.id, "value": [decision_view(found, d) for d in decisions]}

    def _has_ended(self, pass_id: str) -> bool:
        pass_ = self.store.passes.get(pass_id)
        return pass_ is None or pass_.ended is not None

    def upgrade_plan(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        retry: bool = False,
        subscription_id: str | None = None,
    ) -> Json:
        """What a pass would do now, with the digest of that; changes nothing."""
        found = self.machine(subscription_id, resource_group, machine)
        scope = None if name is None else self.extension(found, name).name
        now = self.clock.now()
        plan, decisions = self._plan(found, scope, self.planner(found), now, retry=retry)
        return {
            **plan.to_json(),
            "takenAt": to_text(now),
            "subscriptionId": found.subscription,
            "resourceGroup": found.resource_group,
            "machine": found.name,
            "value": [decision_view(found, decision) for decision in decisions],
        }

    def _plan(
        self, machine: Machine, scope: str | None, planner: Planner, now: datetime, *, retry: bool = False
    ) -> tuple[UpgradePlan, list[Decision]]:
        from connectedmachine.agent.heads import planned_move

        moves, decisions = [], []
        for extension in self._chosen(machine, scope):
            planned = planner.plan(extension, now, automatic=True, retry=retry)
            decisions.append(replace(planned.decision, time=now))
            if planned.move is not None:
                moves.append(planned_move(self.store, extension, planned.move, planner, now))
        return UpgradePlan(machine.id, scope, tuple(moves), retry), decisions

    def _request(self, machine: Machine, pass_: Pass, *, retry: bool) -> None:
        with self.store.transaction():
            extension = None if pass_.extension is None else self.extension(machine, pass_.extension)
            if retry:
                self._waive(machine, extension)
            self.store.passes.request(pass_)

    def _waive(self, machine: Machine, extension: Extension | None) -> None:
        """Those that share its handler move along, so their waits end too."""
        if extension is None:
            self.store.policies.waive(machine.id, None)
            return
        for each in self.store.extensions.of_handler(machine.id, extension.handler):
            self.store.policies.waive(machine.id, each.name)

    def _request_planned(self, machine: Machine, pass_: Pass, plan_text: str) -> None:
        """Ask for a pass that keeps to a plan, unless something else is due by now."""
        agreed = parse(plan_text)
        given = pass_.extension
        if agreed.machine_id != machine.id or (given and given.lower() != (agreed.extension or "").lower()):
            raise InvalidRequestError(
                "InvalidPlan",
                "The plan is of another machine, or of other extensions.",
                target="plan",
                hint="Take a new plan with Get-AzConnectedMachineUpgrade -Plan.",
            )
        planner = self.planner(machine)
        with self.store.transaction():
            due, decisions = self._plan(
                machine, agreed.extension, planner, pass_.requested, retry=agreed.retry
            )
            reasons = {d.extension.lower(): f"{d.reason}: {d.message}" for d in decisions}
            differ = differences(agreed, due, reasons)
            if differ:
                raise ConflictError(
                    "PlanChanged",
                    f"What is due is not what the plan says: {'; '.join(differ)}.",
                    target=machine.name,
                    hint="Nothing was done. Take a new plan with Get-AzConnectedMachineUpgrade -Plan.",
                )
            planned = replace(pass_, extension=agreed.extension, plan=json.dumps(agreed.to_json()))
            self._request(machine, planned, retry=agreed.retry)

    def upgrade_decisions(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """The latest decision about each extension; for one that no pass has looked at, what it would do."""
        found = self.machine(subscription_id, resource_group, machine)
        return self._decisions(found, name, self.store.passes.latest(found.id))

    def _decisions(self, machine: Machine, name: str | None, known: dict[str, Decision]) -> Json:
        extensions = self._chosen(machine, name)
        planner = self.planner(machine)
        now = self.clock.now()
        decisions = [
            known.get(e.name.lower()) or replace(planner.plan(e, now, automatic=True).decision, time=now)
            for e in extensions
        ]
        return {"value": [decision_view(machine, decision) for decision in decisions]}

    def _chosen(self, machine: Machine, name: str | None) -> list[Extension]:
        if name is not None:
            return [self.extension(machine, name)]
        return self.store.extensions.of_machine(machine.id)

    def upgrade_history(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """Every operation with its steps, newest first; of extensions that are gone, too."""
        found = self.machine(subscription_id, resource_group, machine)
        history = self.store.operations.history(found.id, name)
        if name is not None and not history:
            self.extension(found, name)
        now = self.clock.now()
        return {"value": [operation_view(found, operation, now) for operation in history]}

    def upgrade_resolve(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        choice: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Settle a pending rollback.

        ``back`` tries it now, ``forward`` takes the new version, ``stop`` ends it.

        Raises:
            ConflictError: ``NoRollbackPending``; ``VersionPinned`` for the way forward.
            InvalidRequestError: ``InvalidRequestContent``.
        """
        try:
            chosen = Choice(choice.lower())
        except ValueError:
            raise InvalidRequestError(
                "InvalidRequestContent",
                f"'{choice}' is no choice.",
                target="choice",
                hint="Use forward, back or stop.",
            ) from None
        found = self.machine_to_change(subscription_id, resource_group, machine)
        extension = self.extension(found, name)
        with self.store.transaction():
            operation = self.store.operations.unfinished_of(found.id, extension.name)
            if operation is None or not isinstance(next_step(operation), Pause):
                raise ConflictError(
                    "NoRollbackPending",
                    f"No rollback of extension '{extension.name}' is pending.",
                    target=extension.name,
                    hint="Get-AzConnectedMachineUpgrade shows how it stands.",
                )
            if chosen is Choice.FORWARD:
                for instance in operation.instances:
                    pins = self.store.policies.pins(found.id, instance.name)
                    refuse_if_pinned(pins, extension.name, operation.new.version)
            self.store.operations.choose(operation.id, chosen, self.clock.now())
        self.start_runner(found)
        planner = self.planner(found)
        now = self.clock.now()
        decision = planner.plan(self.extension(found, name), now, automatic=True).decision
        return decision_view(found, replace(decision, time=now))
