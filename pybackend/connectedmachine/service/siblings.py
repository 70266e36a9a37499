"""Several extensions of one handler on one machine: whether there may be, and what they share (design page,
section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectedmachine.agent.images import manifest_in_gallery
from connectedmachine.model.errors import PackageError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.pin import Pin
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.service.under_way import UnderWay, conflict, refuse_if_pinned

if TYPE_CHECKING:
    from connectedmachine.model.image import ExtensionImage


class Siblings(UnderWay):
    """Part of the service that judges what extensions of one handler mean for each other."""

    def _siblings(self, machine: Machine, name: str, handler: HandlerName) -> list[Extension]:
        """The other extensions of a handler, installed or not."""
        found = self.store.extensions.of_handler(machine.id, handler)
        return [extension for extension in found if extension.name.lower() != name.lower()]

    def _refuse_second_extension(
        self, siblings: list[Extension], handler: HandlerName, image: ExtensionImage | None
    ) -> None:
        """Refuse a further extension unless the handler says that it serves several.

        The manifest of what is installed says it; before anything is, that of the image it would be.
        """
        if not siblings:
            return
        manifest = next((s.installed.manifest for s in siblings if s.installed is not None), None)
        if manifest is None and image is not None:
            try:
                manifest = manifest_in_gallery(self.store, image)
            except PackageError:
                manifest = None  # the operation that fetches it says what is wrong with it
        if manifest is not None and manifest.supports_multiple_extensions:
            return
        other = siblings[0].name
        raise conflict(
            other,
            f"Extension '{other}' of '{handler}' is on the machine, and one is all there can be.",
            f"Change '{other}', or remove it first.",
        )

    def _joined_version(
        self, machine: Machine, extension: Extension, request: VersionRequest
    ) -> Version | None:
        """The version that a further extension joins: what the others have or are about to get, if it fits.

        Raises:
            ConflictError: ``HCRP409`` while that is being changed; ``VersionPinned``.
        """
        siblings = self._siblings(machine, extension.name, extension.handler)
        for sibling in siblings:
            operation = self._unfinished(machine, sibling.name)
            changes = operation is not None and operation.kind is OperationKind.CHANGE_VERSION
            wanted = sibling.installed is not None and sibling.target is not None
            if changes or wanted:
                raise conflict(
                    extension.name,
                    f"The version of '{extension.handler}' that '{sibling.name}' has is being changed.",
                    "Try again when it is done.",
                )
        # One whose rollback was stopped has nothing that could be joined.
        sound = [sibling for sibling in siblings if not sibling.stopped]
        installed = next((s.installed.version for s in sound if s.installed is not None), None)
        shared = installed or next((s.target for s in sound if s.target is not None), None)
        if shared is None or not request.matches(shared):
            return None
        refuse_if_pinned(self.store.policies.pins(machine.id, extension.name), extension.name, shared)
        return shared

    def _pins(self, machine: Machine, extension: Extension) -> list[Pin]:
        """The pins that bind a change of its version: its own, and those of what would move along."""
        siblings = self._siblings(machine, extension.name, extension.handler)
        names = [extension.name, *(s.name for s in siblings if s.installed is not None)]
        return [pin for name in names for pin in self.store.policies.pins(machine.id, name)]

    def _is_shared(self, machine: Machine, extension: Extension) -> bool:
        """Say whether others have its handler installed, and it is to be enabled there."""
        siblings = self._siblings(machine, extension.name, extension.handler)
        return any(s.installed is not None and not s.stopped for s in siblings)

    def _removal_in_words(self, machine: Machine, extension: Extension) -> str:
        installed = extension.installed
        if installed is None:
            return "remove (nothing is installed)"
        siblings = self._siblings(machine, extension.name, extension.handler)
        staying = ", ".join(f"'{s.name}'" for s in siblings if s.installed is not None)
        if staying:
            return f"disable and remove it alone; {extension.handler} {installed.version} stays for {staying}"
        return f"remove {installed.version}"

    def _about_siblings(self, machine: Machine, extension: Extension, target: Version | None) -> list[str]:
        """Warn of the extensions that a change of version takes along."""
        along = self._along(machine, extension, target)
        if not along:
            return []
        verb = "moves" if len(along) == 1 else "move"
        names = ", ".join(f"'{name}'" for name in along)
        return [f"{names} of the same handler {verb} to {target} along with '{extension.name}'."]

    def _along(self, machine: Machine, extension: Extension, target: Version | None) -> list[str]:
        """The names of the extensions that a change to ``target`` takes along."""
        siblings = self._siblings(machine, extension.name, extension.handler)
        installed = [(s.name, s.installed.version) for s in siblings if s.installed is not None]
        return [name for name, version in installed if target not in (None, version)]
