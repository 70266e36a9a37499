"""A handler's heartbeat file (handler contract 1.7): what it says, and how old it is.

Whatever is wrong with the file makes this one handler not ready, and stops no other's report. What an old
one means is not judged here but in ``upgrade.health``. Who looks again and again has each file age by
elapsed time from the first look on: a clock that is set meanwhile makes none late, and keeps none fresh.
"""

from __future__ import annotations

from pathlib import Path

from connectedmachine.handler._files import read_regular
from connectedmachine.handler._report import clean, code_of, parse
from connectedmachine.model.clock import Clock
from connectedmachine.model.handler import Heartbeat

INVALID_HEARTBEAT = "-1"
_READ_BYTES = 64 * 1024
_MESSAGE = 1024


class Heartbeats:
    """Reads heartbeats, and remembers when it first saw each."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[Path, tuple[int, float, float]] = {}

    def read(self, path: Path) -> Heartbeat | None:
        """Read a heartbeat; ``None`` when there is none; never raises."""
        try:
            content = read_regular(path, _READ_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"The heartbeat cannot be read: {error.strerror}."
            return Heartbeat(False, INVALID_HEARTBEAT, message, 0.0)
        return parse_heartbeat(content.data, self._age(path, content.modified_ns))

    def _age(self, path: Path, modified_ns: int) -> float:
        monotonic = self._clock.monotonic()
        seen = self._seen.get(path)
        if seen is None or seen[0] != modified_ns:
            # A time ahead of the clock says that the clock was set, not that the handler is gone.
            age = max(0.0, self._clock.now().timestamp() - modified_ns / 1e9)
            seen = self._seen[path] = (modified_ns, age, monotonic)
        return seen[1] + monotonic - seen[2]


def parse_heartbeat(data: bytes, age: float) -> Heartbeat:
    """Judge the bytes of a heartbeat file that is ``age`` seconds old; never raises."""

    def invalid(why: str) -> Heartbeat:
        return Heartbeat(False, INVALID_HEARTBEAT, f"The heartbeat {why}.", age)

    try:
        document = parse(data)
    except ValueError:
        return invalid("is not JSON")
    first = document[0] if isinstance(document, list) and document else None
    heartbeat = first.get("heartbeat") if isinstance(first, dict) else None
    if not isinstance(heartbeat, dict):
        return invalid("is not an array with one heartbeat object")
    status = heartbeat.get("status")
    if not isinstance(status, str):
        return invalid("has no status")
    code = code_of(heartbeat.get("code"))
    if code is None:
        return invalid("has a code that is neither number nor text")
    message = _message(heartbeat) or clean(status)[:_MESSAGE]
    return Heartbeat(status.lower() == "ready", code, message, age)


def _message(heartbeat: dict[str, object]) -> str:
    """The agent knows ``formattedMessage``, the published design ``Message``: handlers follow either."""
    for key in ("formattedMessage", "Message"):
        value = heartbeat.get(key)
        text = value.get("message") if isinstance(value, dict) else value
        if isinstance(text, str):
            return clean(text)[:_MESSAGE]
    return ""
