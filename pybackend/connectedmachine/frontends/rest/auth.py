"""Who calls, and whether they may: a bearer token, or the same user over a Unix socket. Pure ASGI middleware.

Codes are Azure Resource Manager's. A peer that fails too often is told to wait. A valid token passes all the
same: every process of this host is one peer, and none of them may lock out another.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectedmachine.frontends.rest.errors import arm_error
from connectedmachine.model.clock import Clock
from connectedmachine.model.credential import Credential, effective
from connectedmachine.model.credential import Scope as Right
from connectedmachine.model.errors import PermissionDeniedError

_PUBLISHED = re.compile(r"/publishers(/|$)", re.IGNORECASE)
"""Publishers, their types and versions: to change one is to publish."""


@dataclass(frozen=True)
class Caller:
    """Who sent a request: ``request.state.caller``.

    Attributes:
        name: Of the credential, or ``uid N`` over a Unix socket.
        scopes: What they may do: ``read``, ``operate``, ``publish``.
    """

    name: str
    scopes: frozenset[str]


class Failures:
    """How often each peer has failed of late. Bounded, whoever calls."""

    ALLOWED = 10
    WINDOW = 60.0
    PEERS = 1024

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: dict[str, deque[float]] = {}

    def add(self, peer: str) -> None:
        """Note a failure."""
        times = self._times.pop(peer, None) or deque(maxlen=self.ALLOWED)
        times.append(self._clock.monotonic())
        self._times[peer] = times
        if len(self._times) > self.PEERS:
            del self._times[next(iter(self._times))]  # the one that has not failed for longest

    def wait(self, peer: str) -> int:
        """Whole seconds until the peer may try again; 0 is now."""
        times = self._times.get(peer)
        if times is None or len(times) < self.ALLOWED:
            return 0
        return max(0, math.ceil(times[0] + self.WINDOW - self._clock.monotonic()))


def peer_of(scope: Scope) -> str:
    """The address of whoever is at the other end."""
    client = scope.get("client")
    return str(client[0]) if client else "socket"


def header_of(scope: Scope, name: bytes) -> str:
    """A header, or nothing; ``name`` in lower case."""
    fields: list[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1") for field, value in fields if field == name), "")


class Authenticated:
    """Lets through who is known and may do it; sets ``request.state.caller``."""

    def __init__(
        self, app: ASGIApp, check: Callable[[str], Credential], failures: Failures, own_uid: int | None
    ) -> None:
        """Wrap ``app``.

        Args:
            check: Whose token it is; raises PermissionDeniedError. Quick: it runs on the event loop.
            own_uid: Of this process, where peers of a socket have one.
        """
        self._app, self._check, self._failures, self._own_uid = app, check, failures, own_uid

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._caller(scope)
        if isinstance(found, Caller):
            scope["state"]["caller"] = found
            needed = _needed(scope["method"], scope["path"])
            if needed in found.scopes:
                await self._app(scope, receive, send)
                return
            found = arm_error(
                403,
                "AuthorizationFailed",
                f"The credential '{found.name}' does not have the scope '{needed}' that this needs.",
                target=scope["path"][:200],
            )
        await found(scope, receive, send)

    def _caller(self, scope: Scope) -> Caller | Response:
        uid = scope["state"].get("peer_uid")
        if uid is not None and uid == self._own_uid:
            return Caller(f"uid {uid}", frozenset(Right))
        scheme, _, token = header_of(scope, b"authorization").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _unauthenticated(scope, "AuthenticationFailed", "A bearer token is missing.")
        try:
            known = self._check(token.strip())
        except PermissionDeniedError as error:
            if error.code != "ExpiredAuthenticationToken":  # that one was no guess
                peer = peer_of(scope)
                wait = self._failures.wait(peer)
                if wait:
                    return too_many(wait)
                self._failures.add(peer)
            return _unauthenticated(scope, error.code, error.message)
        return Caller(known.name, frozenset(effective(known.scopes)))


def too_many(wait: int) -> Response:
    """The answer to a peer that failed too often."""
    return arm_error(
        429,
        "TooManyRequests",
        f"There were too many failed attempts; try again in {wait} seconds.",
        headers={"retry-after": str(wait)},
    )


def _needed(method: str, path: str) -> Right:
    if method in ("GET", "HEAD"):
        return Right.READ
    return Right.PUBLISH if _PUBLISHED.search(path) else Right.OPERATE


def _unauthenticated(scope: Scope, code: str, message: str) -> Response:
    # The host was checked before: it is one of our own names.
    host = header_of(scope, b"host")
    challenge = f'Bearer authorization_uri="{scope["scheme"]}://{host}/common", error="invalid_token"'
    return arm_error(401, code, message, target="Authorization", headers={"www-authenticate": challenge})
