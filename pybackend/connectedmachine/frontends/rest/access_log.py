"""One JSON line for each request, and its id in the answer. Pure ASGI middleware, the outermost.

Never in it: the query (it may hold a token of a continued list), headers other than the client's name and
its id of the request, any body.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import IO

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectedmachine.frontends.rest.auth import Caller, header_of, peer_of
from connectedmachine.model.clock import Clock, to_text

_LOG_BYTES, _LOGS_KEPT = 4 << 20, 3
_LONGEST = 200
_ALWAYS = ((b"cache-control", b"no-cache"), (b"x-content-type-options", b"nosniff"))

Write = Callable[[str], None]


def log_file(path: Path) -> Write:
    """A writer of lines to a file that is rotated; a logging handler would cost ten times as much a line."""
    file: IO[str] | None = None
    size = 0

    def write(line: str) -> None:
        nonlocal file, size
        if file is None or size >= _LOG_BYTES:
            if file is not None:
                file.close()
                _rotate(path)
            file = path.open("a", encoding="utf-8", buffering=1)
            size = file.tell()
        size += file.write(f"{line}\n")

    return write


def _rotate(path: Path) -> None:
    for number in range(_LOGS_KEPT, 0, -1):
        older = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number}"))


class AccessLog:
    """Writes a line when the answer is complete, or is never going to be."""

    def __init__(self, app: ASGIApp, write: Write, clock: Clock) -> None:
        self._app, self._write, self._clock = app, write, clock
        # A GUID for each request costs more than the line; of one for all, the last part counts.
        self._first_parts, self._count = str(uuid.uuid4())[:-12], 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        self._count += 1
        began, request_id, status = self._clock.monotonic(), f"{self._first_parts}{self._count:012x}", 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                given = {name for name, _ in headers}
                headers.append((b"x-ms-request-id", request_id.encode("ascii")))
                headers.extend(header for header in _ALWAYS if header[0] not in given)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            caller = state.get("caller")
            line = {
                "time": to_text(self._clock.now()),
                "peer": peer_of(scope),
                "caller": caller.name if isinstance(caller, Caller) else None,
                "method": scope["method"][:_LONGEST],
                "path": scope["path"][: 10 * _LONGEST],
                "status": status or None,  # none: the connection ended, or the application failed
                "seconds": round(self._clock.monotonic() - began, 4),
                "client": header_of(scope, b"user-agent")[:_LONGEST],
                "requestId": request_id,
                "clientRequestId": header_of(scope, b"x-ms-client-request-id")[:_LONGEST],
            }
            self._write(json.dumps(line))
