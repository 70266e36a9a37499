"""The images of all galleries that the machines use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectedmachine.agent.places import DEFAULT_GALLERY, default_gallery
from connectedmachine.model.errors import NotFoundError
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.image import ExtensionImage
from connectedmachine.store import Store
from connectedmachine.upgrade.images import Images

if TYPE_CHECKING:
    from connectedmachine.gallery.gallery import Gallery


def galleries(store: Store) -> list[Gallery]:
    """The default gallery first, then the added ones in their order."""
    # Packages, zips and hashes are of no use to whoever only reads the store.
    from connectedmachine.gallery.gallery import Gallery

    found = [Gallery(DEFAULT_GALLERY, default_gallery(store.home))]
    return found + [Gallery(name, path) for name, path in store.galleries.list()]


def gallery(store: Store, name: str) -> Gallery:
    """The gallery of that name.

    Raises:
        NotFoundError: ``ResourceNotFound``.
    """
    for candidate in galleries(store):
        if candidate.name.lower() == name.lower():
            return candidate
    raise NotFoundError(
        "ResourceNotFound",
        f"There is no gallery '{name}'.",
        target=name,
        hint="Get-AzConnectedMachineGallery lists them; Add-AzConnectedMachineGallery adds one.",
    )


def manifest_in_gallery(store: Store, image: ExtensionImage) -> HandlerManifest:
    """What an image's package says of itself; the package is verified when an operation fetches it.

    Raises:
        PackageError: The package is gone, damaged or no handler package.
    """
    return gallery(store, image.gallery).manifest(image)


def all_images(store: Store) -> list[ExtensionImage]:
    """Every image of every gallery, withdrawn ones included."""
    return [image for source in galleries(store) for image in source.images()]


def offered(store: Store) -> Images:
    """What can be chosen now."""
    return Images(all_images(store))
