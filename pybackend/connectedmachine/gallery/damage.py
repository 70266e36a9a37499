"""Whether an unpacked folder still holds what its package brought."""

from __future__ import annotations

import zlib
from pathlib import Path

from connectedmachine.gallery.package import open_package
from connectedmachine.gallery.rules import Kind, UnpackLimits
from connectedmachine.model.errors import PackageError
from connectedmachine.model.manifest import MANIFEST_NAME, manifest_document

_CHUNK = 1 << 20


def is_intact(package: Path, folder: Path) -> bool:
    """Say whether every file of the package is in the folder with its length and checksum.

    Files that the handler added do not matter; nothing in the folder is trusted beyond that.

    Raises:
        PackageError: The package itself is damaged.
    """
    with package.open("rb") as file, open_package(file, package.name, UnpackLimits()) as opened:
        # The manifest is rewritten when it is unpacked, so what it says is compared.
        return _says_the_same(folder / MANIFEST_NAME, opened.manifest_bytes) and all(
            _is_same(folder.joinpath(*entry.path), entry.info.file_size, entry.info.CRC)
            for entry in opened.entries
            if entry.kind is Kind.FILE and entry is not opened.manifest
        )


def _says_the_same(path: Path, original: bytes) -> bool:
    try:
        if path.is_symlink():
            return False
        found = manifest_document(path.read_bytes(), str(path))
    except (OSError, PackageError):
        return False
    return found == manifest_document(original, str(path))


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
