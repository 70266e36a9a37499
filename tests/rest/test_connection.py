"""A connection is for requests: one that sends none, or half of one, ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from connectedmachine.frontends.rest import connection
from connectedmachine.frontends.rest.connection import Connection

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, bytes]]


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


def talk(conversation: Talk, app: ASGIApp = hello, made: list[Connection] | None = None) -> bytes:
    """What a client reads in a conversation; the server's side of it is put into ``made``."""

    def protocol() -> Connection:
        config = uvicorn.Config(app, log_config=None, ws="none", lifespan="off")
        served = Connection(config, ServerState(), {})
        if made is not None:
            made.append(served)
        return served

    async def run() -> bytes:
        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await conversation(reader, writer)
        finally:
            writer.close()
            server.close()

    return asyncio.run(run())


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\n", b"GET / HTTP/1.1\r\nX: "])
def test_half_a_request_does_not_hold_a_connection(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.05)

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(sent)
        return await reader.read()

    assert talk(dribble) == b""


def test_half_a_request_after_a_whole_one_does_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.05)

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"hello")
        writer.write(b"GET /")
        return await reader.read()

    assert talk(twice) == b""


def test_a_request_that_is_being_answered_has_no_deadline() -> None:
    made: list[Connection] = []
    deadlines: list[object] = []

    async def looks(scope: Scope, receive: Receive, send: Send) -> None:
        # The request came with the data that is being read; the deadline goes when that is done.
        await asyncio.sleep(0)
        deadlines.append(made[0]._deadline)
        await hello(scope, receive, send)

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return await reader.read()

    assert talk(once, looks, made).endswith(b"hello")
    assert deadlines == [None]
