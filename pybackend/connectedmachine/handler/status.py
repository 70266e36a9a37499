"""What a handler reports of an extension in ``status/[<extension>.]<sequence>.status`` (contract 1.6).

Only element 0 counts. Whatever is wrong with the file becomes an error of this handler and of no other.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from connectedmachine.handler._files import read_regular, sync_regular
from connectedmachine.handler._report import clean, code_of, parse, text_of
from connectedmachine.handler.layout import file_stem
from connectedmachine.model.handler import HandlerStatus, StatusKind, Substatus

INVALID_STATUS = "1012"
UNREADABLE = "-1"

# What Azure's agent keeps of a file larger than this; a file larger than the second is not read at all.
_LARGE_BYTES = 128 * 1024
_READ_BYTES = 4 * 1024 * 1024
_LARGE_MESSAGE = 1024
_LARGE_PART = 10 * 1024
_ECHOED_BYTES = 2000
_NUMBER_BYTES = 64
# Of one part in the aggregate document: its keys, its status and code.
_PART_OVERHEAD = 128
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

    ``HandlerStatus.is_current`` tells the two apart. It may be another version's, carried here a moment ago.
    A handler whose ``mrseq`` has reached the number will end its enable at once and report nothing more on it
    (handler contract 1.5; CustomScript does so at each upgrade): what it said last goes on counting.
    """
    path = status_file(folder, sequence, extension)
    if path.is_file() and not path.is_symlink():
        done = extension is None and _most_recent(folder) >= sequence
        os.utime(path, None if done else (0, 0))


def keep_status(folder: Path, sequence: int, extension: str | None = None) -> None:
    """Make what a handler has reported survive a loss of power, if it reported anything.

    Few handlers see to that, and most report once, at the end of their enable: a good version that lost its
    status in the health window would be taken for one that never became healthy.
    """
    with suppress(OSError):  # its enable has ended, and this does not change how
        sync_regular(status_file(folder, sequence, extension))


def _most_recent(folder: Path) -> int:
    """The number that the handler notes as begun, -1 for none."""
    try:
        return int(read_regular(folder / "mrseq", _NUMBER_BYTES).data)
    except (OSError, ValueError):
        return -1


def parse_status(data: bytes, written: float) -> HandlerStatus:
    """Judge the bytes of a status file; never raises.

    Args:
        data: The file.
        written: Its modification time, seconds since the epoch.
    """
    try:
        document = parse(data)
    except ValueError:
        echo = clean(data[:_ECHOED_BYTES].decode("utf-8", "backslashreplace"))
        message = f"The status file is not JSON. It begins: {echo}"
        return HandlerStatus(StatusKind.ERROR, INVALID_STATUS, message, written)
    try:
        status = _judge(document, written)
    except _InvalidStatusError as error:
        return HandlerStatus(
            StatusKind.ERROR, INVALID_STATUS, f"The status file is invalid: {error}.", written
        )
    return status if len(data) <= _LARGE_BYTES else _shortened(status)


def _judge(document: object, written: float) -> HandlerStatus:
    if document is None or document == []:
        message = "The handler's status file holds no status."
        return HandlerStatus(StatusKind.TRANSITIONING, "0", message, written)
    if not isinstance(document, list):
        raise _InvalidStatusError("it is not an array")
    status = _object(_object(document[0], "its first element").get("status"), "'status'")
    if "status" not in status:
        raise _InvalidStatusError("'status.status' is missing")
    substatus = _substatus(status.get("substatus"))
    message = _message(status.get("formattedMessage"), "'status.formattedMessage'")
    code = _code(status.get("code"), "'status'")
    try:
        kind = StatusKind(str(status["status"]))
    except ValueError:
        kind = StatusKind.ERROR
    return HandlerStatus(
        kind,
        code,
        message,
        written,
        text_of(status.get("name")),
        text_of(status.get("operation")),
        text_of(status.get("configurationAppliedTime")),
        substatus,
    )


def _substatus(items: object) -> tuple[Substatus, ...]:
    if items is None:
        return ()
    if not isinstance(items, list):
        raise _InvalidStatusError("'status.substatus' is not an array")
    found = []
    for index, item in enumerate(items):
        if item is None:
            continue
        where = f"'status.substatus[{index}]'"
        part = _object(item, where)
        kind = part.get("status")
        if not isinstance(kind, str) or kind not in list(StatusKind):
            raise _InvalidStatusError(f"{where} has no known status")
        message = _message(part.get("formattedMessage"), f"{where}.formattedMessage")
        code = _code(part.get("code"), where)
        found.append(Substatus(text_of(part.get("name")), StatusKind(kind), code, message))
    return tuple(found)


def _shortened(status: HandlerStatus) -> HandlerStatus:
    """What Azure's agent keeps of a large file: a short message, and parts until the limit is reached."""
    kept: list[Substatus] = []
    room = _LARGE_BYTES
    for part in status.substatus:
        short = replace(part, name=_cut(part.name, _LARGE_PART), message=_cut(part.message, _LARGE_PART))
        room -= len(short.name.encode()) + len(short.message.encode()) + _PART_OVERHEAD
        if room < 0:
            break
        kept.append(short)
    return replace(
        status,
        message=_cut(status.message, _LARGE_MESSAGE),
        name=_cut(status.name, _LARGE_MESSAGE),
        operation=_cut(status.operation, _LARGE_MESSAGE),
        applied=_cut(status.applied, _LARGE_MESSAGE),
        substatus=tuple(kept),
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + _TRUNCATED


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
    if message is not None and not isinstance(message, str):
        raise _InvalidStatusError(f"{where} has a message that is not text")
    return text_of(message)


def _code(value: object, where: str) -> str:
    code = code_of(value)
    if code is None:
        raise _InvalidStatusError(f"{where} has a code that is neither number nor text")
    return code


def _modified(path: Path) -> float | None:
    try:
        return path.lstat().st_mtime
    except OSError:
        return None
