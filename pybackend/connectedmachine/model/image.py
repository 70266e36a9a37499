"""Extension images: published versions of a handler, and what they run on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version


class OSType(StrEnum):
    """Operating systems as Azure names them in ``osType`` (lower case on the wire)."""

    LINUX = "linux"
    WINDOWS = "windows"
    MACOS = "macos"

    # Enum's own is a Python call; a plan looks platforms up by the hundred thousand.
    __hash__ = str.__hash__


class Architecture(StrEnum):
    X64 = "x64"
    ARM64 = "arm64"
    ANY = "any"

    __hash__ = str.__hash__


@dataclass(frozen=True)
class Platform:
    """What a machine is, or what an image is built for."""

    os: OSType
    architecture: Architecture

    def runs_on(self, machine: Platform) -> bool:
        """Say whether an image for this platform runs on ``machine``.

        macOS is Linux's twin for the sake of development: packages for Linux that hold to POSIX run there.
        """
        same_os = self.os == machine.os or (self.os, machine.os) == (OSType.LINUX, OSType.MACOS)
        return same_os and self.architecture in (Architecture.ANY, machine.architecture)


@dataclass(frozen=True)
class ExtensionImage:
    """One published version of a handler in one gallery; may be withdrawn, never changed.

    ``length`` is in bytes, ``sha256`` in lower-case hexadecimal.
    """

    gallery: str
    handler: HandlerName
    version: Version
    platform: Platform
    supports_automatic_upgrade: bool
    sha256: str
    length: int
    published: str
    withdrawn: bool = False
