"""User JSON as text: settings are kept as they were written, so that no number loses a digit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from json.decoder import JSONDecoder

from connectedmachine.model.errors import InvalidRequestError

_BLANK = " \t\n\r"


def members(text: str) -> dict[str, str]:
    """The members of a JSON object, each value as the text that stands in ``text``.

    Raises:
        InvalidRequestError: ``InvalidRequestContent`` when it is no JSON object or names a key twice.
    """
    with _refusing("object"):
        return _members(text)


def items(text: str) -> list[str]:
    """The items of a JSON array, each as the text that stands in ``text``.

    Raises:
        InvalidRequestError: ``InvalidRequestContent`` when it is no JSON array.
    """
    with _refusing("array"):
        return _items(text)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, IndexError, RecursionError) as error:
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"The request body is not a JSON {what}: {error}.",
            target="body",
            hint=f"Send one JSON {what}.",
        ) from error


def _members(text: str) -> dict[str, str]:
    decoder = JSONDecoder(parse_constant=_refuse)
    found: dict[str, str] = {}
    at = _skip(text, 0)
    at = _skip(text, _expect(text, at, "{"))
    if text[at] != "}":
        while True:
            _expect(text, at, '"')
            key, at = decoder.raw_decode(text, at)
            if key in found:
                raise ValueError(f"'{key}' stands twice")
            begin = _skip(text, _expect(text, _skip(text, at), ":"))
            _, at = decoder.raw_decode(text, begin)
            found[key] = text[begin:at]
            at = _skip(text, at)
            if text[at] == "}":
                break
            at = _skip(text, _expect(text, at, ","))
    _expect_end(text, at + 1)
    return found


def _items(text: str) -> list[str]:
    decoder = JSONDecoder(parse_constant=_refuse)
    found: list[str] = []
    at = _skip(text, 0)
    at = _skip(text, _expect(text, at, "["))
    if text[at] != "]":
        while True:
            begin = at
            _, at = decoder.raw_decode(text, begin)
            found.append(text[begin:at])
            at = _skip(text, at)
            if text[at] == "]":
                break
            at = _skip(text, _expect(text, at, ","))
    _expect_end(text, at + 1)
    return found


def _expect_end(text: str, at: int) -> None:
    if _skip(text, at) != len(text):
        raise ValueError("something follows it")


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _expect(text: str, at: int, character: str) -> int:
    if text[at] != character:
        raise ValueError(f"'{character}' is missing at position {at}")
    return at + 1


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def same(one: str | None, other: str | None) -> bool:
    """Say whether two texts mean the same JSON; a number is as it was written, so 1.10 is not 1.1."""
    if one is None or other is None:
        return one is other
    return one == other or _meaning(one) == _meaning(other)


def _meaning(text: str) -> object:
    # A tuple, which no JSON text gives: to Python, 1 is 1.0 and also True.
    meaning: object = json.loads(text, parse_int=_number, parse_float=_number)
    return meaning


def _number(text: str) -> tuple[str]:
    return (text,)
