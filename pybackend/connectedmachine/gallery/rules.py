"""Which zip entries may be unpacked, and where to (issue: gallery; handler contract 3.1 has no such rules).

Pure: from the entries of a central directory to a list of safe ones, or a refusal. The rules are the same
on every platform, so that a package that one machine accepts is accepted by all:

* a name is a relative path of plain components that Windows, macOS and Linux can all hold;
* no two names are the same, also without regard to case or Unicode composition, and nothing lies below a
  file or a link, so no write ever passes through a link;
* a link climbs only through its own real parent folders and then only descends. ``a/../b`` is refused even
  where it looks harmless: if ``a`` is a link, ``..`` leads elsewhere;
* no devices, FIFOs or sockets, nothing encrypted, no compression that needs unbounded memory.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

from connectedmachine.model.errors import PackageError
from connectedmachine.model.identity import is_device

LINK_BYTES = 1024
_NAME_BYTES = 1024
_COMPONENT_BYTES = 255
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UNPORTABLE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


@dataclass(frozen=True)
class UnpackLimits:
    """How much a package may hold: ``files`` entries of any kind, ``bytes`` unpacked."""

    files: int = 10_000
    bytes: int = 2 << 30


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


@dataclass(frozen=True)
class Entry:
    """A zip entry found safe. ``path`` is relative to the package's root; ``link`` a link's target."""

    info: ZipInfo
    path: tuple[str, ...]
    kind: Kind
    link: str = ""


def safe_entries(
    infos: Sequence[ZipInfo], read_link: Callable[[ZipInfo], bytes], limits: UnpackLimits, where: str
) -> list[Entry]:
    """Judge a package's entries.

    Args:
        infos: The central directory.
        read_link: Gives a link entry's content, its target, up to ``LINK_BYTES + 1`` bytes.
        limits: Declared sizes are judged here; real ones must be counted again while unpacking.
        where: What to call the package in errors.

    Raises:
        PackageError: ``PackageTooLarge`` or ``UnsafePackage``, naming the entry.
    """
    if len(infos) > limits.files:
        raise too_large(where, f"it holds more than {limits.files} files")
    if sum(info.file_size for info in infos) > limits.bytes:
        raise too_large(where, f"it unpacks to more than {limits.bytes} bytes")
    kinds: dict[tuple[str, ...], Kind] = {}
    entries: list[Entry] = []
    for info in infos:
        name = info.orig_filename
        path = _path(name, where)
        kind = _kind(info, where)
        if not path and kind is Kind.FOLDER:
            continue  # "./" itself
        key = tuple(unicodedata.normalize("NFC", part.casefold()) for part in path)
        if not path or key in kinds:
            raise unsafe(where, name, "is there twice" if path else "has no name")
        kinds[key] = kind
        link = _link(read_link(info), path, name, where) if kind is Kind.LINK else ""
        entries.append(Entry(info, path, kind, link))
    for key in kinds:
        for depth in range(1, len(key)):
            if kinds.get(key[:depth], Kind.FOLDER) is not Kind.FOLDER:
                raise unsafe(where, "/".join(key), "lies below a file or a link")
    return entries


def _path(name: str, where: str) -> tuple[str, ...]:
    if len(name.encode("utf-8", "surrogatepass")) > _NAME_BYTES:
        raise unsafe(where, name, "has a name that is too long")
    if name.startswith("/"):
        raise unsafe(where, name, "has an absolute path")
    if _UNPORTABLE.search(name):
        raise unsafe(where, name, "has a name with a backslash, a drive letter or an unportable character")
    parts = tuple(part for part in name.removesuffix("/").split("/") if part != ".")
    for part in parts:
        if part == "..":
            raise unsafe(where, name, "leads out of its folder")
        if not part or part.endswith((".", " ")):
            raise unsafe(where, name, "has a component that is empty or ends with a dot or a space")
        if len(part.encode("utf-8", "surrogatepass")) > _COMPONENT_BYTES:
            raise unsafe(where, name, "has a name that is too long")
        if is_device(part):
            raise unsafe(where, name, "has a name that Windows reserves for a device")
    return parts


def _kind(info: ZipInfo, where: str) -> Kind:
    name = info.orig_filename
    if info.flag_bits & _ENCRYPTED:
        raise unsafe(where, name, "is encrypted")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise unsafe(where, name, "is compressed by a method other than deflate")
    folder = name.endswith("/")
    unix_type = stat.S_IFMT(info.external_attr >> 16)
    if unix_type == stat.S_IFLNK and not folder:
        return Kind.LINK
    if folder and unix_type in (0, stat.S_IFDIR) and info.file_size == 0:
        return Kind.FOLDER
    if not folder and unix_type in (0, stat.S_IFREG):
        return Kind.FILE
    raise unsafe(where, name, "is neither a file nor a folder nor a link")


def _link(content: bytes, path: tuple[str, ...], name: str, where: str) -> str:
    try:
        target = content.decode()
    except UnicodeDecodeError:
        raise unsafe(where, name, "is a link to a name that is not UTF-8") from None
    if len(content) > LINK_BYTES or not target or target.startswith("/") or _UNPORTABLE.search(target):
        raise unsafe(where, name, "is a link with an absolute, unportable or empty target")
    parts = [part for part in target.removesuffix("/").split("/") if part != "."]
    climbs = 0
    while parts and parts[0] == "..":
        parts.pop(0)
        climbs += 1
    if climbs >= len(path) or ".." in parts:
        raise unsafe(where, name, "is a link that leaves the package")
    return target


def unsafe(where: str, name: str, why: str) -> PackageError:
    """The refusal of one entry."""
    shown = name[:200].encode("ascii", "backslashreplace").decode()
    return PackageError(
        "UnsafePackage",
        f"The package {where} was refused: its entry '{shown}' {why}.",
        target=where,
        hint="Ask the publisher for a package without such entries; nothing was unpacked.",
    )


def too_large(where: str, why: str) -> PackageError:
    """The refusal of a package for its size."""
    return PackageError(
        "PackageTooLarge",
        f"The package {where} was refused: {why}.",
        target=where,
        hint="Ask the publisher for a smaller package; nothing was unpacked.",
    )
