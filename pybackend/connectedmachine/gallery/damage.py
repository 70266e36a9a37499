"""Whether an unpacked folder still holds what its package brought.

What a package brings is a list of names, lengths and checksums. It is kept apart from package and folder, so
that a folder can be found whole when the package is gone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path

from connectedmachine.gallery._files import flush, fsync_folder, make_folder, open_regular, storage_errors
from connectedmachine.gallery.package import open_package
from connectedmachine.gallery.rules import Kind, UnpackLimits
from connectedmachine.gallery.unpack import manifest_text
from connectedmachine.model.manifest import MANIFEST_NAME

_CHUNK = 1 << 20
_LIST_BYTES = 64 << 20

Contents = Mapping[str, tuple[int, int]]
"""Length and CRC-32 of each file, by its path in the folder."""


def contents(package: Path) -> Contents:
    """What unpacking a package that was verified brings, links left out.

    Raises:
        PackageError: The package itself is damaged.
    """
    with package.open("rb") as file, open_package(file, package.name, UnpackLimits()) as opened:
        found = {
            "/".join(entry.path): (entry.info.file_size, entry.info.CRC)
            for entry in opened.entries
            if entry.kind is Kind.FILE
        }
        manifest = manifest_text(opened, package.name)
    return found | {MANIFEST_NAME: (len(manifest), zlib.crc32(manifest))}


def is_intact(listed: Contents, folder: Path) -> bool:
    """Say whether every file of the list is in the folder with its length and checksum.

    Files that the handler added do not matter; nothing in the folder is trusted beyond that.
    """
    return all(_is_same(folder / path, length, checksum) for path, (length, checksum) in listed.items())


def write_contents(listed: Contents, path: Path) -> None:
    """Keep a list so that it survives a crash, whole or not at all.

    Raises:
        DiskFullError, PermissionDeniedError, StoreError: It cannot be written.
    """
    with storage_errors(f"writing {path}"):
        make_folder(path.parent)
        stage = path.with_suffix(".tmp")
        try:
            with stage.open("wb") as file:
                file.write(json.dumps(listed).encode())
                flush(file)
            stage.replace(path)
        finally:
            stage.unlink(missing_ok=True)
        fsync_folder(path.parent)


def read_contents(path: Path) -> Contents | None:
    """A list that was kept; ``None`` when there is none that can be read."""
    try:
        with open_regular(path) as file:
            listed = json.loads(file.read(_LIST_BYTES))
        return {str(name): (int(length), int(checksum)) for name, (length, checksum) in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None


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
