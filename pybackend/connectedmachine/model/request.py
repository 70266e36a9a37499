"""Requests that were accepted and are worked on: what a client that polls is told about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RequestVerb(StrEnum):
    PUT = "put"
    PATCH = "patch"
    REMOVE = "remove"
    UPGRADE = "upgrade"
    ADD = "add"


class RequestStatus(StrEnum):
    """As the operation document of REST has it; the last three are ends."""

    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


@dataclass(frozen=True)
class Awaited:
    """An extension whose operation the request waits for.

    Attributes:
        before: The extension's newest operation when the request was accepted; its own comes after it.
        running: The operation that does what is asked already, when the request repeats a wish.
    """

    extension: str
    before: str | None
    running: str | None = None


@dataclass(frozen=True)
class Verdict:
    """How a request ended; ``code`` and ``message`` of one that did not succeed."""

    status: RequestStatus
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class Request:
    """An accepted request.

    Attributes:
        extensions: Every extension it is about, in the order of the request.
        awaited: Those of them that it sets going; a request without any is done when it is accepted.
        restarts: How often a runner was started again for it, and ``restarted``, when last.
        ended: When its end was found out and recorded.
    """

    id: str
    subscription: str
    machine_id: str
    verb: RequestVerb
    extensions: tuple[str, ...]
    awaited: tuple[Awaited, ...]
    initiator: str
    accepted: datetime
    restarts: int = 0
    restarted: datetime | None = None
    ended: datetime | None = None
    verdict: Verdict | None = None
