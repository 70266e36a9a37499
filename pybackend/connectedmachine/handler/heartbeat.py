"""A handler's heartbeat file (handler contract 1.7): ready only if it says so and is at most 600 s old.

Whatever is wrong with the file makes this one handler not ready, and stops no other's report.
"""

from __future__ import annotations

from pathlib import Path

from connectedmachine.handler._files import read_regular
from connectedmachine.handler._report import clean, parse
from connectedmachine.model.handler import Heartbeat

FRESH_SECONDS = 600.0
_READ_BYTES = 64 * 1024
_MESSAGE = 1024


def read_heartbeat(path: Path, now: float) -> Heartbeat | None:
    """Read a heartbeat; ``None`` when there is none; never raises.

    Args:
        path: The file.
        now: Seconds since the epoch.
    """
    try:
        content = read_regular(path, _READ_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Heartbeat(False, f"The heartbeat cannot be read: {error.strerror}.", 0.0)
    # A modification time ahead of the clock says that the clock was set, not that the handler is gone.
    return parse_heartbeat(content.data, max(0.0, now - content.modified_ns / 1e9))


def parse_heartbeat(data: bytes, age: float) -> Heartbeat:
    """Judge the bytes of a heartbeat file that is ``age`` seconds old; never raises."""
    if age > FRESH_SECONDS:
        return Heartbeat(False, f"The last heartbeat is {age:.0f} s old.", age)
    try:
        document = parse(data)
    except ValueError:
        return Heartbeat(False, "The heartbeat is not JSON.", age)
    first = document[0] if isinstance(document, list) and document else None
    heartbeat = first.get("heartbeat") if isinstance(first, dict) else None
    if not isinstance(heartbeat, dict):
        return Heartbeat(False, "The heartbeat is not an array with one heartbeat object.", age)
    status = heartbeat.get("status")
    if not isinstance(status, str):
        return Heartbeat(False, "The heartbeat has no status.", age)
    return Heartbeat(status.lower() == "ready", _message(heartbeat) or clean(status[:_MESSAGE]), age)


def _message(heartbeat: dict[str, object]) -> str:
    for key in ("formattedMessage", "Message"):
        value = heartbeat.get(key)
        text = value.get("message") if isinstance(value, dict) else value
        if isinstance(text, str):
            return clean(text[:_MESSAGE])
    return ""
