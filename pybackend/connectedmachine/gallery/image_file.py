"""``image.json``: the facts of an image as they stand in a gallery, written once, read as untrusted."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

from connectedmachine.gallery._files import open_regular
from connectedmachine.gallery._schema import violation
from connectedmachine.model.errors import InvalidRequestError, PackageError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Architecture, ExtensionImage, OSType, Platform
from connectedmachine.model.version import Version

IMAGE_FILE = "image.json"
PACKAGE_FILE = "package.zip"
WITHDRAWN_FILE = "withdrawn"
_MAX_BYTES = 64 << 10

_SETTLED_NS = 2_000_000_000
_MOST_KNOWN = 10_000
_known: dict[str, tuple[tuple[int, ...], ExtensionImage]] = {}
"""Images by gallery and folder, with what told their files apart from others of that name. A process that
serves reads all images for every version that it is asked for, and nearly always the same ones."""


def folder_of(handler: HandlerName, version: Version, platform: Platform) -> Path:
    """Where an image lives below a gallery's ``images``."""
    return Path(handler.key, f"{version}_{platform.os}_{platform.architecture}")


def image_bytes(image: ExtensionImage) -> bytes:
    """What ``image.json`` says of ``image``."""
    document = {
        "publisher": image.handler.publisher,
        "type": image.handler.type,
        "version": str(image.version),
        "os": image.platform.os.value,
        "architecture": image.platform.architecture.value,
        "supportsAutomaticUpgrade": image.supports_automatic_upgrade,
        "sha256": image.sha256,
        "length": image.length,
        "published": image.published,
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def read_image(folder: Path, gallery: str) -> ExtensionImage:
    """Read the image in ``folder``, which must be where its facts say.

    A file that is as it was is not read again.

    Raises:
        PackageError: ``MalformedImage``.
        OSError: the file is not there or cannot be read.
    """
    place = f"{gallery}:{folder}"
    found = os.stat(f"{folder}/{IMAGE_FILE}")  # noqa: PTH116 # a third of the time of Path's
    file = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    known = _known.get(place)
    if known is not None and known[0] == file:
        image = known[1]
    else:
        image = _read(folder, gallery)
        # File times are coarse: a file that is younger may change once more and look the same.
        if found.st_mtime_ns < time.time_ns() - _SETTLED_NS:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[place] = file, image
    return replace(image, withdrawn=True) if os.path.exists(f"{folder}/{WITHDRAWN_FILE}") else image  # noqa: PTH110 # as above


def _read(folder: Path, gallery: str) -> ExtensionImage:
    with open_regular(folder / IMAGE_FILE) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise _malformed(folder, f"it is longer than {_MAX_BYTES} bytes")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _malformed(folder, "it is not JSON") from None
    if wrong := violation("image", document):
        raise _malformed(folder, wrong)
    try:
        handler = HandlerName.checked(document["publisher"], document["type"])
        version = Version.parse(document["version"])
    except InvalidRequestError as error:
        raise _malformed(folder, error.message) from None
    platform = Platform(OSType(document["os"]), Architecture(document["architecture"]))
    if Path(folder.parent.name, folder.name) != folder_of(handler, version, platform):
        raise _malformed(folder, "its facts belong to another folder")
    return ExtensionImage(
        gallery=gallery,
        handler=handler,
        version=version,
        platform=platform,
        supports_automatic_upgrade=document["supportsAutomaticUpgrade"],
        sha256=document["sha256"],
        length=int(document["length"]),  # JSON Schema takes 3.0 for an integer
        published=document["published"],
    )


def _malformed(folder: Path, why: str) -> PackageError:
    path = f"{folder.parent.name}/{folder.name}/{IMAGE_FILE}"
    return PackageError(
        "MalformedImage",
        f"The image {path} cannot be used: {why}.",
        target=str(folder / IMAGE_FILE),
        hint="Remove that folder from the gallery and publish the version again.",
    )
