"""The verified zips in ``packages/``, which all machines of a state root share."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from connectedmachine.agent.images import galleries
from connectedmachine.agent.places import Places
from connectedmachine.gallery.gallery import is_whole, unfinished_fetches
from connectedmachine.gallery.package import read_manifest
from connectedmachine.model.errors import (
    ConnectedMachineError,
    HandlerError,
    PackageError,
    PermissionDeniedError,
    StoreError,
)
from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Operation, PackageRef
from connectedmachine.store import Store


def verified_package(store: Store, places: Places, handler: HandlerName, ref: PackageRef) -> Path:
    """The zip of a version: the pinned one if it is whole, else from any gallery that has the same bytes.

    Raises:
        PackageError: ``PackageNotFound``, or what is wrong with the one that a gallery has.
        PermissionDeniedError, StoreError: a gallery that has it, or the pinned one, cannot be read.
        DiskFullError: there is no room for it.
    """
    pinned = places.packages / f"{ref.sha256}.zip"
    if is_whole(pinned, ref.sha256):
        return pinned
    problem: ConnectedMachineError | None = None
    for source in galleries(store):
        for image in source.images():
            if image.sha256 == ref.sha256 and image.version == ref.version:
                try:
                    return source.fetch(image, places.packages, owner=places.machine_id)
                except (PackageError, PermissionDeniedError, StoreError) as error:
                    problem = error  # of this gallery; another one may have it
    raise problem or PackageError(
        "PackageNotFound",
        f"No gallery offers {handler} {ref.version} any more.",
        target=f"{handler} {ref.version}",
        hint="Publish this version again; the operation goes on by itself.",
    )


def fitting_manifest(package: Path, operation: Operation) -> HandlerManifest:
    """The manifest of an operation's new version, read before anything is unpacked.

    Raises:
        HandlerError: ``MultipleExtensionsNotSupported``: it serves one, and the operation covers several.
        PackageError: as ``read_manifest``.
    """
    manifest = read_manifest(package)
    version = f"{operation.handler} {operation.new.version}"
    names = ", ".join(f"'{instance.name}'" for instance in operation.instances)
    if len(operation.instances) > 1 and not manifest.supports_multiple_extensions:
        raise HandlerError(
            "MultipleExtensionsNotSupported",
            f"{version} cannot have several extensions, and there are {names}.",
            target=version,
            hint="Remove all of them but one, or hold this version.",
        )
    return manifest


def delete_unpinned(store: Store, places: Places) -> None:
    """Delete the zips, and the lists of their contents, that nothing unfinished or installed may need again.

    The caller holds the machine's effects lock, so what a killed fetch of its own left goes, too. What cannot
    be deleted now is by the next look.
    """
    for left in unfinished_fetches(places.packages, places.machine_id):
        with suppress(OSError):
            left.unlink()
    # Inside a transaction no operation can begin and count on a zip that is being deleted.
    with store.transaction():
        pinned = store.operations.pinned()
        for path in (*places.packages.glob("*.zip"), *places.contents.glob("*.json")):
            if path.stem not in pinned:
                with suppress(OSError):
                    path.unlink()
