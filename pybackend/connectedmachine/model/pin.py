"""Pins: which versions of an extension may be taken at all, whoever asks for one (decision 21)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectedmachine.model.version import Version, VersionRequest


class PinKind(StrEnum):
    """What a pin does with the versions it names."""

    EXACT = "Exact"
    PREFIX = "Prefix"
    BLOCK = "Block"


@dataclass(frozen=True)
class Pin:
    """A user's word that an extension takes no version but ``version``, or, of kind block, never that.

    An extension has one exact or prefix pin at most, and any number of blocks.
    """

    extension: str
    kind: PinKind
    version: VersionRequest
    reason: str
    created: datetime

    @classmethod
    def of(
        cls, extension: str, version: VersionRequest, reason: str, created: datetime, *, block: bool
    ) -> Pin:
        """A pin of the kind that ``version`` makes it: four numbers are exact, fewer are a prefix."""
        kept = PinKind.EXACT if version.is_exact else PinKind.PREFIX
        return cls(extension, PinKind.BLOCK if block else kept, version, reason, created)

    def excludes(self, version: Version) -> bool:
        """Say whether it keeps the extension from taking ``version``."""
        return self.version.covers(version) is (self.kind is PinKind.BLOCK)

    def __str__(self) -> str:
        return f"{'block of' if self.kind is PinKind.BLOCK else 'pin to'} {self.version}"
