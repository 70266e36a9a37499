"""Which version a request means, and what the user should know about it (design page, section 4)."""

from __future__ import annotations

from connectedmachine.model.errors import InvalidRequestError, NotFoundError
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.service.siblings import Siblings
from connectedmachine.service.under_way import refuse_if_pinned
from connectedmachine.upgrade.gate import refusal
from connectedmachine.upgrade.images import Images


class Versions(Siblings):
    """Part of the service that resolves the versions that requests ask for."""

    def _resolve(
        self, machine: Machine, extension: Extension, text: str | None, images: Images, *, widen: bool
    ) -> Version | None:
        """The version that a request means now; ``None`` when no gallery offers the type at all.

        Raises:
            PermissionDeniedError: ``ExtensionNotAllowed``.
            ConflictError: ``VersionPinned`` when pins exclude all that it could mean.
            InvalidRequestError: ``PlatformMismatch``.
            NotFoundError: ``ResourceNotFound`` when nothing matches.
        """
        handler, pins = extension.handler, self._pins(machine, extension)
        request = VersionRequest.parse(text)
        wanted = request.widened_to_major() if widen else request
        configuration = self.store.configurations.of(machine.id)
        best = images.best(handler, machine.platform, wanted, configuration, pins)
        if best is not None:
            return best.version
        excluded = images.best(handler, machine.platform, wanted, configuration)
        if excluded is not None:
            refuse_if_pinned(pins, extension.name, excluded.version)
        newest = images.best(handler, machine.platform, wanted)
        refused = None if newest is None else refusal(configuration, handler, newest.version)
        if refused is not None:
            raise refused.error(str(handler))
        if not images.of(handler):
            return None
        fitting = images.fitting(handler, machine.platform)
        if not fitting:
            raise InvalidRequestError(
                "PlatformMismatch",
                f"No image of '{handler}' is for {machine.platform.os} {machine.platform.architecture}.",
                target=str(handler),
                hint="Publish a package for this platform.",
            )
        raise NotFoundError(
            "ResourceNotFound",
            f"No version of '{handler}' matches '{request}'.",
            target=str(request),
            hint="There are: " + ", ".join(str(image.version) for image in fitting[:5]) + ".",
        )

    def _about(
        self, machine: Machine, extension: Extension, target: Version | None, images: Images
    ) -> list[str]:
        if target is None:
            return [
                f"No gallery offers '{extension.handler}' yet; it is installed when a version is published"
                " and an upgrade pass runs."
            ]
        installed = extension.installed
        if installed is None or not extension.automatic_upgrade or target >= installed.version:
            return []
        newest = images.best(
            extension.handler,
            machine.platform,
            VersionRequest((target.major,)),
            self.store.configurations.of(machine.id),
            self._pins(machine, extension),
        )
        if newest is None or newest.version <= target:
            return []
        return [
            f"'{extension.name}' is enrolled, so the next pass moves it on to {newest.version};"
            f" Add-AzConnectedMachineUpgradePin -Version '{target}' keeps it there."
        ]
