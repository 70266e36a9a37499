"""Where versions of handlers live on disk, and how their folders change places.

Handler contract 1.1: versions of one handler are siblings named ``<Publisher.Type>-<Version>``, because real
handlers look for each other there; logs lie apart and are not versioned. Each function that changes
something may be repeated after a crash at any point of it.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectedmachine.handler._files import read_regular, sync_folder, write_durably
from connectedmachine.model.errors import ConflictError, HandlerError
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.manifest import MANIFEST_NAME, parse_manifest
from connectedmachine.model.version import Version

# Far above what real handlers write; what a broken one wrote must not fill the disk a second time.
_CARRIED_BYTES = 4 * 1024 * 1024
_CARRIED_FILES = 1000
_MANIFEST_BYTES = 1024 * 1024
_DISCARD_TRIES = 3
_DISCARDED = ".discarded-"


@dataclass(frozen=True)
class Library:
    """A machine's handlers: ``root`` holds version folders and certificates, ``logs`` the log folders."""

    root: Path
    logs: Path

    def version_folder(self, handler: HandlerName, version: Version) -> Path:
        return self.root / f"{handler}-{version}"

    @property
    def kept(self) -> Path:
        """Versions that left the library and that a rollback may need."""
        return self.root / "kept"

    def kept_folder(self, handler: HandlerName, version: Version) -> Path:
        """Where a version waits after its uninstall, until no rollback can need what it holds."""
        return self.kept / f"{handler}-{version}"

    def log_folder(self, handler: HandlerName) -> Path:
        return self.logs / str(handler)


def manifest_of(folder: Path) -> HandlerManifest:
    """Read the manifest at the root of a version folder.

    Raises:
        HandlerError: ``ManifestMissing``; other agents' users meet a lost one after failed operations.
        PackageError: ``MalformedManifest``.
    """
    path = folder / MANIFEST_NAME
    try:
        data = read_regular(path, _MANIFEST_BYTES).data
    except OSError as error:
        raise HandlerError(
            "ManifestMissing",
            f"The manifest '{path}' cannot be read: {error.strerror}.",
            target=str(path),
            hint="The version has to be unpacked again from its package.",
        ) from error
    return parse_manifest(data, str(path))


def file_stem(extension: str | None, sequence: int) -> str:
    """What the files of these settings are called: ``3``, or ``web.3`` where a handler may have several
    extensions (handler contract 1.1)."""
    return str(sequence) if extension is None else f"{extension}.{sequence}"


def forget_extension(folder: Path, extension: str) -> None:
    """Delete what a version knows of one of its extensions; its handler and the others keep what is theirs.

    Raises:
        OSError: A file resists; a repetition deletes the rest.
    """
    # By its whole name: 'web.3.settings' is of 'web', 'web.b.3.settings' is of 'web.b'.
    own = re.compile(rf"{re.escape(extension)}\.(\d+\.(settings|status)|HandlerState)", re.ASCII)
    for part in (folder / "config", folder / "status"):
        if not part.is_dir() or part.is_symlink():
            continue
        for path in part.iterdir():
            if own.fullmatch(path.name):
                path.unlink(missing_ok=True)  # a daemon may take its status away at any moment
        sync_folder(part)


def carry(old: Path, new: Path) -> list[str]:
    """Copy ``mrseq`` and ``status/*`` to the new version, before its ``update`` (handler contract 2.5).

    A carried status gets the oldest time there is, so that it never passes for one that the new version
    wrote; all other times are kept. Without ``mrseq`` the new version would run its user's scripts twice.

    Returns:
        What was left out, relative to ``old``: links and other things that are no plain files, files
        larger than 4 MiB, and files after the first thousand.
    """
    return _copy(old, new, ("status",))


def carry_back(source: Path, fresh: Path) -> list[str]:
    """Give a freshly unpacked old version what it had: ``config/`` beside what :func:`carry` copies.

    Returns:
        What was left out, as :func:`carry` has it.
    """
    return _copy(source, fresh, ("config", "status"))


