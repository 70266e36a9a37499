"""One request as an operation sees it, and its reply. Operations are plain functions on a worker thread."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectedmachine.service import Service


@dataclass
class Heard:
    """Keeps the service's warnings for a header of the reply. Nobody waits, so progress is of no use."""

    warnings: list[str] = field(default_factory=list)

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        """Part of ``Follower``; never called for a request that does not wait."""

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def cancelled(self) -> bool:
        return True


@dataclass(frozen=True)
class Call:
    """A request that may be answered.

    Attributes:
        base: Scheme and authority as the caller wrote them, for absolute URLs.
        path: As the caller wrote it.
        names: What stands for the variables of the path.
        query: Query parameters, names in lower case.
        failing: Code and message with which a long operation is to fail, from a fault scenario.
    """

    service: Service
    base: str
    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    version: str
    body: str
    initiator: str
    failing: tuple[str, str] | None
    heard: Heard


@dataclass(frozen=True)
class Reply:
    """What goes back; ``text`` is JSON."""

    status: int = 200
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(value: object) -> Reply:
    """200 with a JSON document."""
    return Reply(text=json.dumps(value))
