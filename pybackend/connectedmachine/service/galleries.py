"""Galleries and what is published in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.agent.images import all_images, galleries
from connectedmachine.agent.images import gallery as find_gallery
from connectedmachine.agent.places import DEFAULT_GALLERY
from connectedmachine.model.errors import ConflictError, InvalidRequestError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Architecture, OSType, Platform
from connectedmachine.model.version import Version
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json, image_view

if TYPE_CHECKING:
    from connectedmachine.service.package_check import Finding

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class GalleryService(ServiceBase):
    def image_publish(
        self,
        *,
        path: str,
        publisher: str,
        type: str,  # named after the parameter on the wire
        version: str,
        operating_system: str,
        follow: Follower,
        architecture: str = "any",
        supports_automatic_upgrade: bool | None = None,
        gallery: str = DEFAULT_GALLERY,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Put a handler package into a gallery, checked.

        Whether the publisher supports automatic upgrade is what the call says, else what the catalogue
        says of the type, else no.

        Raises:
            PackageError, InvalidRequestError, ConflictError ``ImageAlreadyPublished``, NotFoundError.
        """
        handler = HandlerName.checked(publisher, type)
        if version.strip().isdecimal():
            raise InvalidRequestError(
                "InvalidVersion",
                f"'{version}' is not the version of a package.",
                target=version,
                hint="Give two to four numbers separated by dots, for example 1.0.",
            )
        supports = supports_automatic_upgrade
        if supports is None:
            from connectedmachine.gallery.catalogue import Catalogue

            supports = bool(Catalogue.load().supports_automatic_upgrade(handler))
        platform = Platform(_os(operating_system), _architecture(architecture))
        target = find_gallery(self.store, gallery)
        number, now = Version.parse(version), self.clock.now()
        return image_view(
            target.publish(Path(path), handler, number, platform, supports, now, follow.warning)
        )

    def image_unpublish(
        self,
        *,
        publisher: str,
        type: str,
        version: str,
        follow: Follower,  # noqa: ARG002
        operating_system: str | None = None,
        architecture: str | None = None,
        gallery: str = DEFAULT_GALLERY,
        initiator: str = "",  # noqa: ARG002
    ) -> Json:
        """Take a version out of choice; what is installed stays installed.

        Raises:
            NotFoundError: ``ResourceNotFound``.
        """
        if architecture is not None and operating_system is None:
            raise InvalidRequestError(
                "InvalidRequestContent",
                "An architecture alone does not say which image is meant.",
                target="architecture",
                hint="Give the operating system too.",
            )
        platform = None
        if operating_system is not None:
            platform = Platform(_os(operating_system), _architecture(architecture or "any"))
        handler = HandlerName.checked(publisher, type)
        return image_view(
            find_gallery(self.store, gallery).unpublish(handler, Version.parse(version), platform)
        )

    def image_check(
        self,
        *,
        path: str,
        follow: Follower,
        previous_path: str | None = None,
        publisher: str | None = None,
        type: str | None = None,
        version: str | None = None,
        operating_system: str | None = None,
        settings: str = "{}",
        protected_settings: str | None = None,
        window: float = 30.0,
        initiator: str = "",  # noqa: ARG002
    ) -> Json:
        """Run a package on a throw-away machine; what it does outside its folder is real.

        Returns:
            One finding for each demand of the handler contract.

        Raises:
            NotFoundError, InvalidRequestError, RunnerError: see ``service.checks.check``.
        """
        from connectedmachine.service.checks import Request, check

        request = Request(
            path=Path(path),
            previous=None if previous_path is None else Path(previous_path),
            publisher=publisher,
            type=type,
            version=version,
            os=None if operating_system is None else _os(operating_system),
            settings=settings,
            protected=protected_settings,
            window=window,
        )
        return {"value": [_finding_view(found) for found in check(request, self.clock, follow)]}

    def image_list(
        self,
        *,
        publisher: str | None = None,
        type: str | None = None,
        gallery: str | None = None,
    ) -> Json:
        """Published versions, newest first, withdrawn ones included."""
        images = all_images(self.store) if gallery is None else find_gallery(self.store, gallery).images()
        chosen = [
            image
            for image in images
            if (publisher is None or image.handler.publisher.lower() == publisher.lower())
            and (type is None or image.handler.type.lower() == type.lower())
        ]
        chosen.sort(key=lambda image: image.version, reverse=True)
        chosen.sort(key=lambda image: image.handler.key)
        return {"value": [image_view(image) for image in chosen]}

    def gallery_add(
        self,
        *,
        name: str,
        path: str,
        follow: Follower,  # noqa: ARG002
        initiator: str = "",  # noqa: ARG002
    ) -> Json:
        """Let the machines use a gallery folder, which is made when it does not exist.

        Raises:
            ConflictError: ``GalleryExists``: the name stands for another folder.
            InvalidRequestError: ``InvalidName``, ``InvalidRequestContent``.
        """
        if not _NAME.fullmatch(name):
            raise InvalidRequestError(
                "InvalidName",
                f"'{name}' is not a valid gallery name.",
                target=name,
                hint="Use 1 to 64 letters, digits, '-', '_' or '.'.",
            )
        if not path.strip():
            raise InvalidRequestError(
                "InvalidRequestContent", "A gallery needs a folder.", target="path", hint="Give its path."
            )
        folder = Path(path).absolute()
        with self.store.transaction():
            return self._add(name, folder)

    def _add(self, name: str, folder: Path) -> Json:
        known = {found.name.lower(): found for found in galleries(self.store)}.get(name.lower())
        if known is not None:
            if known.root == folder:
                return _gallery_view(known.name, known.root)
            raise ConflictError(
                "GalleryExists",
                f"Gallery '{name}' exists and is {known.root}.",
                target=name,
                hint="Remove it first, or choose another name.",
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidRequestError(
                "InvalidRequestContent",
                f"'{folder}' cannot be a gallery folder: {error.strerror}.",
                target=str(folder),
                hint="Give a folder that exists or can be made.",
            ) from error
        self.store.galleries.add(name, folder)
        return _gallery_view(name, folder)

    def gallery_list(self, *, name: str | None = None) -> Json:
        """The galleries in the order in which they are asked; raises NotFoundError for an unknown name."""
        found = galleries(self.store) if name is None else [find_gallery(self.store, name)]
        return {"value": [_gallery_view(source.name, source.root) for source in found]}

    def gallery_remove(
        self,
        *,
        name: str,
        follow: Follower,  # noqa: ARG002
        initiator: str = "",  # noqa: ARG002
    ) -> Json:
        """Stop using a gallery; its folder stays as it is.

        Raises:
            InvalidRequestError: ``DefaultGallery`` for the one that is always there.
        """
        if name.lower() == DEFAULT_GALLERY:
            raise InvalidRequestError(
                "DefaultGallery",
                "The default gallery cannot be removed.",
                target=name,
                hint="Unpublish its versions instead.",
            )
        return {"removed": self.store.galleries.remove(name)}


def _gallery_view(name: str, path: Path) -> Json:
    return {"name": name, "path": str(path), "isDefault": name == DEFAULT_GALLERY}


def _finding_view(found: Finding) -> Json:
    return {
        "name": found.name,
        "demand": found.demand,
        "observed": found.observed,
        "result": found.result.value,
        "contractSection": found.section,
    }


def _os(text: str) -> OSType:
    found = {"linux": OSType.LINUX, "windows": OSType.WINDOWS}.get(text.lower())
    if found is None:
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"'{text}' is no operating system that a package can be for.",
            target="operatingSystem",
            hint="Use Linux or Windows.",
        )
    return found


def _architecture(text: str) -> Architecture:
    try:
        return Architecture(text.lower())
    except ValueError:
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"'{text}' is no architecture that a package can be for.",
            target="architecture",
            hint="Use x64, arm64 or any.",
        ) from None
