"""Extension versions: how they are written, compared and asked for.

Rules (design page section 4, handler contract 4.1): one to four numeric parts, compared zero-padded;
a request is a numeric prefix; a pre-release tag is chosen only when it is asked for exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from connectedmachine.model.errors import InvalidRequestError

# A tag becomes part of a folder name, which on Windows loses a dot at its end.
_TAG = r"(?=.{1,32}\Z)[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*"
_TEXT = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}}){{0,3}})(?:-({_TAG}))?", re.ASCII)
_PARTS = 4


@dataclass(frozen=True)
class Version:
    """A full version: four numbers, and a pre-release tag or ``""``.

    A tagged version sorts before the same numbers without a tag.
    """

    parts: tuple[int, int, int, int]
    tag: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.10``, ``9.5.10.2640`` or ``2.0.0-beta1``; missing parts are zero.

        Raises:
            InvalidRequestError: ``InvalidVersion`` when the text is not a version.
        """
        numbers, tag = _split(text)
        padded = numbers + (0,) * (_PARTS - len(numbers))
        return cls((padded[0], padded[1], padded[2], padded[3]), tag)

    @property
    def major(self) -> int:
        return self.parts[0]

    @cached_property
    def order(self) -> tuple[tuple[int, ...], bool, str]:
        """What versions are compared by."""
        return (self.parts, not self.tag, self.tag)

    # Written out: a plan compares versions by the hundred thousand, and total_ordering triples the cost.
    def __lt__(self, other: Version) -> bool:
        return self.order < other.order

    def __le__(self, other: Version) -> bool:
        return self.order <= other.order

    def __gt__(self, other: Version) -> bool:
        return self.order > other.order

    def __ge__(self, other: Version) -> bool:
        return self.order >= other.order

    @cached_property
    def _text(self) -> str:
        numbers = ".".join(map(str, self.parts))
        return f"{numbers}-{self.tag}" if self.tag else numbers

    def __str__(self) -> str:
        return self._text


@dataclass(frozen=True)
class VersionRequest:
    """What a user asked for: a prefix of one to four numbers, nothing, or an exact pre-release."""

    numbers: tuple[int, ...] = ()
    tag: str = ""

    @classmethod
    def parse(cls, text: str | None) -> VersionRequest:
        """Read a requested version; ``None`` and ``""`` ask for the newest.

        Raises:
            InvalidRequestError: ``InvalidVersion`` when the text is not a version.
        """
        return cls(*_split(text)) if text else cls()

    def matches(self, version: Version) -> bool:
        """Say whether ``version`` is one of those asked for."""
        if self.tag:
            return Version.parse(str(self)) == version
        return not version.tag and version.parts[: len(self.numbers)] == self.numbers

    @property
    def is_exact(self) -> bool:
        """Whether one version at most is meant."""
        return bool(self.tag) or len(self.numbers) == _PARTS

    def covers(self, version: Version) -> bool:
        """As ``matches``, and a prefix means the pre-releases below it too: what holds and pins ask."""
        if self.is_exact:
            return Version.parse(str(self)) == version
        return version.parts[: len(self.numbers)] == self.numbers

    def widened_to_major(self) -> VersionRequest:
        """The request that ``autoUpgradeMinorVersion`` makes of this one: any minor of its major."""
        return self if self.tag else VersionRequest(self.numbers[:1])

    def best_of(self, versions: Iterable[Version]) -> Version | None:
        """The highest version that matches, or ``None``."""
        return max(filter(self.matches, versions), default=None)

    def __str__(self) -> str:
        numbers = ".".join(str(part) for part in self.numbers)
        return f"{numbers}-{self.tag}" if self.tag else numbers


def _split(text: str) -> tuple[tuple[int, ...], str]:
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise InvalidRequestError(
            "InvalidVersion",
            f"'{text}' is not a version.",
            target=text,
            hint="Write one to four numbers separated by dots, for example 9.5 or 9.5.10.2640.",
        )
    return tuple(int(part) for part in match[1].split(".")), match[2] or ""
