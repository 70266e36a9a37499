"""One JSON line for each request, and its id in the answer. Pure ASGI middleware, the outermost.

Never in it: the query (it may hold a token of a continued list), headers other than the client's name and
its id of the request, any body.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import uuid
from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectedmachine.frontends.rest.auth import Caller, peer_of
from connectedmachine.model.clock import Clock, to_text

_LOG_BYTES, _LOGS_KEPT = 4 << 20, 3
_LONGEST = 200

Write = Callable[[str], None]


def log_file(path: Path) -> Write:
    """A writer of lines to a file that is rotated."""
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT, encoding="utf-8", delay=True
    )

    def write(line: str) -> None:
        handler.emit(logging.LogRecord(__name__, logging.INFO, "", 0, line, None, None))

    return write


class AccessLog:
    """Writes a line when the answer is complete, or is never going to be."""

    def __init__(self, app: ASGIApp, write: Write, clock: Clock) -> None:
        self._app, self._write, self._clock = app, write, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        began, request_id, status = self._clock.monotonic(), str(uuid.uuid4()), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("x-ms-request-id", request_id)
                headers.setdefault("cache-control", "no-cache")
                headers.setdefault("x-content-type-options", "nosniff")
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            headers = Headers(scope=scope)
            caller = state.get("caller")
            line = {
                "time": to_text(self._clock.now()),
                "peer": peer_of(scope),
                "caller": caller.name if isinstance(caller, Caller) else None,
                "method": scope["method"][:_LONGEST],
                "path": scope["path"][: 10 * _LONGEST],
                "status": status or None,  # none: the connection ended, or the application failed
                "seconds": round(self._clock.monotonic() - began, 4),
                "client": headers.get("user-agent", "")[:_LONGEST],
                "requestId": request_id,
                "clientRequestId": headers.get("x-ms-client-request-id", "")[:_LONGEST],
            }
            self._write(json.dumps(line))
