"""Who may use the REST API: a name, what it may do, until when. The secret is not part of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Scope(StrEnum):
    """What a credential may do. Each of them includes reading."""

    READ = "read"
    OPERATE = "operate"
    PUBLISH = "publish"


@dataclass(frozen=True)
class Credential:
    """One credential.

    Attributes:
        client_id: A UUID: what a client calls itself.
        scopes: As they were given.
        last_used: When it last got a token.
    """

    client_id: str
    name: str
    scopes: frozenset[Scope]
    created: datetime
    expires: datetime
    last_used: datetime | None = None


def effective(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """``scopes`` and what they include."""
    given = frozenset(scopes)
    return given | {Scope.READ} if given else given
