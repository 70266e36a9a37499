"""A gallery in memory, and what its releases are like."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from connectedmachine.model.handler import Command, HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Architecture, ExtensionImage, OSType, Platform
from connectedmachine.model.version import Version
from connectedmachine.upgrade.images import Images

PLATFORM = Platform(OSType.LINUX, Architecture.X64)
_COMMANDS = {command: f"bin/{command}" for command in Command}


@dataclass(frozen=True)
class Release:
    """A published version.

    Attributes:
        bad: It cannot be gone to.
        sticky: It cannot be left for another.
    """

    handler: HandlerName
    version: Version
    manifest: HandlerManifest
    bad: bool = False
    sticky: bool = False

    @property
    def sha256(self) -> str:
        return hashlib.sha256(f"{self.handler} {self.version}".encode()).hexdigest()


def manifest(
    *, update_with_install: bool = True, continue_on_update_failure: bool = False, several: bool = False
) -> HandlerManifest:
    """What a package says of itself."""
    return HandlerManifest(
        _COMMANDS,
        update_with_install=update_with_install,
        continue_on_update_failure=continue_on_update_failure,
        supports_multiple_extensions=several,
    )


@dataclass
class Gallery:
    """What is published. ``reachable``: as long as it is not, nothing is offered and nothing comes."""

    releases: dict[str, Release] = field(default_factory=dict)
    reachable: bool = True
    _images: Images | None = None

    def publish(self, release: Release) -> None:
        self.releases[release.sha256] = release
        self._images = None

    def of(self, handler: HandlerName) -> list[Release]:
        """The releases of a handler, oldest first."""
        return sorted((r for r in self.releases.values() if r.handler == handler), key=lambda r: r.version)

    def images(self) -> Images:
        """What can be chosen from now."""
        if not self.reachable:
            return _NOTHING
        if self._images is None:
            self._images = Images(map(_image, self.releases.values()))
        return self._images


_NOTHING = Images([])


def _image(release: Release) -> ExtensionImage:
    return ExtensionImage(
        "memory", release.handler, release.version, PLATFORM, True, release.sha256, 1, "2026-01-01"
    )  # fmt: skip
