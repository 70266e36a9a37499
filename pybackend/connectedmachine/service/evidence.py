"""What is known of an operation, as evidence: how it went, the step that tells most, who was not healthy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from connectedmachine.model.clock import to_text
from connectedmachine.model.health import Health
from connectedmachine.model.operation import Operation, StepName, StepRecord
from connectedmachine.model.resource import Machine
from connectedmachine.service.views import Json, operation_view
from connectedmachine.store import Store
from connectedmachine.upgrade.why import telling

_LOOKS = (StepName.WATCH, StepName.CONFIRM, StepName.BASELINE)


@dataclass(frozen=True)
class Fact:
    """One piece of evidence: what it is about, what is known of it, and since when."""

    about: str
    says: str
    time: datetime | None = None

    def view(self) -> Json:
        return {
            "about": self.about,
            "says": self.says,
            "time": None if self.time is None else to_text(self.time),
        }


def facts_of(store: Store, operation: Operation) -> list[Fact]:
    """How an operation went, from its head to the sources that were not healthy."""
    head = Fact(
        f"operation {operation.id}",
        operation.message or "It is under way.",
        operation.ended or operation.began,
    )
    record = telling(operation)
    if record is None:
        return [head]
    exit_code = "" if record.exit_code is None else f", exit code {record.exit_code}"
    said = record.message or ("It is under way." if record.outcome is None else record.outcome.value)
    step = Fact(f"{record.step}{exit_code}", said, record.ended or record.began)
    return [head, step, *_unhealthy(store, operation, record)]


def _unhealthy(store: Store, operation: Operation, record: StepRecord) -> list[Fact]:
    """The sources that were not healthy in the last sample that a look at health took."""
    if record.step is None or record.step.name not in _LOOKS:
        return []
    samples = store.operations.samples(operation.id, record.seq)
    if not samples:
        return []
    last = samples[-1]
    taken = record.ended or record.began + timedelta(seconds=last.observed)
    return [
        Fact(name, f"{source.health}: {source.message}", taken)
        for name, source in last.sources.items()
        if source.health is not Health.HEALTHY
    ]


def evidence_view(store: Store, machine: Machine, operation: Operation, now: datetime) -> Json:
    """An operation without its journal, with the evidence that its journal and samples hold."""
    view = operation_view(machine, operation, now)
    del view["steps"]
    return {
        **view,
        "automatic": operation.automatic,
        "passId": operation.pass_id,
        "evidence": [fact.view() for fact in facts_of(store, operation)],
    }
