"""Zips written by hand, so that every field can lie: names, sizes, sums, offsets, flags, the directory."""

from __future__ import annotations

import json
import stat
import struct
import zlib
from dataclasses import dataclass
from random import Random

from fuzzing.mutating import damaged, json_input
from fuzzing.parsers import MANIFESTS

_MANIFEST = json.dumps([{"version": 1.0, "handlerManifest": {"enableCommand": "bin/enable.sh"}}]).encode()
_PARTS = (
    "a", "b", "A", "bin", "x.sh", "..", ".", "", "...", "c:", "C:", "x\\y", "..\\..", "con", "NUL.txt",
    "a ", "a.", "HandlerManifest.json", "handlermanifest.json", "\u00e9", "e\u0301", "\0", "a\0b", "~",
    "%2e%2e", "*", "x" * 300, "\u202e",
)  # fmt: skip
_MODES = (
    0, stat.S_IFREG | 0o644, stat.S_IFREG | 0o4777, stat.S_IFDIR | 0o755, stat.S_IFLNK | 0o777,
    stat.S_IFIFO | 0o644, stat.S_IFCHR | 0o644, stat.S_IFSOCK | 0o644, 0xF000,
)  # fmt: skip
_SIZES = (0, 1, 9, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)
_ZEROS = zlib.compress(bytes(1 << 20), wbits=-15)


@dataclass
class _Entry:
    """One entry: how it is stored, and what the directory says of it."""

    name: bytes
    stored: bytes
    size: int
    crc: int
    method: int = 8
    flags: int = 0x800
    mode: int = stat.S_IFREG | 0o644
    packed: int = -1
    local_name: bytes = b""
    offset: int = -1
    extra: bytes = b""


def package(random: Random, outside: str) -> bytes:
    """A package with hostile entries, lies and damage; ``outside`` is a path that nothing may write to."""
    entries = [_entry(random, outside) for _ in range(random.choice((0, 1, 1, 2, 3, 5)))]
    if random.random() < 0.9:
        manifest = json_input(random, MANIFESTS) if random.random() < 0.1 else _MANIFEST
        folder = random.choice(("", "", "", "a/", "b/c/"))
        entries.insert(random.randrange(len(entries) + 1), _file(f"{folder}HandlerManifest.json", manifest))
    if entries and random.random() < 0.15:
        entries.append(random.choice(entries))
    for entry in entries:
        if random.random() < 0.12:
            _lie(random, entry)
    data = _written(random, entries)
    return damaged(random, data) if random.random() < 0.2 else data


def _file(name: str, content: bytes) -> _Entry:
    packed = zlib.compress(content, 1, wbits=-15)
    return _Entry(name.encode("utf-8", "surrogatepass"), packed, len(content), zlib.crc32(content))


def _entry(random: Random, outside: str) -> _Entry:
    if random.random() < 0.6:
        name = "/".join(random.choice(("a", "bin", "x.sh", "d", "lib")) for _ in range(random.randint(1, 3)))
        name += str(random.randrange(3))
    else:
        name = "/".join(random.choice(_PARTS) for _ in range(random.randint(1, 4)))
        name = random.choice((name, name, name, f"/{name}", f"{name}/", outside, f"../{name}"))
    kind = random.random()
    if kind < 0.15:
        goal = random.choice(
            ("a", "../a", "../../x", outside, "/etc/passwd", "a/../..", "", "x" * 2000, "b/.", "\0")
        )
        entry = _file(name, goal.encode())
        entry.mode = stat.S_IFLNK | 0o777
    elif kind < 0.2:
        entry = _Entry(name.encode(), _ZEROS, 1 << 20, zlib.crc32(bytes(1 << 20)))
    elif kind < 0.3:
        content = random.randbytes(random.randrange(64))
        entry = _Entry(name.encode(), content, len(content), zlib.crc32(content), method=0)
    elif kind < 0.4:
        entry = _file(name.rstrip("/") + "/", b"")
        entry.mode = stat.S_IFDIR | 0o755
    else:
        entry = _file(name, bytes(random.randrange(256) for _ in range(4)) * random.randrange(40))
    return entry


def _lie(random: Random, entry: _Entry) -> None:
    match random.randrange(9):
        case 0:
            entry.size = random.choice(_SIZES)
        case 1:
            entry.packed = random.choice(_SIZES)
        case 2:
            entry.crc ^= 1
        case 3:
            entry.flags ^= random.choice((1, 8, 0x20, 0x40, 0x800, 0x2000))
        case 4:
            entry.method = random.choice((0, 8, 9, 12, 14, 93, 95, 99, 0xFFFF))
        case 5:
            entry.mode = random.choice(_MODES)
        case 6:
            entry.local_name = random.choice((b"../x", b"other", b"/x", entry.name.upper()))
        case 7:
            entry.offset = random.choice((0, 1, 30, *_SIZES))
        case 8:
            # Zip64 sizes that contradict or overflow; the fields that send a reader there are set as well.
            values = [random.choice((0, 9, 1 << 40, (1 << 64) - 1)) for _ in range(random.randrange(4))]
            entry.extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)
            entry.size = random.choice((entry.size, 0xFFFFFFFF))
            entry.offset = random.choice((entry.offset, 0xFFFFFFFF))


def _written(random: Random, entries: list[_Entry]) -> bytes:
    body, directory = bytearray(), bytearray()
    for entry in entries:
        packed = len(entry.stored) if entry.packed < 0 else entry.packed
        offset = len(body) if entry.offset < 0 else entry.offset
        common = struct.pack("<4HLLL", entry.flags, entry.method, 0, 0x21, entry.crc, packed, entry.size)
        local = entry.local_name or entry.name
        body += (
            b"PK\3\4"
            + struct.pack("<H", 20)
            + common
            + struct.pack("<HH", len(local), 0)
            + local
            + entry.stored
        )
        directory += b"PK\1\2" + struct.pack("<HH", 0x0314, 20) + common
        directory += struct.pack(
            "<5HLL", len(entry.name), len(entry.extra), 0, 0, 0, entry.mode << 16, offset
        )
        directory += entry.name + entry.extra
    count, size, start = len(entries), len(directory), len(body)
    if random.random() < 0.05:
        count = random.choice((0, count + 1, 0xFFFF))
    if random.random() < 0.03:
        size = random.choice(_SIZES)
    if random.random() < 0.03:
        start = random.choice(_SIZES)
    locator = b""
    if random.random() < 0.04:
        lie = random.choice((0, 1, size, 1 << 40, (1 << 64) - 1))
        locator = b"PK\6\6" + struct.pack("<QHHLLQQQQ", 44, 45, 45, 0, 0, count, count, lie, start)
        locator += b"PK\6\7" + struct.pack("<LQL", 0, len(body) + len(directory), 1)
    comment = random.choice((b"", b"", b"", b"x" * 20, b"PK\5\6"))
    end = b"PK\5\6" + struct.pack("<4HLLH", 0, 0, count, count, size, start, len(comment)) + comment
    prefix = b"#!/bin/sh\n" if random.random() < 0.03 else b""
    return prefix + bytes(body) + bytes(directory) + locator + end
