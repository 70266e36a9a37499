"""The documented extensions of Azure Arc-enabled servers, as data (``catalogue.json``).

Whether a publisher supports automatic upgrade is what Azure's pages say; an image in a gallery says it for
itself. The catalogue answers for extensions of which no image is there yet.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import OSType


@dataclass(frozen=True)
class CatalogueEntry:
    """One documented extension; ``name`` is for people."""

    name: str
    handler: HandlerName
    os: OSType
    supports_automatic_upgrade: bool


class Catalogue:
    """The documented extensions; handlers and publishers are compared without regard to case."""

    def __init__(self, entries: list[CatalogueEntry]) -> None:
        self.entries = tuple(entries)
        self._by_key = {entry.handler.key: entry for entry in entries}

    @staticmethod
    @cache
    def load() -> Catalogue:
        """The catalogue that comes with the product, read once per process."""
        text = resources.files("connectedmachine").joinpath("gallery", "catalogue.json").read_text("utf-8")
        return Catalogue(
            [
                CatalogueEntry(
                    entry["name"],
                    HandlerName(entry["publisher"], entry["type"]),
                    OSType(entry["os"]),
                    entry["supportsAutomaticUpgrade"],
                )
                for entry in json.loads(text)["extensions"]
            ]
        )

    def knows(self, handler: HandlerName) -> bool:
        """Say whether the handler is documented."""
        return handler.key in self._by_key

    def supports_automatic_upgrade(self, handler: HandlerName) -> bool | None:
        """What its publisher supports; ``None`` if the handler is not documented."""
        entry = self._by_key.get(handler.key)
        return entry.supports_automatic_upgrade if entry else None

    def type_for(self, publisher: str, os: OSType) -> list[CatalogueEntry]:
        """What a publisher offers for an operating system; where it is one, a missing type means that one.

        macOS gets Linux's: those packages run there (``Platform.runs_on``).
        """
        wanted = OSType.LINUX if os is OSType.MACOS else os
        return [
            entry
            for entry in self.entries
            if entry.os is wanted and entry.handler.publisher.lower() == publisher.lower()
        ]
