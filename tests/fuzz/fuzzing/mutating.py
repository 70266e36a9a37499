"""From good documents to bad ones: by their structure first, then by their bytes.

All is drawn from the ``Random`` that is given, so an input is known by its seed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from random import Random

Json = object

_TEXTS = (
    "", "true", "TRUE", "ready", "success", "error", "warning", "1012", "-1", "../../x", "/bin/sh -c x",
    "UpdateWithoutInstall", "\0", "\ud800", "\udfff\ud800", "\N{SNOWMAN}", "e\u0301", "\ufeff", "\u202e",
    "?sig=abc&x", "Bearer " + "a" * 30, "a" * 5000, "$(reboot)", "%s%n", "{}", "[]", "null",
)  # fmt: skip
_NUMBERS = (
    0, -1, 1, 5, 1.5, -0.0, 1e308, 2**31, 2**63, 2**64 + 1, -(2**70), float("nan"), float("inf"), 10**400,
)  # fmt: skip


def value(random: Random, depth: int = 0) -> Json:
    """Any JSON value, mostly a small one."""
    kind = random.randrange(12 if depth < 4 else 8)
    if kind < 4:
        return random.choice(_TEXTS)
    if kind < 6:
        return random.choice(_NUMBERS)
    if kind < 8:
        return random.choice((None, True, False))
    size = random.randrange(4)
    if kind < 10:
        return [value(random, depth + 1) for _ in range(size)]
    return {random.choice(_TEXTS): value(random, depth + 1) for _ in range(size)}


def document(random: Random, samples: Sequence[Json]) -> Json:
    """One of ``samples`` with some of its parts changed, or now and then anything."""
    if random.random() < 0.05:
        return value(random)
    box: list[Json] = [copy.deepcopy(random.choice(samples))]
    for _ in range(random.choice((0, 1, 1, 1, 2, 3, 6))):
        _change_a_part(random, box)
    return box[0]


def _change_a_part(random: Random, box: list[Json]) -> None:
    parts: list[tuple[list[Json] | dict[str, Json], int | str]] = []
    left: list[Json] = [box]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            parts += [(node, key) for key in node]
            left += node.values()
        elif isinstance(node, list):
            parts += [(node, index) for index in range(len(node))]
            left += node
    holder, key = random.choice(parts)
    old = holder[key]  # type: ignore[index]
    action = random.randrange(6)
    if action == 0 and holder is not box:
        del holder[key]  # type: ignore[arg-type]
    elif action == 1:
        holder[key] = random.choice(([old], {"x": old}, [old, old], [], {}))  # type: ignore[index]
    elif action == 2 and isinstance(holder, dict):
        holder[random.choice((*holder, *_TEXTS))] = value(random)
    elif action == 3 and isinstance(holder, dict) and isinstance(key, str):
        holder[random.choice((key.upper(), key.lower(), key + " "))] = holder.pop(key)
    else:
        holder[key] = value(random)  # type: ignore[index]


def encoded(random: Random, content: Json) -> bytes:
    """``content`` as some writer of JSON would have it."""
    text = json.dumps(content, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 2)))
    encoding = random.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"))
    return text.encode(encoding, "surrogatepass")


def damaged(random: Random, data: bytes) -> bytes:
    """``data`` with some of its bytes changed."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        random.choice(_DAMAGES)(random, changed)
    return bytes(changed)


def _place(random: Random, data: bytearray) -> int:
    return random.randrange(len(data) + 1)


def _flip(random: Random, data: bytearray) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(random: Random, data: bytearray) -> None:
    place = _place(random, data)
    piece = random.choice(
        (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff", b"\x7f", b"[", b'"', b"\xed\xa0\x80")
    )
    data[place : place + len(piece)] = piece


def _insert(random: Random, data: bytearray) -> None:
    place = _place(random, data)
    data[place:place] = random.choice(
        (random.randbytes(3), b"\0", b"{", b"[" * 2000, b"9" * 5000, b'"\\ud800"')
    )


def _cut(random: Random, data: bytearray) -> None:
    place = _place(random, data)
    del data[place : place + random.choice((1, 2, 8, 64, len(data)))]


def _repeat(random: Random, data: bytearray) -> None:
    place, end = sorted((_place(random, data), _place(random, data)))
    data[end:end] = data[place : min(end, place + 256)]


_DAMAGES: tuple[Callable[[Random, bytearray], None], ...] = (_flip, _flip, _overwrite, _insert, _cut, _repeat)


def json_input(random: Random, samples: Sequence[Json]) -> bytes:
    """A file that should hold one of ``samples``, and does so more or less."""
    data = encoded(random, document(random, samples))
    return damaged(random, data) if random.random() < 0.4 else data
