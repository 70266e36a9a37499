"""What must hold of a package before it is published (design page section 9, "Images")."""

from __future__ import annotations

from pathlib import Path

from connectedmachine.gallery._files import open_regular
from connectedmachine.gallery._schema import violation
from connectedmachine.gallery.package import manifest_name, open_package
from connectedmachine.gallery.rules import UnpackLimits
from connectedmachine.model.errors import InvalidRequestError, PackageError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.manifest import manifest_document, misread_flags, parse_manifest
from connectedmachine.model.version import Version


def inspect(package: Path, handler: HandlerName, version: Version, where: str) -> list[str]:
    """Judge a package's table of contents and its manifest.

    Args:
        package: The zip, where nobody else changes it.
        handler, version: What it is published as.
        where: What to call the package in errors.

    Returns:
        What its publisher should know of it, a sentence each.

    Raises:
        PackageError: ``MalformedPackage``, ``UnsafePackage``, ``PackageTooLarge``, ``ManifestNotFound``,
            ``MalformedManifest``, or ``SigningInfoMismatch``.
        OSError: the file cannot be read.
    """
    with open_regular(package) as file, open_package(file, where, UnpackLimits()) as opened:
        data = opened.manifest_bytes
        name = manifest_name(opened.manifest, where)
    document = manifest_document(data, name)
    if wrong := violation("handler-manifest", document):
        raise PackageError(
            "MalformedManifest",
            f"The manifest {name} breaks its schema at {wrong}.",
            target=name,
            hint="Correct that key in HandlerManifest.json and build the package again.",
        )
    parse_manifest(data, name)
    _check_signing_info(document[0].get("signingInfo"), handler, version, name)
    return [
        f"The manifest {name} says neither true nor false at '{key}', which is read as false."
        for key in misread_flags(document)
    ]


def _check_signing_info(info: object, handler: HandlerName, version: Version, name: str) -> None:
    """A publisher's own word on what this is; real manifests rarely carry it (handler contract 1.2)."""
    if not isinstance(info, dict):
        return
    for key, expected in (
        ("publisher", handler.publisher),
        ("type", handler.type),
        ("version", str(version)),
    ):
        said = info.get(key)
        if said is None or said.lower() == expected.lower():
            continue
        if key == "version" and _same_version(said, version):
            continue
        raise PackageError(
            "SigningInfoMismatch",
            f"The manifest {name} says in signingInfo that its {key} is '{said}', not '{expected}'.",
            target=name,
            hint="Publish the package under the publisher, type and version that it names itself.",
        )


def _same_version(text: str, version: Version) -> bool:
    try:
        return Version.parse(text) == version
    except InvalidRequestError:
        return False
