"""Whether an unpacked folder still holds what its package brought."""

from __future__ import annotations

import zlib
from pathlib import Path

from connectedmachine.gallery.package import open_package
from connectedmachine.gallery.rules import Kind, UnpackLimits

_CHUNK = 1 << 20


def is_intact(package: Path, folder: Path) -> bool:
    """Say whether every file of the package is in the folder with its length and checksum.

    Files that the handler added do not matter; nothing in the folder is trusted beyond that.

    Raises:
        PackageError: The package itself is damaged.
    """
    with package.open("rb") as file, open_package(file, package.name, UnpackLimits()) as opened:
        manifest = opened.manifest
        return all(
            _is_same(folder.joinpath(*entry.path), entry.info.file_size, entry.info.CRC)
            for entry in opened.entries
            # The manifest is rewritten when it is unpacked.
            if entry.kind is Kind.FILE and entry is not manifest
        )


def _is_same(path: Path, length: int, checksum: int) -> bool:
    try:
        if path.is_symlink() or path.stat().st_size != length:
            return False
        found = 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found = zlib.crc32(chunk, found)
    except OSError:
        return False
    return found == checksum
