"""What people write on a command line, read into values: durations, booleans, JSON, tags.

The spellings are those of ``az`` (REST reference, section 7.2) and of .NET time spans. A text that is none
of them is an ``ArgumentTypeError``, to which argparse adds the name of the option. Messages never repeat a
JSON text: it may be protected settings.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from pathlib import Path

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_DECIMAL = re.compile(_NUMBER, re.ASCII)
_SHORT = re.compile(rf"(?=.)(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?", re.ASCII)
_ISO = re.compile(rf"P(?=.)(?:{_NUMBER}D)?(?:T(?=.)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII)
_TIME_SPAN = re.compile(r"(?:(\d{1,5})\.)?([01]?\d|2[0-3]):([0-5]\d):([0-5]\d(?:\.\d{1,7})?)", re.ASCII)
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0)

_TRUE = frozenset({"1", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "n", "no"})

TAKEN_BACK = "default"
"""Given for a policy value, it takes the value back, so that the level above says it."""


def duration(text: str) -> float:
    """Seconds of ``5s``, ``1h30m``, ``3d``, ``PT5M``, ``00:05:00``, ``3.00:00:00``, and of ``0``."""
    if text == "0":
        return 0.0
    match = _SHORT.fullmatch(text) or _ISO.fullmatch(text.upper()) or _TIME_SPAN.fullmatch(text)
    if match is None:
        raise ArgumentTypeError(f"'{text}' is not a duration, such as 5s, 5m, 3d, PT5M or 00:05:00")
    return sum(unit * float(part) for unit, part in zip(_UNITS, match.groups(), strict=True) if part)


def duration_or_default(text: str) -> float | None:
    """As ``duration``; ``None`` for the word ``default``."""
    return None if text == TAKEN_BACK else duration(text)


def number_or_default(text: str) -> float | None:
    """A number; ``None`` for the word ``default``. Whether it may be is said by whom it is for."""
    if text == TAKEN_BACK:
        return None
    if _DECIMAL.fullmatch(text) is None:
        raise ArgumentTypeError(f"'{text}' is not a number, such as 2 or 0.5")
    return float(text)


def boolean_or_default(text: str) -> bool | None:
    """As ``boolean``; ``None`` for the word ``default``."""
    return None if text == TAKEN_BACK else boolean(text)


def text_or_default(text: str) -> str | None:
    """The text itself; ``None`` for the word ``default``."""
    return None if text == TAKEN_BACK else text


def boolean(text: str) -> bool:
    """``true`` of ``true``, ``t``, ``yes``, ``y``, ``1``; ``false`` of their opposites; case is ignored."""
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise ArgumentTypeError(f"'{text}' is neither true nor false")
    return word in _TRUE


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A reader of whole numbers within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not lowest <= int(text[:20]) <= highest:
            raise ArgumentTypeError(f"'{text}' is not a number from {lowest} to {highest}")
        return int(text)

    return read


def json_object(text: str) -> str:
    """The JSON text of an object, or ``null``, as it was written; ``@FILE`` reads it, ``@-`` from stdin."""
    written = content(text[1:]) if text.startswith("@") else text
    try:
        value = json.loads(written)
    except (ValueError, RecursionError):
        raise ArgumentTypeError("this is not JSON; give an object, or @FILE to read one") from None
    if value is not None and not isinstance(value, dict):
        raise ArgumentTypeError("this is not a JSON object")
    return written


def secret(text: str) -> str:
    """The text itself; ``@FILE`` reads it, ``@-`` from stdin, without the line's end."""
    return content(text[1:]).rstrip("\r\n") if text.startswith("@") else text


def tags(words: Sequence[str]) -> dict[str, str]:
    """Tags of ``key=value`` words, or of one JSON object or ``@FILE``; nothing or ``""`` is no tags."""
    if len(words) == 1 and words[0].startswith(("{", "@")):
        found = json.loads(json_object(words[0])) or {}
        if not all(isinstance(value, str) for value in found.values()):
            raise ArgumentTypeError("each tag has a text as its value")
        return dict(found)
    pairs = [word.partition("=") for word in words if word]
    if not all(key for key, _, _ in pairs):
        raise ArgumentTypeError("a tag is written as key=value")
    return {key: value for key, _, value in pairs}


def content(name: str) -> str:
    """The text of a file, or of standard input for ``-``."""
    if name == "-":
        return "" if sys.stdin is None else sys.stdin.read()
    try:
        return Path(name).read_text("utf-8-sig")
    except OSError as error:
        raise ArgumentTypeError(f"'{name}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ArgumentTypeError(f"'{name}' is not UTF-8 text") from error
