"""A connection to ``serve`` inside this process: frames in, frames out, and a dispatch of the test's own."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Self

from connectedmachine.frontends.rpc import Follower, serve

if TYPE_CHECKING:
    from connectedmachine.frontends.rpc import Dispatch

Frame = dict[str, object]


class Client:
    """Talks to a ``serve`` on a thread through two pipes, as the module does through a process's."""

    def __init__(self, open_dispatch: Callable[[], Dispatch]) -> None:
        request_out, request_in = os.pipe()
        reply_out, reply_in = os.pipe()
        self.input: BinaryIO = os.fdopen(request_in, "wb")
        self.output: BinaryIO = os.fdopen(reply_out, "rb")
        self._streams = (os.fdopen(request_out, "rb"), os.fdopen(reply_in, "wb"))
        self._thread = threading.Thread(target=self._serve, args=(open_dispatch,))

    def _serve(self, open_dispatch: Callable[[], Dispatch]) -> None:
        stdin, stdout = self._streams
        with suppress(BrokenPipeError), stdin, stdout:
            serve(stdin, stdout, open_dispatch)

    def __enter__(self) -> Self:
        self._thread.start()
        self.hello = self.read()
        return self

    def __exit__(self, *_: object) -> None:
        self.close_input()
        self._thread.join(timeout=30)
        assert not self._thread.is_alive(), "serve did not end with its input"
        self.output.close()

    def close_input(self) -> None:
        """End the input, as a host does that closes or dies."""
        if not self.input.closed:
            self.input.close()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.input.write(data)
        self.input.flush()

    def send(self, **frame: object) -> None:
        """Send one frame."""
        self.write(json.dumps({"jsonrpc": "2.0", **frame}).encode() + b"\n")

    def read(self) -> Frame:
        """The next frame."""
        line = self.output.readline()
        assert line.endswith(b"\n"), f"the stream ended with {line!r}"
        frame = json.loads(line)
        assert isinstance(frame, dict)
        return frame

    def call(self, method: str, params: Frame | None = None, request_id: str = "1") -> Frame:
        """Ask and return the next frame."""
        self.send(id=request_id, method=method, params=params or {})
        return self.read()


def answering(answer: Callable[[str, Frame, Follower], object]) -> Callable[[], Dispatch]:
    """An ``open_dispatch`` whose calls are answered by ``answer``."""
    return lambda: answer


def error_of(frame: Frame) -> Frame:
    """The error of a reply."""
    error = frame["error"]
    assert isinstance(error, dict)
    return error


def data_of(frame: Frame) -> Frame:
    """What an error says about itself: code, category, target, hint."""
    data = error_of(frame)["data"]
    assert isinstance(data, dict)
    return data
