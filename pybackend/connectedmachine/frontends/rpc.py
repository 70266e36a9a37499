"""The PowerShell module's backend: JSON-RPC 2.0, one object a line, over standard input and output.

Contract: design page, section 9. A transport and nothing else: a request is checked against the table of
``rpc_methods`` by name and type, and handed to the service.

The first line out is ``hello``, before the service and what it needs are imported: whoever started this
process learns at once that it lives, and the imports pass while the first request is written. Requests run
one at a time and in order; ``cancel`` is read meanwhile and ends a wait, never the work behind it. The end
of standard input ends the process: what had been received is done, nothing is waited for any more. The
runner of a machine is another process and is not touched by that.

Replies are ASCII, so no code page can damage them. Times are RFC 3339 in UTC, durations are seconds.
"""

from __future__ import annotations

import json
import sys
import threading
from queue import SimpleQueue

from connectedmachine import __version__
from connectedmachine.frontends.rpc_methods import MUTATIONS, RpcError, checked, service_method

TYPE_CHECKING = False  # importing typing would cost a third of the time to hello
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    Dispatch = Callable[[str, dict[str, object], "Follower"], object]
    """Does one checked call: method, parameters in snake_case, and whom to tell how it goes."""

PROTOCOL = 1
FRAME_LIMIT = 16 * 1024 * 1024
"""Bytes in one line, its line feed included, either way."""

_CATEGORIES = {
    "NotFoundError": "ObjectNotFound",
    "InvalidRequestError": "InvalidArgument",
    "ConflictError": "ResourceBusy",
    "NotSupportedError": "NotImplemented",
    "PackageError": "InvalidData",
    "HandlerError": "InvalidResult",
    "StoreError": "ResourceUnavailable",
    "PermissionDeniedError": "PermissionDenied",
    "RunnerError": "ResourceUnavailable",
    "DiskFullError": "LimitsExceeded",
}
"""Family of an error (``model/errors.py``) to the name of a PowerShell ErrorCategory."""


class Connection:
    """The way out: frames from several threads, each written whole."""

    def __init__(self, stdout: BinaryIO) -> None:
        self._stdout = stdout
        self._lock = threading.Lock()

    def send(self, frame: dict[str, object]) -> None:
        """Write one frame; one that is too large is an RpcError and writes nothing.

        A reader that has gone away is no error here: the end of standard input says so too.
        """
        text = json.dumps({"jsonrpc": "2.0", **frame}, separators=(",", ":"), allow_nan=False)
        line = text.encode("ascii") + b"\n"
        if len(line) > FRAME_LIMIT:
            raise RpcError(-32000, "ReplyTooLarge", f"The answer of {len(line)} bytes is over the limit.")
        with self._lock:
            try:
                self._stdout.write(line)
                self._stdout.flush()
            except OSError:
                return

    def fail(self, request_id: str | None, error: Exception) -> None:
        """Answer a request with an error."""
        self.send({"id": request_id, "error": _error_object(error)})


class Follower:
    """Tells the one who asked how a call is going, and the call whether anybody still waits."""

    def __init__(self, connection: Connection, request_id: str, closing: threading.Event) -> None:
        self._connection = connection
        self._id = request_id
        self._closing = closing
        self.given_up = False

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        """Show where the work is; ``percent`` is 0 to 100, or -1 when unknown."""
        self._notify("progress", {"activity": activity, "status": status, "percent": percent})

    def warning(self, message: str) -> None:
        """Show one sentence that the user should read though the call succeeds."""
        self._notify("log", {"level": "warning", "message": message})

    def cancelled(self) -> bool:
        """Say whether to stop waiting."""
        return self.given_up or self._closing.is_set()

    def _notify(self, method: str, params: dict[str, object]) -> None:
        self._connection.send({"method": method, "params": {"id": self._id, **params}})


class _Calls:
    """Requests in order of arrival, done one at a time by a thread of their own."""

    def __init__(self, connection: Connection, open_dispatch: Callable[[], Dispatch]) -> None:
        self._connection = connection
        self._open_dispatch = open_dispatch
        self._waiting: SimpleQueue[tuple[str, str, dict[str, object], Follower] | None] = SimpleQueue()
        self._open: dict[str, Follower] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="calls", daemon=True)
        self._thread.start()

    def submit(self, request_id: str, method: str, arguments: dict[str, object]) -> None:
        """Queue a checked request."""
        if request_id in self._open:
            raise RpcError(-32600, "InvalidRequest", "The request of that id is still open.", request_id)
        follower = self._open[request_id] = Follower(self._connection, request_id, self._closing)
        self._waiting.put((request_id, method, arguments, follower))

    def cancel(self, request_id: str) -> None:
        """End the wait of a request; one that is unknown was answered already."""
        follower = self._open.get(request_id)
        if follower is not None:
            follower.given_up = True

    def close(self) -> None:
        """Do what was received without waiting for its work, then return."""
        self._closing.set()
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        # The imports happen here, ahead of the first request and beside its arrival.
        dispatch = _Opened(self._open_dispatch)
        while request := self._waiting.get():
            request_id, method, arguments, follower = request
            try:
                result = dispatch.call(method, arguments, follower)
                # Before the answer: whoever reads it may use the id again.
                self._open.pop(request_id)
                self._connection.send({"id": request_id, "result": result})
            except Exception as error:
                self._open.pop(request_id, None)
                self._connection.fail(request_id, error)


