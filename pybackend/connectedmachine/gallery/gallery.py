"""A folder gallery: publish, withdraw, list, fetch.

Layout, readable by hand and safe on a share that several people publish to::

    images/<publisher.type, lower case>/<version>_<os>_<architecture>/
        image.json    facts, written once
        package.zip
        withdrawn     there while the version is out of choice

An image folder appears by one rename and is never changed afterwards; only ``withdrawn`` comes and goes.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from connectedmachine.gallery._files import (
    CHUNK,
    copy_at_most,
    flush,
    fsync_folder,
    make_folder,
    open_regular,
    remove_stale,
    storage_errors,
)
from connectedmachine.gallery.image_file import (
    IMAGE_FILE,
    PACKAGE_FILE,
    WITHDRAWN_FILE,
    folder_of,
    image_bytes,
    read_image,
)
from connectedmachine.gallery.inspection import inspect
from connectedmachine.gallery.package import read_manifest
from connectedmachine.gallery.verify import hash_mismatch, verify
from connectedmachine.model.clock import to_text
from connectedmachine.model.errors import (
    ConflictError,
    ConnectedMachineError,
    InvalidRequestError,
    NotFoundError,
    PackageError,
)
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import ExtensionImage, OSType, Platform
from connectedmachine.model.version import Version

_PUBLISHING = ".publishing-"
_FETCHING = ".fetching-"


@dataclass(frozen=True)
class GalleryProblem:
    """An entry that a scan passed over: where, and why in one sentence."""

    gallery: str
    path: str
    message: str


class Gallery:
    """One folder of extension images.

    Args:
        name: What the user calls it.
        root: Its folder; made at the first publish.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self._images = root / "images"

    def publish(
        self,
        package: Path,
        handler: HandlerName,
        version: Version,
        platform: Platform,
        supports_automatic_upgrade: bool,
        now: datetime,
        warn: Callable[[str], None] = lambda _: None,
    ) -> ExtensionImage:
        """Add a version, whole or not at all.

        Publishing the same package again returns the image that is there, and brings a withdrawn one back.

        Args:
            package: A handler zip; it is copied.
            now: Aware time of publication.
            warn: Is told what its publisher should know of a package that is published all the same.

        Raises:
            NotFoundError: ``ResourceNotFound``, there is no such file.
            InvalidRequestError: ``InvalidName`` or ``PlatformMismatch``.
            ConflictError: ``ImageAlreadyPublished`` with other bytes or another automatic-upgrade flag.
            PackageError: as ``inspection.inspect``; ``MalformedImage`` if a damaged one is in the way.
            DiskFullError, PermissionDeniedError, StoreError: the gallery cannot be written.
        """
        HandlerName.checked(handler.publisher, handler.type)
        if platform.os is OSType.MACOS:
            raise InvalidRequestError(
                "PlatformMismatch",
                "Packages are published for Linux or for Windows.",
                target=str(handler),
                hint="Publish for Linux; macOS machines use those packages.",
            )
        if not package.is_file():
            raise NotFoundError(
                "ResourceNotFound",
                f"There is no package file '{package}'.",
                target=str(package),
                hint="Give the path of a handler zip.",
            )
        final = self._images / folder_of(handler, version, platform)
        with storage_errors(f"publishing {handler} {version} to gallery {self.name}"):
            make_folder(final.parent)
            stage = final.with_name(f"{_PUBLISHING}{secrets.token_hex(8)}")
            stage.mkdir()
            try:
                remove_stale(final.parent, _PUBLISHING, stage)
                sha256, length = _stage_package(package, stage / PACKAGE_FILE)
                for remark in inspect(stage / PACKAGE_FILE, handler, version, package.name):
                    warn(remark)
                image = ExtensionImage(
                    gallery=self.name,
                    handler=handler,
                    version=version,
                    platform=platform,
                    supports_automatic_upgrade=supports_automatic_upgrade,
                    sha256=sha256,
                    length=length,
                    published=to_text(now),
                )
                with (stage / IMAGE_FILE).open("xb") as file:
                    file.write(image_bytes(image))
                    flush(file)
                fsync_folder(stage)
                try:
                    stage.rename(final)  # of two publishers at once, one finds the folder taken
                except OSError:
                    if not final.exists():
                        raise
                    return self._published_before(final, image)
                fsync_folder(final.parent)
                return image
            finally:
                shutil.rmtree(stage, ignore_errors=True)

    def unpublish(self, handler: HandlerName, version: Version, platform: Platform | None) -> ExtensionImage:
        """Take a version out of choice; its package stays, for machines that may have to go back to it.

        Args:
            platform: Needed only where the version was published for several.

        Raises:
            NotFoundError: ``ResourceNotFound``.
            InvalidRequestError: ``AmbiguousPlatform``, or ``InvalidName``.
            PackageError: ``MalformedImage``.
            DiskFullError, PermissionDeniedError, StoreError: the gallery cannot be written.
        """
        HandlerName.checked(handler.publisher, handler.type)
        with storage_errors(f"withdrawing {handler} {version} from gallery {self.name}"):
            if platform:
                found = [self._images / folder_of(handler, version, platform)]
            else:
                found = list((self._images / handler.key).glob(f"{version}_*"))
            found = [folder for folder in found if folder.is_dir()]
            if not found:
                raise NotFoundError(
                    "ResourceNotFound",
                    f"Gallery '{self.name}' has no image {handler} {version}.",
                    target=f"{handler} {version}",
                    hint="List the gallery's images to see what is published, and for which platforms.",
                )
            if len(found) > 1:
                raise InvalidRequestError(
                    "AmbiguousPlatform",
                    f"{handler} {version} is published for several platforms in gallery '{self.name}'.",
                    target=f"{handler} {version}",
                    hint="Name the operating system and the architecture too.",
                )
            image = read_image(found[0], self.name)
            with (found[0] / WITHDRAWN_FILE).open("wb") as file:
                flush(file)
            fsync_folder(found[0])
        return replace(image, withdrawn=True)

    def images(self) -> list[ExtensionImage]:
        """All readable images, withdrawn ones included; ``scan`` also says what could not be read."""
        return self.scan()[0]

    def scan(self) -> tuple[list[ExtensionImage], list[GalleryProblem]]:
        """Read every image; a bad one is passed over and reported, and so is a gallery out of reach."""
        images: list[ExtensionImage] = []
        problems: list[GalleryProblem] = []

        def passed_over(path: Path, error: Exception) -> None:
            message = (
                error.message if isinstance(error, ConnectedMachineError) else f"It cannot be read ({error})."
            )
            problems.append(GalleryProblem(self.name, str(path), message))

        try:
            self.root.stat()
            handlers = _folders(self._images) if self._images.exists() else []
        except OSError as error:
            passed_over(self.root, error)
            return [], problems
        for handler in handlers:
            try:
                entries = _folders(handler)
            except OSError as error:
                passed_over(handler, error)
                continue
            for entry in entries:
                try:
                    images.append(read_image(entry, self.name))
                except (PackageError, OSError) as error:
                    passed_over(entry, error)
        return images, problems

    def manifest(self, image: ExtensionImage) -> HandlerManifest:
        """Read an image's manifest where it is; its package is not verified, nothing is copied.

        Raises:
            PackageError: ``PackageNotFound``, or as ``package.read_manifest``.
            PermissionDeniedError, StoreError: the file cannot be read.
        """
        package = self._package(image)
        if not package.exists():
            raise self._not_found(image)
        return read_manifest(package)

    def _package(self, image: ExtensionImage) -> Path:
        return self._images / folder_of(image.handler, image.version, image.platform) / PACKAGE_FILE

    def _not_found(self, image: ExtensionImage) -> PackageError:
        where = f"{image.handler} {image.version}"
        return PackageError(
            "PackageNotFound",
            f"The package of {where} is not in gallery '{self.name}'.",
            target=where,
            hint=f"Make {self.root} reachable, or publish the version again.",
        )

    def fetch(self, image: ExtensionImage, packages: Path, *, owner: str) -> Path:
        """Bring an image's package into ``packages`` under its hash, verified; nothing is unpacked.

        A package that is already there, and still whole, is used as it is.

        Args:
            owner: Whose work this is, who does one fetch at a time; by it a killed one is known again
                (``unfinished_fetches``).

        Returns:
            ``packages/<sha256>.zip``.

        Raises:
            PackageError: ``PackageHashMismatch``, also when the length differs; ``PackageNotFound``.
            DiskFullError, PermissionDeniedError, StoreError: a file cannot be read or written.
        """
        where = f"{image.handler} {image.version}"
        destination = packages / f"{image.sha256}.zip"
        with storage_errors(f"fetching {where} from gallery {self.name}"):
            make_folder(packages)
            if is_whole(destination, image.sha256):
                return destination
            try:
                package = open_regular(self._package(image))
            except FileNotFoundError:
                raise self._not_found(image) from None
            stage = packages / f"{image.sha256}{_FETCHING}{owner}"
            try:
                with package, stage.open("w+b") as file:
                    remove_stale(packages, _FETCHING, stage)
                    if copy_at_most(package, file, image.length) != image.length:
                        raise hash_mismatch(where)
                    flush(file)
                    verify(file, sha256=image.sha256, where=where)
                stage.replace(destination)
                fsync_folder(packages)
            finally:
                stage.unlink(missing_ok=True)
        return destination

    def _published_before(self, folder: Path, image: ExtensionImage) -> ExtensionImage:
        there = read_image(folder, self.name)
        if (there.sha256, there.supports_automatic_upgrade) != (
            image.sha256,
            image.supports_automatic_upgrade,
        ):
            raise ConflictError(
                "ImageAlreadyPublished",
                f"{image.handler} {image.version} is already in gallery '{self.name}' and differs.",
                target=f"{image.handler} {image.version}",
                hint="Publish changes under a new version; a published one never changes.",
            )
        if there.withdrawn:
            (folder / WITHDRAWN_FILE).unlink(missing_ok=True)
            fsync_folder(folder)
        return replace(there, withdrawn=False)


def _folders(parent: Path) -> list[Path]:
    """Sub-folders by name; names that start with a dot are work under way, or the file manager's."""
    with os.scandir(parent) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    return [parent / name for name in names]


def _stage_package(package: Path, copy: Path) -> tuple[str, int]:
    """Copy a package and return the SHA-256 and the length of the copy: what is checked is what is kept."""
    digest = hashlib.sha256()
    length = 0
    with package.open("rb") as source, copy.open("xb") as file:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            length += len(chunk)
            file.write(chunk)
        flush(file)
    return digest.hexdigest(), length


def unfinished_fetches(packages: Path, owner: str) -> list[Path]:
    """What fetches of that owner left in ``packages``, if none of them is going on."""
    return list(packages.glob(f"*{_FETCHING}{owner}"))


def is_whole(package: Path, sha256: str) -> bool:
    """Say whether a zip is there with all its bytes."""
    try:
        with open_regular(package) as file:
            verify(file, sha256=sha256, where=package.name)
    except (FileNotFoundError, PackageError):
        return False
    return True
