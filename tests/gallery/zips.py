"""Zips that no packaging tool would make, for the tests of this folder."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

MANIFEST = json.dumps([{"version": 1.0, "handlerManifest": {"enableCommand": "bin/enable.sh"}}]).encode()

FILE = stat.S_IFREG | 0o644
FOLDER = stat.S_IFDIR | 0o755
LINK = stat.S_IFLNK | 0o777


@dataclass(frozen=True)
class Item:
    """One entry as it is to stand in the zip; ``mode`` 0 is what tools on Windows write."""

    name: str
    content: bytes = b""
    mode: int = FILE
    compression: int = ZIP_DEFLATED


def link(name: str, target: str) -> Item:
    return Item(name, target.encode(), LINK)


def write_zip(path: Path, items: Sequence[Item], manifest: bytes | None = MANIFEST) -> Path:
    """Write ``items`` in order, after a manifest at the root unless it is ``None``."""
    if manifest is not None:
        items = [Item("HandlerManifest.json", manifest), *items]
    with ZipFile(path, "w") as archive:
        for item in items:
            info = ZipInfo(item.name, (2025, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = item.mode << 16
            info.compress_type = item.compression
            archive.writestr(info, item.content)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path within it."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink()
    }
