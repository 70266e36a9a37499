"""Target: the unpacker, with a look at the whole neighbourhood after each package."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from random import Random

from connectedmachine.gallery.damage import contents, is_intact
from connectedmachine.gallery.inspection import inspect
from connectedmachine.gallery.rules import UnpackLimits
from connectedmachine.gallery.unpack import unpack
from connectedmachine.model.errors import PackageError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version
from fuzzing.zips import package

_LIMITS = UnpackLimits(files=8, bytes=1 << 16)
_HANDLER, _VERSION = HandlerName("Contoso", "Agent"), Version.parse("1.0")
_REFUSALS = {
    "UnsafePackage",
    "PackageTooLarge",
    "MalformedPackage",
    "ManifestNotFound",
    "MalformedManifest",
    "SigningInfoMismatch",
}


def unpacker(random: Random, folder: Path) -> bool:
    """Refused by a code of ours with nothing left, or a folder within its limits and nothing beside it."""
    library = folder / "one" / "two" / "library"
    target, zipped = library / "version", folder / "p.zip"
    library.mkdir(parents=True, exist_ok=True)
    data = package(random, f"{folder}/escaped")
    zipped.write_bytes(data)
    try:
        unpack(zipped, target, sha256=hashlib.sha256(data).hexdigest(), limits=_LIMITS)
    except PackageError as error:
        _check_refusal(error)
        assert _names(folder) == ["one", "one/two", "one/two/library", "p.zip"]
        accepted = False
    else:
        _check_folder(folder, target)
        assert is_intact(contents(zipped), target)
        shutil.rmtree(target)
        accepted = True
    try:
        inspect(zipped, _HANDLER, _VERSION, "p.zip")
    except PackageError as error:
        _check_refusal(error)
    return accepted


def _check_refusal(error: PackageError) -> None:
    assert error.code in _REFUSALS, error.code
    (error.message + error.hint + error.target).encode()


def _check_folder(folder: Path, target: Path) -> None:
    size = files = 0
    beside = []
    for name in _names(folder):
        path = folder / name
        if target not in path.parents:
            beside.append(name)
            continue
        state = path.lstat()
        files += 1
        size += state.st_size if stat.S_ISREG(state.st_mode) else 0
        assert stat.S_IFMT(state.st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)
        assert not state.st_mode & (stat.S_ISUID | stat.S_ISGID) or stat.S_ISDIR(state.st_mode)
        goal = Path(os.path.realpath(path))
        assert goal == target or target in goal.parents
    assert beside == ["one", "one/two", "one/two/library", "one/two/library/version", "p.zip"]
    # Each entry may stand in folders that the package does not list.
    assert files <= (_LIMITS.files + 1) * 512
    assert size <= _LIMITS.bytes + (1 << 20)
    assert (target / "HandlerManifest.json").is_file()


def _names(folder: Path) -> list[str]:
    found = []
    for parent, folders, files in os.walk(folder):
        found += [os.path.relpath(f"{parent}/{name}", folder) for name in (*folders, *files)]
    return sorted(found)
