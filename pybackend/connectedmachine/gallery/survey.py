"""What a package shows without being run (handler contract 1.1, 1.2): for a publisher who has it checked.

Nothing is judged here but what makes a package unusable; a reader may find a quirk harmless.
"""

from __future__ import annotations

import codecs
import json
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from connectedmachine.gallery._files import open_regular, storage_errors
from connectedmachine.gallery.package import Package, manifest_name, open_package
from connectedmachine.gallery.rules import Kind, UnpackLimits
from connectedmachine.model.errors import NotFoundError
from connectedmachine.model.handler import AGENT_COMMANDS, Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import OSType
from connectedmachine.model.manifest import manifest_document, misread_flags, parse_manifest
from connectedmachine.model.version import Version

_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FLAGS = ("reportHeartbeat", "continueOnUpdateFailure", "supportsMultipleExtensions", "rebootAfterInstall")
_WINDOWS_PROGRAMS = (".cmd", ".bat", ".exe", ".ps1")
_HEAD_BYTES = 512
_FILE_NAME = re.compile(
    r"(?P<publisher>.+)\.(?P<type>[^.]+?)(?:__|-)(?P<version>\d+(?:\.\d+){1,3})", re.ASCII
)


@dataclass(frozen=True)
class Program:
    """The program that a command line of a manifest names.

    Attributes:
        line: As written; ``""`` when the manifest has none.
        problem: Why it cannot be run; ``""`` when nothing speaks against it.
        remark: What a publisher should know of it.
    """

    line: str
    problem: str = ""
    remark: str = ""


@dataclass(frozen=True)
class Survey:
    """Facts of a package. ``manifest`` is its path inside the zip; ``signing`` what it says it is."""

    manifest: str
    quirks: tuple[str, ...]
    programs: Mapping[Command, Program]
    os: OSType
    signing: Mapping[str, str]


def survey(package: Path) -> Survey:
    """Read a package on this machine.

    Raises:
        NotFoundError: ``ResourceNotFound``, there is no such file.
        PackageError: as ``gallery.package.read_manifest``.
        StoreError, PermissionDeniedError: the file cannot be read.
    """
    if not package.is_file():
        raise NotFoundError(
            "ResourceNotFound",
            f"There is no package file '{package}'.",
            target=str(package),
            hint="Give the path of a handler zip.",
        )
    with (
        storage_errors(f"reading {package}"),
        open_regular(package) as file,
        open_package(file, package.name, UnpackLimits()) as opened,
    ):
        name = manifest_name(opened.manifest, package.name)
        document = manifest_document(opened.manifest_bytes, name)
        commands = parse_manifest(opened.manifest_bytes, name).commands
        lines = [line.lower() for line in commands.values()]
        is_windows = any(ending in line for line in lines for ending in _WINDOWS_PROGRAMS)
        os = OSType.WINDOWS if is_windows else OSType.LINUX
        signing = document[0].get("signingInfo")
        return Survey(
            "/".join(opened.manifest.path),
            tuple(_quirks(opened, document)),
            {command: _program(opened, commands.get(command, ""), os) for command in AGENT_COMMANDS},
            os,
            {key: value for key, value in signing.items() if isinstance(value, str)}
            if isinstance(signing, dict)
            else {},
        )


def names_of(package: Path) -> tuple[HandlerName, Version] | None:
    """What a file name as Azure's agent and most publishers have it says: ``Publisher.Type__1.2.3.4.zip``."""
    match = _FILE_NAME.fullmatch(package.stem)
    if match is None:
        return None
    return HandlerName(match["publisher"], match["type"]), Version.parse(match["version"])


def without_signing_info(package: Path, to: Path) -> None:
    """Copy a package, leaving out what its manifest says of its own version.

    Raises:
        PackageError: as ``survey``.
        OSError: it cannot be written.
    """
    with open_regular(package) as file, open_package(file, package.name, UnpackLimits()) as opened:
        document = json.loads(opened.manifest_bytes)
        document[0].pop("signingInfo", None)
        with ZipFile(to, "w") as copy:
            for info in opened.archive.infolist():
                if info is opened.manifest.info:
                    copy.writestr(_like(info), json.dumps(document))
                elif not info.is_dir():
                    with opened.archive.open(info) as source, copy.open(_like(info), "w") as target:
                        shutil.copyfileobj(source, target)


def _like(info: ZipInfo) -> ZipInfo:
    fresh = ZipInfo(info.filename, info.date_time)
    fresh.create_system, fresh.external_attr = info.create_system, info.external_attr
    fresh.compress_type = info.compress_type
    return fresh


def _quirks(package: Package, document: list[dict[str, object]]) -> list[str]:
    quirks = []
    if len(package.manifest.path) > 1:
        quirks.append("it lies below the root, where the published design does not look")
    if package.manifest_bytes.startswith(_BOMS):
        quirks.append("it begins with a byte order mark")
    if len(document) > 1:
        quirks.append(f"elements after the first of {len(document)} are ignored")
    body = document[0]["handlerManifest"]
    assert isinstance(body, dict)
    texts = [key for key in _FLAGS if isinstance(body.get(key), str)]
    if texts:
        quirks.append(f"{', '.join(texts)}: text in place of true or false")
    quirks += [f"{key} says neither true nor false, and is read as false" for key in misread_flags(document)]
    if "resetStateCommand" in body:
        quirks.append("resetStateCommand is not run by Azure's agent")
    return quirks


def _program(package: Package, line: str, os: OSType) -> Program:
    if not line.strip():
        return Program("", "The manifest has no such command.")
    try:
        word = _first_word(line, os)
    except ValueError as error:
        return Program(line, f"The command line cannot be split into words: {error}.")
    path = tuple(part for part in word.split("/") if part not in ("", "."))
    entry = next((entry for entry in package.entries if entry.path == path), None)
    if entry is None:
        near = next(
            (e for e in package.entries if [p.lower() for p in e.path] == [p.lower() for p in path]), None
        )
        if near is not None and os is OSType.WINDOWS:
            return Program(line)
        also = "" if near is None else f", but '{'/'.join(near.path)}', which is another file on Linux"
        return Program(line, f"The package holds no '{'/'.join(path)}'{also}.")
    if entry.kind is Kind.FOLDER:
        return Program(line, f"'{'/'.join(path)}' is a folder.")
    if os is OSType.WINDOWS or entry.kind is Kind.LINK:
        return Program(line)
    with package.archive.open(entry.info) as stream:
        first = stream.read(_HEAD_BYTES).partition(b"\n")[0]
    if first.startswith(b"#!") and first.endswith(b"\r"):
        return Program(line, "Its first line ends with CR LF, so no system finds its interpreter.")
    if not first.startswith((b"#!", b"\x7fELF")):
        return Program(line, remark="It neither begins with '#!' nor is an ELF program.")
    return Program(line)


def _first_word(line: str, os: OSType) -> str:
    if os is not OSType.WINDOWS:
        return next(iter(shlex.split(line)), "")
    text = line.strip()
    word = text[1:].partition('"')[0] if text.startswith('"') else text.split()[0]
    return word.replace("\\", "/")
