"""What a handler reports of an extension in ``status/[<extension>.]<sequence>.status`` (contract 1.6).

Only element 0 counts. Whatever is wrong with the file becomes an error of this handler and of no other.
"""

from __future__ import annotations

import os
from pathlib import Path

from connectedmachine.handler._files import read_regular
from connectedmachine.handler._report import clean, parse
from connectedmachine.handler.layout import file_stem
from connectedmachine.model.handler import HandlerStatus, StatusKind

INVALID_STATUS = "1012"
UNREADABLE = "-1"

# What Azure's agent keeps of a file larger than this; a file larger than the second is not read at all.
_LARGE_BYTES = 128 * 1024
_READ_BYTES = 4 * 1024 * 1024
_LARGE_MESSAGE = 1024
_ECHOED_BYTES = 2000
_CODE = 64
_TRUNCATED = " [truncated]"


class _InvalidStatusError(Exception):
    """The file breaks a rule; the text says which."""


def status_file(folder: Path, sequence: int, extension: str | None = None) -> Path:
    """Where a version reports on the settings of that number, of one extension where it may have several."""
    return folder / "status" / f"{file_stem(extension, sequence)}.status"


def read_status(folder: Path, sequence: int, extension: str | None = None) -> HandlerStatus:
    """Read what the version in ``folder`` reports on the settings numbered ``sequence``; never raises."""
    path = status_file(folder, sequence, extension)
    try:
        content = read_regular(path, _READ_BYTES)
    except FileNotFoundError:
        return HandlerStatus(
            StatusKind.TRANSITIONING, "0", "The handler has not reported a status yet.", None
        )
    except OSError as error:
        message = f"The status file '{path.name}' cannot be read: {error.strerror}."
        return HandlerStatus(StatusKind.ERROR, UNREADABLE, clean(message), _modified(path))
    return parse_status(content.data, content.modified_ns / 1e9)


def age_status(folder: Path, sequence: int, extension: str | None = None) -> None:
    """Give a status that lies there the oldest time there is, so that it never passes for a later report.

    It may be another version's, carried here a moment ago, and file times are compared with some tolerance.
    """
    path = status_file(folder, sequence, extension)
    if path.is_file() and not path.is_symlink():
        os.utime(path, (0, 0))


def parse_status(data: bytes, written: float) -> HandlerStatus:
    """Judge the bytes of a status file; never raises.

    Args:
        data: The file.
        written: Its modification time, seconds since the epoch.
    """
    try:
        document = parse(data)
    except ValueError:
        echo = data[:_ECHOED_BYTES].decode("utf-8", "backslashreplace")
        return HandlerStatus(
            StatusKind.ERROR, INVALID_STATUS, f"The status file is not JSON. It begins: {echo}", written
        )
    try:
        kind, code, message = _judge(document)
    except _InvalidStatusError as error:
        return HandlerStatus(
            StatusKind.ERROR, INVALID_STATUS, f"The status file is invalid: {error}.", written
        )
    if len(data) > _LARGE_BYTES and len(message) > _LARGE_MESSAGE:
        message = message[:_LARGE_MESSAGE] + _TRUNCATED
    return HandlerStatus(kind, clean(code), clean(message), written)


def _judge(document: object) -> tuple[StatusKind, str, str]:
    if document is None or document == []:
        return StatusKind.TRANSITIONING, "0", "The handler's status file holds no status."
    if not isinstance(document, list):
        raise _InvalidStatusError("it is not an array")
    status = _object(_object(document[0], "its first element").get("status"), "'status'")
    if "status" not in status:
        raise _InvalidStatusError("'status.status' is missing")
    _check_substatus(status.get("substatus"))
    message = _message(status.get("formattedMessage"), "'status.formattedMessage'")
    code = _code(status.get("code"))
    try:
        kind = StatusKind(str(status["status"]))
    except ValueError:
        kind = StatusKind.ERROR
    return kind, code, message


def _check_substatus(items: object) -> None:
    if items is None:
        return
    if not isinstance(items, list):
        raise _InvalidStatusError("'status.substatus' is not an array")
    for index, item in enumerate(items):
        if item is None:
            continue
        where = f"'status.substatus[{index}]'"
        substatus = _object(item, where)
        if substatus.get("status") not in list(StatusKind):
            raise _InvalidStatusError(f"{where} has no known status")
        _message(substatus.get("formattedMessage"), f"{where}.formattedMessage")


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _InvalidStatusError(f"{where} is not an object")
    return value


def _message(formatted: object, where: str) -> str:
    if formatted is None:
        return ""
    parts = _object(formatted, where)
    if "lang" not in parts or "message" not in parts:
        raise _InvalidStatusError(f"{where} has no 'lang' or no 'message'")
    message = parts["message"]
    if message is None:
        return ""
    if not isinstance(message, str):
        raise _InvalidStatusError(f"{where} has a message that is not text")
    return message


def _code(value: object) -> str:
    """Handlers write ``0``, ``"0"`` and negatives; all are passed on as they are."""
    if value is None:
        return "0"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _InvalidStatusError("'status.code' is neither number nor text")
    return str(value)[:_CODE]


def _modified(path: Path) -> float | None:
    try:
        return path.lstat().st_mtime
    except OSError:
        return None