class _Opened:
    """A dispatch that is opened ahead of need; when that fails, each call tries again and says why."""

    def __init__(self, open_dispatch: Callable[[], Dispatch]) -> None:
        self._open = open_dispatch
        self._dispatch: Dispatch | None = None
        try:
            self._dispatch = open_dispatch()
        except Exception:
            self._dispatch = None  # the first call meets the same and answers with it

    def call(self, method: str, arguments: dict[str, object], follower: Follower) -> object:
        """Do one call; a wait that was given up ends as ``Cancelled`` whatever it returned."""
        if follower.given_up:
            raise _Cancelled
        if self._dispatch is None:
            self._dispatch = self._open()
        try:
            result = self._dispatch(method, arguments, follower)
        except Exception:
            if follower.given_up:
                raise _Cancelled from None
            raise
        if follower.given_up:
            raise _Cancelled
        return result


class _Cancelled(Exception):  # noqa: N818 - not a fault: the answer to a cancel
    """The one who asked stopped waiting."""


def serve(stdin: BinaryIO, stdout: BinaryIO, open_dispatch: Callable[[], Dispatch]) -> None:
    """Say hello, answer the requests that ``stdin`` brings, and return at its end.

    Args:
        stdin: Binary stream of frames, one a line; a byte order mark before one is passed over, since
            Windows PowerShell 5.1 may write one when it starts a process.
        stdout: Binary stream for replies and notifications.
        open_dispatch: Gives what does the calls; may be slow, it runs after hello.
    """
    connection = Connection(stdout)
    hello = {"protocol": PROTOCOL, "version": __version__, "pid": _process_id()}
    connection.send({"method": "hello", "params": hello})
    calls = _Calls(connection, open_dispatch)
    while line := stdin.readline(FRAME_LIMIT + 1):
        if len(line) > FRAME_LIMIT:
            while line and not line.endswith(b"\n"):
                line = stdin.readline(FRAME_LIMIT)
            error = RpcError(-32600, "FrameTooLarge", f"A request may have {FRAME_LIMIT} bytes.")
            connection.fail(None, error)
        elif line.strip():
            _receive(line, connection, calls)
    calls.close()


def _receive(line: bytes, connection: Connection, calls: _Calls) -> None:
    request_id: str | None = None
    try:
        frame = _parsed(line)
        method, params = frame["method"], frame["params"]
        assert isinstance(method, str)
        assert isinstance(params, dict)
        if method == "cancel" and "id" not in frame:
            calls.cancel(str(params.get("id")))
            return
        request_id = _id_of(frame)
        calls.submit(request_id, method, checked(method, params))
    except RpcError as error:
        connection.fail(request_id, error)


def _parsed(line: bytes) -> dict[str, object]:
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RpcError(-32700, "ParseError", "A request was not JSON.") from error
    if not (
        isinstance(frame, dict)
        and frame.get("jsonrpc") == "2.0"
        and isinstance(frame.get("method"), str)
        and isinstance(frame.setdefault("params", {}), dict)
    ):
        raise RpcError(
            -32600, "InvalidRequest", "A request is an object with jsonrpc 2.0, a method and params."
        )
    return frame


def _id_of(frame: dict[str, object]) -> str:
    request_id = frame.get("id")
    if not isinstance(request_id, str):
        raise RpcError(-32600, "InvalidRequest", "The id of a request is a string.")
    return request_id


def _error_object(error: Exception) -> dict[str, object]:
    from connectedmachine.model.errors import ConnectedMachineError

    if isinstance(error, RpcError):
        return _error(error.number, error.message, error.code, "InvalidArgument", error.target)
    if isinstance(error, _Cancelled):
        message = "The call was cancelled; the work it started goes on."
        return _error(-32000, message, "Cancelled", "OperationStopped")
    if isinstance(error, ConnectedMachineError):
        families = (family.__name__ for family in type(error).__mro__)
        category = next(filter(None, map(_CATEGORIES.get, families)), "NotSpecified")
        return _error(-32000, error.message, error.code, category, error.target, error.hint)
    _log(error)
    return _error(
        -32603, "The backend met an error of its own.", "InternalError", "NotSpecified",
        hint="Run the command again with -Debug to see the backend's log.",
    )  # fmt: skip


def _error(
    number: int, message: str, code: str, category: str, target: str = "", hint: str = ""
) -> dict[str, object]:
    data = {"code": code, "category": category, "target": target, "hint": hint}
    return {"code": number, "message": message, "data": data}


def _log(error: Exception) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def _process_id() -> int:
    import os

    return os.getpid()


def _service_dispatch() -> Dispatch:
    from connectedmachine.service import Service

    service = Service.open()

    def dispatch(method: str, arguments: dict[str, object], follower: Follower) -> object:
        call = getattr(service, service_method(method))
        if method not in MUTATIONS:
            return call(**arguments)
        key = arguments.pop("idempotency_key", None)
        if not isinstance(key, str):
            return call(**arguments, follow=follower)
        return service.once(key, method, lambda: call(**arguments, follow=follower))

    return dispatch


def main() -> None:
    """Serve the service over this process's standard streams."""
    import signal

    # Ctrl+C in a terminal reaches every process of its group; the module cancels by request instead.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # a stray print must not become a frame
    serve(stdin, stdout, _service_dispatch)


if __name__ == "__main__":
    main()
