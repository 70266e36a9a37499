"""What any request must keep to before anybody looks at it: names, sizes, times. Pure ASGI middleware.

The ``Host`` check is against DNS rebinding: a web page whose name was made to point here sends its own name.
A browser adds ``Origin`` to what a page sends elsewhere, so a foreign one never changes anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectedmachine.frontends.rest.errors import arm_error

_LONGEST_NUMBER = 18
"""Digits; Python refuses to read thousands of them."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds.

    Attributes:
        headers: Request line and headers together.
        body: Of a request for a resource.
        form: Of a request for a token.
        body_time: For a body to arrive.
        request_time: From the end of the body to the end of the answer.
    """

    headers: int = 32 << 10
    body: int = 1 << 20
    form: int = 16 << 10
    body_time: float = 30.0
    request_time: float = 60.0


class Addressed:
    """Lets through what is meant for this server, in headers of a reasonable size."""

    def __init__(self, app: ASGIApp, names: frozenset[str], port: int, headers: int) -> None:
        self._app, self._names, self._port, self._headers = app, names, port, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        fields: list[tuple[bytes, bytes]] = scope["headers"]
        size = len(scope.get("raw_path") or b"") + len(scope["query_string"])
        if size + sum(len(name) + len(value) for name, value in fields) > self._headers:
            return arm_error(
                431, "RequestHeaderFieldsTooLarge", f"The headers are larger than {self._headers} bytes."
            )
        hosts = [value.decode("latin-1").lower() for name, value in fields if name == b"host"]
        if len(hosts) != 1 or not self._is_ours(hosts[0], scope):
            return arm_error(400, "InvalidHost", "The Host header names another server.", target="Host")
        if scope["method"] not in ("GET", "HEAD"):
            origins = [value.decode("latin-1").lower() for name, value in fields if name == b"origin"]
            if any(origin != f"{scope['scheme']}://{hosts[0]}" for origin in origins):
                return arm_error(
                    403, "ForeignOrigin", "A page of another server may not change anything.", target="Origin"
                )
        return None

    def _is_ours(self, host: str, scope: Scope) -> bool:
        name, colon, port = host.rpartition(":")
        if not colon or host.endswith("]"):
            name, port = host, str(_DEFAULT_PORTS[scope["scheme"]])
        if name.startswith("[") and name.endswith("]"):
            name = name[1:-1]
        # A Unix socket has no port, and clients write any or none.
        by_socket = "peer_uid" in cast(Mapping[str, object], scope["state"])
        return name in self._names and (by_socket or port == str(self._port))


class BoundedBody:
    """Reads the whole body first, up to its limits in size and time; the application gets it in one piece."""

    def __init__(self, app: ASGIApp, size: int, seconds: float) -> None:
        self._app, self._size, self._seconds = app, size, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]):
            await self._app(scope, receive, send)  # it has no body
            return
        body: bytes | None = b""
        if not self._is_announced_too_large(scope):
            try:
                async with asyncio.timeout(self._seconds):
                    body = await self._read(receive)
            except TimeoutError:
                await arm_error(408, "RequestTimeout", "The body did not arrive in time.", headers=_CLOSE)(
                    scope, receive, send
                )
                return
            except _TooLargeError:
                pass
            else:
                if body is not None:  # else the client has gone
                    await self._app(scope, _replayed(body, receive), send)
                return
        refusal = arm_error(
            413, "RequestEntityTooLarge", f"The body is larger than {self._size} bytes.", headers=_CLOSE
        )
        await refusal(scope, receive, send)

    def _is_announced_too_large(self, scope: Scope) -> bool:
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        return any(
            len(length) > _LONGEST_NUMBER or int(length) > self._size
            for length in lengths
            if length.isdigit()
        )

    async def _read(self, receive: Receive) -> bytes | None:
        parts = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts += message.get("body", b"")
            if len(parts) > self._size:
                raise _TooLargeError
            if not message.get("more_body", False):
                return bytes(parts)


class BoundedTime:
    """Ends what takes too long with 504, unless its answer has begun."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            async with asyncio.timeout(self._seconds) as limit:
                await self._app(scope, receive, watched)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            await arm_error(504, "GatewayTimeout", "The request took too long.")(scope, receive, send)


class Stopped:
    """Answers 503 for a request that the stop of the server cuts off, as clients then try again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            answer = arm_error(503, "ServerStopping", "The server is stopping.", headers={"retry-after": "1"})
            await answer(scope, receive, send)


class _TooLargeError(Exception):
    """More came than may."""


_CLOSE = {"connection": "close"}


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
