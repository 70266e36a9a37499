"""One connection to the server: uvicorn's, which also ends when no whole request arrives in time.

What the application may know and do about it is in the ASGI ``state``: ``abort_connection``, and over a Unix
socket ``peer_uid``.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if sys.platform == "win32":
    from connectedmachine.frontends.rest._socket_windows import peer_uid
else:
    from connectedmachine.frontends.rest._socket_posix import peer_uid

_HEAD, _INTERIM = b"HTTP/1.1 ", b"HTTP/1.1 1"

HEADER_SECONDS = 15.0
"""From the first byte of a request, or from the connection, to the end of its headers."""


class _Whole:
    """A transport that sends the head of an answer together with what follows: one packet, one TLS record.

    All our answers have their body at once; something is written after each head, if only its end.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._head and data.startswith(_HEAD) and not data.startswith(_INTERIM):
            self._head = data
        elif self._head or data:
            self._transport.write(self._head + data)
            self._head = b""

    def close(self) -> None:
        if self._head:
            self.write(b"")
        self._transport.close()


class Connection(H11Protocol):
    """Uvicorn waits for headers for ever; a client that dribbles them would keep its place."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        self.app_state = {**self.app_state, "abort_connection": transport.abort}
        uid = peer_uid(cast(socket.socket, transport.get_extra_info("socket")))
        if uid is not None:
            self.app_state["peer_uid"] = uid
        super().connection_made(cast(asyncio.Transport, _Whole(transport)))
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP as Azure Resource Manager would, rather than as plain text."""
        error = {"code": "BadRequest", "message": msg}
        headers = [
            ("content-type", "application/json"), ("x-ms-error-code", error["code"]), ("connection", "close")
        ]  # fmt: skip
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=json.dumps({"error": error}).encode("ascii")),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEADER_SECONDS, self._end)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _end(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
