"""A handler package as a zip: open it with bounds, find its manifest (handler contract 1.1, 1.2)."""

from __future__ import annotations

import errno
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from connectedmachine.gallery._files import CHUNK, open_regular, storage_errors
from connectedmachine.gallery.rules import (
    LINK_BYTES,
    Entry,
    Kind,
    UnpackLimits,
    safe_entries,
    too_large,
    unsafe,
)
from connectedmachine.model.errors import PackageError
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.manifest import MANIFEST_NAME, parse_manifest

MANIFEST_BYTES = 1 << 20
# What one entry of a central directory may cost on average, its name included.
_DIRECTORY_BYTES_PER_FILE = 512

# All that zipfile has been seen to raise over bytes that are wrong.
_DAMAGE = (
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Package:
    """An open package whose entries were all found safe."""

    archive: ZipFile
    entries: list[Entry]
    manifest: Entry
    manifest_bytes: bytes


class _BoundedReader(io.BufferedReader):
    """``zipfile`` reads a whole central directory at once and makes an object of every entry; this is
    where a directory that is out of all proportion stops."""

    limit: int

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.limit:
            raise _DirectoryTooLargeError
        return super().read(size)


class _DirectoryTooLargeError(Exception):
    pass


@contextmanager
def open_package(file: BinaryIO, where: str, limits: UnpackLimits) -> Iterator[Package]:
    """Read and judge the table of contents; zip damage met inside the block counts as the package's.

    Raises:
        PackageError: ``MalformedPackage``, ``UnsafePackage``, ``PackageTooLarge``, ``ManifestNotFound``.
    """
    reader = _BoundedReader(io.FileIO(file.fileno(), closefd=False))
    reader.limit = max(limits.files * _DIRECTORY_BYTES_PER_FILE, 2 * CHUNK)
    with _malformed(where, limits), ZipFile(reader) as archive:

        def read_link(info: ZipInfo) -> bytes:
            with archive.open(info) as link:
                return link.read(LINK_BYTES + 1)

        entries = safe_entries(archive.infolist(), read_link, limits, where)
        manifest = _manifest_entry(entries, where)
        with archive.open(manifest.info) as stream:
            data = stream.read(MANIFEST_BYTES + 1)
        if len(data) > MANIFEST_BYTES:
            raise too_large(where, f"its {MANIFEST_NAME} is longer than {MANIFEST_BYTES} bytes")
        if len(data) != manifest.info.file_size:
            raise BadZipFile(f"its {MANIFEST_NAME} has {len(data)} bytes and not {manifest.info.file_size}")
        yield Package(archive, entries, manifest, data)


def read_manifest(package: Path) -> HandlerManifest:
    """Read the manifest of a package that is on this machine.

    Raises:
        PackageError: as ``open_package``, or ``MalformedManifest``.
        StoreError, PermissionDeniedError: the file cannot be read.
    """
    with (
        storage_errors(f"reading {package}"),
        open_regular(package) as file,
        open_package(file, package.name, UnpackLimits()) as opened,
    ):
        return parse_manifest(opened.manifest_bytes, manifest_name(opened.manifest, package.name))


def manifest_name(manifest: Entry, where: str) -> str:
    """What errors call the manifest inside a package."""
    return f"{where}/{'/'.join(manifest.path)}"


def _manifest_entry(entries: list[Entry], where: str) -> Entry:
    """The first in the tree: nearest to the root, then by name, so that no order of packing decides."""
    found = [entry for entry in entries if entry.kind is Kind.FILE and entry.path[-1] == MANIFEST_NAME]
    if not found:
        raise PackageError(
            "ManifestNotFound",
            f"The package {where} holds no {MANIFEST_NAME}.",
            target=where,
            hint="Give the zip of an extension handler, not of its sources or of its release page.",
        )
    for entry in entries:
        # As a folder too that is not listed itself, and as a file in other letters where case does not count.
        taken = entry.path[0].casefold() == MANIFEST_NAME.casefold()
        if taken and (entry.path != (MANIFEST_NAME,) or entry.kind is not Kind.FILE):
            raise unsafe(where, "/".join(entry.path), "stands where the manifest has to")
    return min(found, key=lambda entry: (len(entry.path), entry.path))


@contextmanager
def _malformed(where: str, limits: UnpackLimits) -> Iterator[None]:
    """Turn the many exceptions by which ``zipfile`` reports damage into one of ours."""
    try:
        yield
    except _DirectoryTooLargeError:
        raise too_large(where, f"its table of contents is too long for {limits.files} files") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to a place that cannot be; anything else is the disk's
            raise
        raise _damaged(where, error) from error
    except _DAMAGE as error:
        raise _damaged(where, error) from error


def _damaged(where: str, error: Exception) -> PackageError:
    return PackageError(
        "MalformedPackage",
        f"The package {where} is not a readable zip ({type(error).__name__}).",
        target=where,
        hint="Get the package again from its publisher.",
    )
