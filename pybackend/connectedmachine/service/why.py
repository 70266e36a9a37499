"""Why an extension is where it is, at any moment: what is planned, what stands in its way, what was done.

For now and for times to come the answer is what ``upgrade.plan`` says, with the galleries, holds and policy
of today; for times past it is what was decided then, and what was under way.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.policy import effective
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.service.evidence import evidence_view
from connectedmachine.service.rules import WHAT_TO_DO, Book
from connectedmachine.service.unattended import Unattended
from connectedmachine.service.views import Json, decision_view
from connectedmachine.upgrade.subject import Planned
from connectedmachine.upgrade.why import Met, as_of

_UNPLANNED: Json = {
    "installedVersion": None,
    "plan": None,
    "move": None,
    "obstacles": [],
    "then": None,
    "thenMove": None,
    "nextLook": None,
    "passes": "",
}
"""Of a time past: what stood in the way then is in the decision that was kept."""


class WhyService(Unattended):
    def upgrade_why(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        at: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """Say what is planned for an extension, all that stands in its way, and what was done last.

        Args:
            at: RFC 3339; by default now.

        Raises:
            NotFoundError: ``ResourceNotFound``, ``HCRP404``.
            InvalidRequestError: ``InvalidRequestContent`` for what is no time.
        """
        found = self.machine(subscription_id, resource_group, machine)
        extension = self.extension(found, name)
        now = self.clock.now()
        moment = now if at is None else _moment(at)
        latest = self.store.passes.decided(found.id, extension.name, moment)
        decided = None
        if latest is not None:
            decision, pass_ = latest
            decided = {
                **decision_view(found, decision),
                "passId": pass_.id,
                "initiator": pass_.initiator,
            }
        return {
            "name": extension.name,
            "machine": found.name,
            "resourceGroup": found.resource_group,
            "time": to_text(moment),
            **(_UNPLANNED if moment < now else self._planned(found, extension, moment)),
            **self._operations(found, extension, min(moment, now)),
            "lastDecision": decided,
        }

    def _planned(self, machine: Machine, extension: Extension, moment: datetime) -> Json:
        from connectedmachine.agent.images import galleries

        planner = self.planner(machine)
        way = planner.way(extension, moment)
        own = self.store.policies.values(machine.id, extension.name)
        policy, sources = effective(self.store.policies.values(machine.id), own)
        book = Book(
            self.store,
            machine,
            extension,
            planner.images,
            tuple(gallery.name for gallery in galleries(self.store)),
            policy,
            sources,
            moment,
        )
        decision = decision_view(machine, replace(way.now.decision, time=moment))
        return {
            "installedVersion": None if extension.installed is None else str(extension.installed.version),
            "plan": decision,
            "move": _move(way.now),
            "obstacles": [_obstacle(book, met) for met in way.obstacles],
            "then": decision_view(machine, replace(way.then.decision, time=moment)),
            "thenMove": _move(way.then),
            "nextLook": decision["nextLook"],
            "passes": self._passes(),
        }

    def _passes(self) -> str:
        """Who looks at it, in a sentence."""
        runs = self.passes_run_by()
        if runs is None:
            return (
                "It is looked at whenever a pass is run, and nothing here runs one by itself:"
                " Register-AzConnectedMachineUpgradeTask has the system do that."
            )
        return f"It is looked at whenever a pass is run, as {runs} does."

    def _operations(self, machine: Machine, extension: Extension, moment: datetime) -> Json:
        begun = [
            as_of(operation, moment)
            for operation in self.store.operations.latest(machine.id, extension.name, moment)
        ]
        under_way = begun[0] if begun and begun[0].outcome is None else None
        ended = next((operation for operation in begun if operation.outcome is not None), None)
        return {
            "underWay": None if under_way is None else evidence_view(self.store, machine, under_way, moment),
            "lastOperation": None if ended is None else evidence_view(self.store, machine, ended, moment),
        }


def _move(planned: Planned) -> Json | None:
    move, decision = planned.move, planned.decision
    if move is None:
        return None
    return {
        "operation": move.kind.value,
        "automatic": move.automatic,
        "fromVersion": None if decision.from_version is None else str(decision.from_version),
        "toVersion": None if decision.to_version is None else str(decision.to_version),
        "gallery": None if move.image is None else move.image.gallery,
        "sha256": None if move.image is None else move.image.sha256,
    }


def _obstacle(book: Book, met: Met) -> Json:
    decision, rule = met.decision, book.rule(met)
    return {
        "reason": decision.reason.value,
        "message": decision.message,
        "toVersion": None if decision.to_version is None else str(decision.to_version),
        "until": None if decision.next_look is None else to_text(decision.next_look),
        "rule": None if rule is None else {"name": rule.name, "value": rule.value, "source": rule.source},
        "evidence": [] if rule is None else [fact.view() for fact in rule.evidence],
        "whatToDo": WHAT_TO_DO[decision.reason],
    }


def _moment(text: str) -> datetime:
    try:
        return from_text(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"'{text}' is not a time.",
            target="at",
            hint="Give one such as 2030-01-31T18:00:00Z.",
        ) from None
