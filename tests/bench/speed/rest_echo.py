"""The floor of the REST measures: an echo in memory on the same framework and server, as a program.

``python -m speed.rest_echo ANSWER [DATABASE]`` answers GET with the content of the file ANSWER. It answers
PUT with the body that came, after one row was committed to DATABASE as durably as the product's store does
it. Its one line of output is the port.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_JSON = "application/json"


def application(answer: bytes, database: sqlite3.Connection | None) -> Starlette:
    """The echo."""

    async def get(_: Request) -> Response:
        return Response(answer, media_type=_JSON)

    async def put(request: Request) -> Response:
        body = await request.body()
        assert database is not None
        database.execute("INSERT INTO wishes (text) VALUES (?)", (body,))
        return Response(body, media_type=_JSON)

    return Starlette(
        routes=[
            Route("/{path:path}", get, methods=["GET"]),
            Route("/{path:path}", put, methods=["PUT"]),
        ]
    )


def main(answer: Path, database: Path | None) -> None:
    """Serve until killed."""
    connection = None
    if database is not None:
        connection = sqlite3.connect(database, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE wishes (id INTEGER PRIMARY KEY, text BLOB)")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(answer.read_bytes(), connection), loop="asyncio", http="h11", ws="none", lifespan="off",
        log_config=None, access_log=False, proxy_headers=False, server_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)

    async def serve() -> None:
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0.001)
        print(listener.getsockname()[1], flush=True)
        await serving

    asyncio.run(serve())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
