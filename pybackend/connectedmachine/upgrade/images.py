"""What the galleries offer, as plans look at it: by handler, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectedmachine.model.configuration import Configuration
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import ExtensionImage, Platform
from connectedmachine.model.pin import Pin
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.upgrade.gate import refusal
from connectedmachine.upgrade.restraint import pinned_out

_OPEN = Configuration()


class Images:
    """The images of all galleries by handler, newest first, without those that were withdrawn."""

    def __init__(self, images: Iterable[ExtensionImage]) -> None:
        by_handler: dict[str, list[ExtensionImage]] = {}
        for image in images:
            if not image.withdrawn:
                by_handler.setdefault(image.handler.key, []).append(image)
        for found in by_handler.values():
            # A stable sort: of equal versions the one of the gallery that was added first wins.
            found.sort(key=lambda image: image.version, reverse=True)
        self._by_handler = by_handler
        self._fitting: dict[tuple[str, Platform], list[ExtensionImage]] = {}
        self._newer: dict[tuple[str, Platform, Version], list[ExtensionImage]] = {}

    def of(self, handler: HandlerName) -> list[ExtensionImage]:
        """Every image of a handler, whatever its platform."""
        return self._by_handler.get(handler.key, [])

    def fitting(self, handler: HandlerName, platform: Platform) -> list[ExtensionImage]:
        """Those that run on a platform, newest first."""
        key = (handler.key, platform)
        found = self._fitting.get(key)
        if found is None:
            found = [image for image in self.of(handler) if image.platform.runs_on(platform)]
            self._fitting[key] = found
        return found

    def newer(self, handler: HandlerName, platform: Platform, than: Version) -> list[ExtensionImage]:
        """Those that an automatic upgrade from a version may choose from: fitting, and no pre-releases."""
        key = (handler.key, platform, than)
        found = self._newer.get(key)
        if found is None:
            fitting = self.fitting(handler, platform)
            found = [i for i in fitting if not i.version.tag and i.version.order > than.order]
            self._newer[key] = found
        return found

    def best(
        self,
        handler: HandlerName,
        platform: Platform,
        request: VersionRequest,
        configuration: Configuration = _OPEN,
        pins: Sequence[Pin] = (),
    ) -> ExtensionImage | None:
        """The highest image that was asked for, runs on the platform, and is admitted there."""
        return next(self.matching(handler, platform, request, configuration, pins), None)

    def matching(
        self,
        handler: HandlerName,
        platform: Platform,
        request: VersionRequest,
        configuration: Configuration = _OPEN,
        pins: Sequence[Pin] = (),
    ) -> Iterator[ExtensionImage]:
        """As ``best``, every one of them, newest first."""
        return (
            image
            for image in self.fitting(handler, platform)
            if request.matches(image.version)
            and pinned_out(pins, image.version) is None
            and refusal(configuration, handler, image.version) is None
        )
