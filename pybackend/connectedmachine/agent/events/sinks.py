"""Hands one event to one sink."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from connectedmachine.model.errors import RunnerError
from connectedmachine.model.event import FAILURES, EventKind, Sink, SinkKind

if sys.platform == "win32":
    from connectedmachine.agent.events import _os_log_windows as _os_log

    _FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    from connectedmachine.agent.events import _os_log_posix as _os_log

    _FLAGS = 0


def send(home: Path, sink: Sink, body: str) -> None:
    """Hand an event, as JSON text, to a sink.

    Raises:
        RunnerError: ``EventNotDelivered``.
        StoreError: ``SecretUnreadable``.
    """
    match sink.kind:
        case SinkKind.OS_LOG:
            _log(sink, body)
        case SinkKind.COMMAND:
            _run(sink, body)
        case SinkKind.WEBHOOK:
            _post(home, sink, body)


def secret_owner(name: str) -> str:
    """Whose secret it is that a sink has."""
    return f"event-sink/{name}"


def _failed(sink: Sink, why: str) -> RunnerError:
    return RunnerError(
        "EventNotDelivered",
        f"Sink '{sink.name}' did not take it: {why}.",
        target=sink.name,
        hint="Mend the sink, or add it again; events are kept for it for three days.",
    )


def _log(sink: Sink, body: str) -> None:
    event = json.loads(body)
    words = [event["event"], *event["extensions"], "on", event["machine"], event["message"]]
    try:
        _os_log.write(f"{' '.join(map(str, words))} {body}", is_failure=EventKind(event["event"]) in FAILURES)
    except OSError as error:
        raise _failed(sink, f"the log of the system cannot be written, {error.strerror or error}") from error


def _run(sink: Sink, body: str) -> None:
    try:
        process = subprocess.Popen(
            sink.target,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(sys.executable).anchor,
            start_new_session=True,
            creationflags=_FLAGS,
        )
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise _failed(sink, f"the command cannot be started, {why}") from error
    with process:
        try:
            process.communicate(body.encode(), timeout=sink.timeout)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise _failed(sink, f"the command did not end within {sink.timeout:g} s") from error
    if process.returncode:
        raise _failed(sink, f"the command ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        import psutil

        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _post(home: Path, sink: Sink, body: str) -> None:
    import http.client
    import urllib.error
    import urllib.request

    class Refused(urllib.request.HTTPRedirectHandler):
        """To follow would turn the event into a GET, and hand the secret to whoever is named."""

        def redirect_request(self, *_: object, **__: object) -> None:
            return None

    request = urllib.request.Request(  # noqa: S310 # the service lets http and https through only
        sink.target[0],
        body.encode(),
        {"Content-Type": "application/json", "User-Agent": "Az.ConnectedMachineLite"},
        method="POST",
    )
    if sink.secret is not None:
        from connectedmachine.store.secrets import Secrets

        request.add_header(sink.header, Secrets(home).decrypt(sink.secret, secret_owner(sink.name)))
    try:
        with urllib.request.build_opener(Refused).open(request, timeout=sink.timeout):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        raise _failed(sink, f"the webhook answered {error.code}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        raise _failed(sink, f"the webhook did not answer, {why}") from error
