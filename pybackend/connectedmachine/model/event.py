"""Events: what happened to an operation, for whoever wants to be told, and where they are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectedmachine.model.clock import to_text
from connectedmachine.model.decision import Reason


class EventKind(StrEnum):
    BEGUN = "Begun"
    SUCCEEDED = "Succeeded"
    ROLLED_BACK = "RolledBack"
    ROLLBACK_PENDING = "RollbackPending"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    TEST = "Test"


FAILURES = frozenset({EventKind.ROLLED_BACK, EventKind.ROLLBACK_PENDING, EventKind.FAILED})


@dataclass(frozen=True)
class Event:
    """Something that happened to an operation, with the state that came of it.

    Attributes:
        id: The same however often the event arrives: it may do so more than once.
        operation: Kind of the operation.
        installed_version: What is on the machine from now on, if anything.
    """

    id: str
    kind: EventKind
    time: datetime
    resource_group: str
    machine: str
    extensions: tuple[str, ...]
    operation: str
    operation_id: str
    from_version: str | None
    to_version: str | None
    installed_version: str | None
    reason: Reason | None
    message: str
    initiator: str

    def to_json(self) -> dict[str, object]:
        """The event as sinks get it (``docs/unattended.md``)."""
        return {
            "id": self.id,
            "event": self.kind.value,
            "time": to_text(self.time),
            "resourceGroup": self.resource_group,
            "machine": self.machine,
            "extensions": list(self.extensions),
            "operation": self.operation,
            "operationId": self.operation_id,
            "fromVersion": self.from_version,
            "toVersion": self.to_version,
            "installedVersion": self.installed_version,
            "reason": None if self.reason is None else self.reason.value,
            "message": self.message,
            "initiator": self.initiator,
        }


class SinkKind(StrEnum):
    OS_LOG = "OsLog"
    COMMAND = "Command"
    WEBHOOK = "Webhook"


@dataclass(frozen=True)
class Sink:
    """Where events go.

    Attributes:
        target: Words of a command, the address of a webhook, nothing for the system's log.
        timeout: Seconds after which a delivery counts as failed.
        machine_id: Whose events, ``None`` for every machine's.
        header: Name of the header in which a webhook gets its secret; empty for none.
        secret: The value of that header, sealed.
        last_error: Why the last delivery failed; empty when it did not.
    """

    name: str
    kind: SinkKind
    target: tuple[str, ...]
    timeout: float
    machine_id: str | None = None
    header: str = ""
    secret: bytes | None = None
    last_error: str = ""


@dataclass(frozen=True)
class Parcel:
    """An event on its way to one sink."""

    event_id: str
    sink: str
    body: str
    created: datetime
    attempts: int
    due: datetime