def carry_mark(new: Path, old: Path) -> list[str]:
    """Give an old version that is brought back the new one's ``mrseq``, by which no user's script runs again.

    Its status does not go back: of settings that are done the old version says nothing anew, and what the
    new one said of its failure would pass for the old one's word.

    Returns:
        What was left out, as :func:`carry` has it.
    """
    return _copy(new, old, ())


def _copy(source: Path, target: Path, folders: tuple[str, ...]) -> list[str]:
    skipped: list[str] = []
    for count, name in enumerate(_carried_names(source, folders)):
        relative = Path(name)
        try:
            if count >= _CARRIED_FILES:
                skipped.append(name)
                continue
            content = read_regular(source / relative, _CARRIED_BYTES)
        except FileNotFoundError:
            continue  # most handlers write no mrseq, and a daemon may rename its status at any moment
        except OSError:
            skipped.append(name)
            continue
        into = target / relative
        if into.parent != target:
            make_private(into.parent)
        write_durably(into, content.data)
        of_status = relative.parts[0] == "status"
        os.utime(into, ns=(0, 0) if of_status else (content.accessed_ns, content.modified_ns))
    return skipped


def _carried_names(source: Path, folders: tuple[str, ...]) -> Iterator[str]:
    yield "mrseq"
    for folder in folders:
        path = source / folder
        if not path.is_dir():
            continue
        if path.is_symlink():
            yield folder  # no regular file: the reader refuses it, and it is reported
            continue
        yield from sorted(f"{folder}/{entry.name}" for entry in path.iterdir())


def make_private(folder: Path) -> None:
    """Make ``folder`` a folder of mode 0700, replacing a link or file that stands in its place."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        folder.unlink()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def move(folder: Path, to: Path) -> bool:
    """Rename a version's folder, replacing nothing.

    Returns:
        Whether ``to`` holds the folder now; ``False`` when there is nothing to move, as after an
        ``uninstall`` that removed its own folder.

    Raises:
        ConflictError: ``FolderExists`` when both are there.
    """
    if not folder.exists():
        return to.exists()
    if to.exists():
        raise ConflictError(
            "FolderExists",
            f"'{folder}' cannot become '{to}', which exists.",
            target=str(to),
            hint="Discard the one that is not needed first.",
        )
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Only the holder of the machine's effects lock gets here, so nothing can appear at `to` meanwhile.
    folder.rename(to)
    sync_folder(to.parent)
    sync_folder(folder.parent)
    return True


def discard(folder: Path) -> None:
    """Delete a version's folder: out of the library at once, then from disk.

    Raises:
        OSError: It resists; what is left lies beside it under a hidden name, and a repetition deletes that.
    """
    aside = folder.with_name(f"{_DISCARDED}{folder.name}")
    _delete(aside)
    if folder.exists() or folder.is_symlink():
        with suppress(FileNotFoundError):  # a handler may still be deleting it itself (handler contract 2.6)
            folder.rename(aside)
        sync_folder(folder.parent)
        _delete(aside)


def delete_discarded(folder: Path) -> None:
    """Delete what is left in ``folder`` of versions that were discarded there; raises OSError.

    Its last name goes without a sync, so a loss of power may bring it back when nobody discards it any more.
    """
    for left in folder.glob(f"{_DISCARDED}*"):
        _delete(left)


def _delete(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    for attempt in range(1, _DISCARD_TRIES + 1):
        try:
            _remove_tree(path)
            return
        except OSError:
            if attempt == _DISCARD_TRIES:
                raise
            _make_deletable(path)


def _remove_tree(path: Path) -> None:
    """Delete a folder in which something else may be deleting as well (handler contract 2.6)."""

    def failed(_: object, __: str, error: BaseException) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=failed)
    else:
        shutil.rmtree(path, onerror=lambda function, name, info: failed(function, name, info[1]))


def _make_deletable(tree: Path) -> None:
    """Undo the modes that keep an owner from deleting: of folders on POSIX, of files on Windows."""
    with suppress(OSError):
        tree.chmod(stat.S_IRWXU)
    for folder, folders, files in os.walk(tree):
        for name in files if os.name == "nt" else folders:
            path = Path(folder, name)
            if not path.is_symlink():
                with suppress(OSError):
                    path.chmod(stat.S_IRWXU)
