"""A client so bare that next to nothing of what is measured is its own, and the two servers that it asks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Connection:
    """One kept-alive connection over which whole requests, given as bytes, are sent one after another."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send a request and return its answer's body.

        Raises:
            RuntimeError: The answer was no success, or the connection ended.
        """
        self._socket.sendall(request)
        read = b""
        while b"\r\n\r\n" not in read:
            read += self._more()
        head, _, body = read.partition(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.1 202")):
            raise RuntimeError(f"The server answered {read!r}")
        fields = (line.partition(b":") for line in head.lower().splitlines()[1:])
        length = next((int(value) for name, _, value in fields if name == b"content-length"), 0)
        while len(body) < length:
            body += self._more()
        return body

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        more = self._socket.recv(1 << 16)
        if not more:
            raise RuntimeError("The server ended the connection")
        return more


def request(method: str, target: str, port: int, token: str, body: bytes = b"") -> bytes:
    """The bytes of a request, with the headers that Azure's SDK sends."""
    fields = [
        f"{method} {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: azsdk-python-mgmt-hybridcompute/9.0.0 Python/3.11 (Linux)",
        "Accept-Encoding: gzip, deflate",
        "Accept: application/json",
        "Connection: keep-alive",
        "x-ms-client-request-id: 6f1c1f2e-8f0c-11f0-9c6c-0242ac120002",
        f"Authorization: Bearer {token}",
        *(["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []),
    ]
    return "\r\n".join([*fields, "", ""]).encode("ascii") + body


@contextmanager
def product() -> Iterator[int]:
    """``connectedmachine serve`` over the state root of this process; its port."""
    command = [sys.executable, "-I", "-m", "connectedmachine", "serve", "--http", "--port", "0"]
    with _started(command) as line:
        yield int(str(json.loads(line)["url"]).rpartition(":")[2])


@contextmanager
def echo(answer: Path, database: Path | None = None) -> Iterator[int]:
    """The floor (``speed.rest_echo``); its port."""
    command = [sys.executable, "-m", "speed.rest_echo", str(answer), *([str(database)] if database else [])]
    with _started(command) as line:
        yield int(line)


@contextmanager
def _started(command: list[str]) -> Iterator[str]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
    )
    if sys.platform == "linux":
        # One core for a server, whose threads inherit it; the client has the others.
        os.sched_setaffinity(process.pid, {max(os.sched_getaffinity(0))})
    try:
        assert process.stdout is not None
        yield process.stdout.readline()
    finally:
        process.kill()
        process.communicate()
