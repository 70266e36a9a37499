"""A backend that misbehaves in one way, for the module to live with: ``unwell_backend.py BEHAVIOUR NOTES``.

It is started in the place of Python, with the arguments of the real backend. What happened in an earlier
start of the same test, and what is told to the test, is in the folder NOTES.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from connectedmachine.frontends.rpc import Follower, _service_dispatch, serve

BEHAVIOUR, NOTES = sys.argv[1], Path(sys.argv[2])
HELLO = b'{"jsonrpc":"2.0","method":"hello","params":{"protocol":1,"version":"0.1.0","pid":1}}\n'
STARTS = NOTES / "starts"


def say(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def read_request() -> dict[str, object]:
    request = json.loads(sys.stdin.buffer.readline())
    assert isinstance(request, dict)
    with (NOTES / "requests").open("a", encoding="utf-8") as file:
        file.write(json.dumps(request) + "\n")
    return request


def serve_really() -> None:
    serve(sys.stdin.buffer, sys.stdout.buffer, _service_dispatch)


def die_once() -> None:
    """Take the first request to the grave; the next start is well."""
    if STARTS.exists():
        serve_really()
        return
    STARTS.touch()
    say(HELLO)
    read_request()


def die_always() -> None:
    say(HELLO)
    read_request()
    print("the reason of its death", file=sys.stderr)


def half_a_line_once() -> None:
    """Die in the middle of a reply; the next start is well."""
    if STARTS.exists():
        serve_really()
        return
    STARTS.touch()
    say(HELLO)
    request = read_request()
    say(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"value": []}}).encode()[:-9])


def not_installed() -> None:
    print("/bin/python: Error while finding module: No module named connectedmachine", file=sys.stderr)


def broken_start() -> None:
    print("SyntaxError: it does not even start", file=sys.stderr)


def other_protocol() -> None:
    say(HELLO.replace(b'"protocol":1', b'"protocol":2'))
    sys.stdin.buffer.read()


def stale_replies() -> None:
    """Answer what nobody asked before what was asked."""
    say(HELLO)
    for _ in range(2):
        request = read_request()
        for stale in ("0", "later"):
            say(json.dumps({"jsonrpc": "2.0", "id": stale, "result": {"value": "stale"}}).encode() + b"\n")
        gallery = {"name": "fresh", "path": "/", "isDefault": True}
        say(
            json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"value": [gallery]}}).encode()
            + b"\n"
        )


def flood() -> None:
    """Write far more to standard error than a pipe holds, at every call."""
    open_dispatch = _service_dispatch

    def noisy(method: str, arguments: dict[str, object], follower: Follower) -> object:
        for _ in range(64):
            os.write(2, b"noise " * 2730 + b"\n")
        return dispatch(method, arguments, follower)

    dispatch = open_dispatch()
    serve(sys.stdin.buffer, sys.stdout.buffer, lambda: noisy)


class Noting(io.BufferedReader):
    """Standard input that notes each frame which cancels."""

    def readline(self, size: int | None = -1) -> bytes:
        line = super().readline(size)
        if b'"cancel"' in line:
            (NOTES / "cancels").write_bytes(line)
        return line


def never_done() -> None:
    """Work at a list of machines until it is cancelled; anything else is answered at once."""

    def work(method: str, _: dict[str, object], follower: Follower) -> object:
        if method != "machine.list":
            return {"value": [{"name": "answered", "path": "/", "isDefault": True}]}
        (NOTES / "begun").touch()
        while not follower.cancelled():
            follower.progress("Upgrade agent", "watching", 50)
            threading.Event().wait(0.01)
        (NOTES / "cancelled").touch()
        return {"value": []}

    serve(Noting(io.FileIO(0, closefd=False)), sys.stdout.buffer, lambda: work)


def record() -> None:
    """Be the real backend, and note every line either way."""
    real = [sys.executable, *sys.argv[3:]]
    with (
        subprocess.Popen(real, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as backend,
        (NOTES / "in").open("ab") as sent,
        (NOTES / "out").open("ab") as received,
    ):
        assert backend.stdin is not None
        assert backend.stdout is not None
        replies = iter(backend.stdout.readline, b"")

        def copy_replies() -> None:
            for line in replies:
                received.write(line)
                received.flush()
                say(line)

        thread = threading.Thread(target=copy_replies)
        thread.start()
        for line in iter(sys.stdin.buffer.readline, b""):
            sent.write(line)
            sent.flush()
            backend.stdin.write(line)
            backend.stdin.flush()
        backend.stdin.close()
        thread.join()


BEHAVIOURS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        broken_start,
        die_always,
        die_once,
        flood,
        half_a_line_once,
        never_done,
        not_installed,
        other_protocol,
        record,
        stale_replies,
    )
}

if __name__ == "__main__":
    BEHAVIOURS[BEHAVIOUR]()
