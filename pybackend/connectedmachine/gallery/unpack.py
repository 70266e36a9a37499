"""From a verified package to a folder in Azure's layout, whole or not at all (handler contract 1.1).

Order: remove what a crash left, hash the open file, judge every entry, ask for room, write beside the
target, fsync, rename. Until the last rename the target is untouched; a kill between the two renames of a
replacement is undone by the next call. The caller holds the machine's effects lock: one unpack of one target
at a time.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

from connectedmachine.gallery._files import (
    copy_at_most,
    fsync_folder,
    make_folder,
    open_regular,
    remove,
    storage_errors,
)
from connectedmachine.gallery.package import Package, manifest_name, open_package
from connectedmachine.gallery.rules import Kind, UnpackLimits, too_large
from connectedmachine.gallery.verify import verify
from connectedmachine.model.errors import DiskFullError
from connectedmachine.model.manifest import MANIFEST_NAME, parse_manifest

_UNPACKING = ".unpacking-"
_REPLACED = ".replaced-"
_REMNANT = re.compile(rf"(?P<target>.+)({re.escape(_UNPACKING)}|{re.escape(_REPLACED)})[0-9a-f]{{8}}")
# Zip modes are lost on Azure's way too; its agent makes every file executable for the owner.
_FILE_MODE = 0o744
_BLOCK = 4096
_LIMITS = UnpackLimits()


def unpack(
    package: Path, target: Path, *, sha256: str, limits: UnpackLimits = _LIMITS, spare: int = 0
) -> None:
    """Unpack ``package`` to ``target``, replacing what is there; the manifest stands at its root without BOM.

    Args:
        package: The zip, as ``Gallery.fetch`` returned it.
        target: The version folder, ``<Publisher.Type>-<Version>``; its parent is made if missing.
        sha256: The image's.
        limits: How much the package may hold.
        spare: Bytes of the disk that must stay free besides what the package needs.

    Raises:
        PackageError: ``PackageHashMismatch``, ``UnsafePackage``, ``PackageTooLarge``, ``MalformedPackage``,
            ``ManifestNotFound`` or ``MalformedManifest``.
        DiskFullError: ``DiskFull``, before anything is written when it is seen beforehand.
        PermissionDeniedError, StoreError: the files cannot be read or written.

    After any error nothing new is left and ``target`` is as it was.
    """
    with storage_errors(f"unpacking {package.name} to {target}"):
        make_folder(target.parent)
        _clean_up(target)
        stage = _beside(target, _UNPACKING)
        try:
            with open_regular(package) as file:
                verify(file, sha256=sha256, where=package.name)
                with open_package(file, package.name, limits) as opened:
                    _ask_for_room(opened, target.parent, spare, package.name)
                    _write(opened, stage, limits, package.name)
            _fsync_tree(stage)
            _swap(stage, target)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _beside(target: Path, marker: str) -> Path:
    return target.with_name(f"{target.name}{marker}{secrets.token_hex(4)}")


def clean_up(folder: Path) -> None:
    """Remove what crashes left of unpacking anything into ``folder``, or finish it; raises OSError.

    Nobody may unpack there meanwhile.
    """
    for left in list(folder.iterdir()):
        found = _REMNANT.fullmatch(left.name)
        if found is not None:
            _clean_up(folder / found["target"])


def _clean_up(target: Path) -> None:
    for left in list(target.parent.iterdir()):
        if left.name.startswith(target.name + _UNPACKING):
            remove(left)
        elif left.name.startswith(target.name + _REPLACED):
            if target.exists():
                remove(left)
            else:
                left.rename(target)  # killed between the two renames of _swap


def _ask_for_room(package: Package, folder: Path, spare: int, where: str) -> None:
    """Azure's agent does not ask, and leaves a half-written folder (handler contract 3.1)."""
    # Every entry takes at least a block of its own.
    needed = sum(-(-max(entry.info.file_size, 1) // _BLOCK) * _BLOCK for entry in package.entries) + spare
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFullError(
            "DiskFull",
            f"There is no room to unpack {where}: {needed} bytes are needed and {free} are free.",
            target=str(folder),
            hint=f"Free {needed - free} bytes there and try again; nothing was changed.",
        )


def _write(package: Package, stage: Path, limits: UnpackLimits, where: str) -> None:
    """Write all entries, links last: no file is ever written through one."""
    manifest = manifest_text(package, where)
    stage.mkdir()
    left = limits.bytes
    for entry in package.entries:
        path = stage.joinpath(*entry.path)
        if entry.kind is Kind.FOLDER:
            path.mkdir(parents=True, exist_ok=True)
        elif entry.kind is Kind.FILE and entry.path != (MANIFEST_NAME,):
            path.parent.mkdir(parents=True, exist_ok=True)
            with package.archive.open(entry.info) as source, _create(path) as file:
                # Declared sizes were judged before. zipfile lets nothing longer through, but what is shorter.
                size = copy_at_most(source, file, left)
                left -= size
                if left < 0:
                    raise too_large(where, f"it unpacks to more than {limits.bytes} bytes")
                if size != entry.info.file_size:
                    raise BadZipFile(f"an entry has {size} bytes and not {entry.info.file_size}")
    with _create(stage / MANIFEST_NAME) as file:
        file.write(manifest)
    for entry in package.entries:
        if entry.kind is Kind.LINK:
            path = stage.joinpath(*entry.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(entry.link)


def manifest_text(package: Package, where: str) -> bytes:
    """The manifest in UTF-8 without a BOM, found readable."""
    data = package.manifest_bytes
    parse_manifest(data, manifest_name(package.manifest, where))
    encoding = json.detect_encoding(data)
    return data.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")


def _create(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, _FILE_MODE), "wb")


def _fsync_tree(folder: Path) -> None:
    """Put a tree onto the disk, once all is written: a sync after each file costs as much as one for all."""
    for name, _, files in os.walk(folder, topdown=False):
        path = Path(name)
        for file in files:
            if not (path / file).is_symlink():
                with (path / file).open("r+b") as written:
                    os.fsync(written.fileno())
        fsync_folder(path)


def _swap(stage: Path, target: Path) -> None:
    aside = _beside(target, _REPLACED) if target.exists() else None
    if aside:
        target.rename(aside)
    try:
        stage.rename(target)
    except OSError:
        if aside:
            aside.rename(target)
        raise
    fsync_folder(target.parent)
    if aside:
        # A program of the old folder may still run on Windows; the next unpack removes what stays.
        shutil.rmtree(aside, ignore_errors=True)
