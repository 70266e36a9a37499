"""What can be put on a machine: publishers, their types, and the versions that galleries offer.

Azure answers these for a location; here every location has the same galleries. Names come back in lower
case, as Azure has them (REST reference, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable

from connectedmachine.agent.images import all_images
from connectedmachine.model.errors import NotFoundError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import ExtensionImage
from connectedmachine.model.version import Version
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.views import Json, metadata_view, publisher_view, type_view


class MetadataService(ServiceBase):
    def metadata_list(self, *, location: str, publisher: str, type: str) -> Json:
        """The versions of a type that can be chosen, newest first.

        Raises:
            NotFoundError: ``ResourceNotFound``: neither the catalogue nor a gallery knows the type.
        """
        found = self._versions(publisher, type)
        return {"value": [metadata_view(location, found[version]) for version in sorted(found, reverse=True)]}

    def metadata_get(self, *, location: str, publisher: str, type: str, version: str) -> Json:
        """One version; raises NotFoundError ``ResourceNotFound``, InvalidRequestError ``InvalidVersion``."""
        wanted = Version.parse(version)
        images = self._versions(publisher, type).get(wanted)
        if images is None:
            raise NotFoundError(
                "ResourceNotFound",
                f"No gallery offers version '{version}' of '{publisher}.{type}'.",
                target=version,
                hint="Get-AzConnectedExtensionMetadataV2 lists the versions.",
            )
        return metadata_view(location, images)

    def publisher_list(self, *, location: str) -> Json:
        """Every publisher that the catalogue or a gallery knows."""
        publishers = sorted({handler.publisher.lower() for handler in self._handlers()})
        return {"value": [publisher_view(location, publisher) for publisher in publishers]}

    def type_list(self, *, location: str, publisher: str) -> Json:
        """The types of a publisher.

        Raises:
            NotFoundError: ``ResourceNotFound``: nobody knows the publisher.
        """
        wanted = publisher.lower()
        types = sorted({h.type.lower() for h in self._handlers() if h.publisher.lower() == wanted})
        if not types:
            raise NotFoundError(
                "ResourceNotFound",
                f"Neither the catalogue nor a gallery knows the publisher '{publisher}'.",
                target=publisher,
                hint="Get-AzConnectedExtensionPublisher lists the publishers.",
            )
        return {"value": [type_view(location, publisher, type_) for type_ in types]}

    def _versions(self, publisher: str, type_: str) -> dict[Version, list[ExtensionImage]]:
        handler = HandlerName(publisher, type_)
        found: dict[Version, list[ExtensionImage]] = {}
        for image in all_images(self.store):
            if image.handler.key == handler.key and not image.withdrawn:
                found.setdefault(image.version, []).append(image)
        if not found and all(known.key != handler.key for known in self._handlers()):
            raise NotFoundError(
                "ResourceNotFound",
                f"Neither the catalogue nor a gallery knows '{handler}'.",
                target=str(handler),
                hint="Get-AzConnectedExtensionType lists the types of a publisher.",
            )
        return found

    def _handlers(self) -> Iterable[HandlerName]:
        from connectedmachine.gallery.catalogue import Catalogue

        yield from (entry.handler for entry in Catalogue.load().entries)
        yield from (image.handler for image in all_images(self.store))
