"""What a machine's own administrator lets extensions do there: the Arc agent's security controls.

Names and meaning are azcmagent's (``extensions.enabled``, ``extensions.allowlist``,
``extensions.blocklist``, ``config.mode``; handler contract 3.3). An entry may also name versions, which
Arc's cannot: ``Publisher/Type@1.10`` covers 1.10 and 1.10.*.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version, VersionRequest

LONGEST_LIST = 1000
"""Entries in one list: more is a mistake, and every plan reads them."""

_NOTHING = "allow/none"
_EVERY = VersionRequest()


class Mode(StrEnum):
    """``config.mode``: ``monitor`` admits the extensions of ``model.monitor_mode`` alone."""

    FULL = "full"
    MONITOR = "monitor"


@dataclass(frozen=True)
class Entry:
    """One entry of an allowlist or blocklist; without ``versions`` it covers every version.

    ``Allow/None`` covers nothing: as the only entry of an allowlist it blocks every extension, as in Arc.
    """

    handler: HandlerName
    versions: VersionRequest = _EVERY

    @classmethod
    def parse(cls, text: str) -> Entry:
        """Read ``Publisher/Type`` or ``Publisher/Type@1.10``.

        Raises:
            InvalidRequestError: ``InvalidListEntry``.
        """
        name, at, versions = text.strip().partition("@")
        publisher, slash, type_ = name.partition("/")
        if not slash or (at and not versions):
            raise _invalid(text)
        try:
            return cls(HandlerName.checked(publisher, type_), VersionRequest.parse(versions))
        except InvalidRequestError:
            raise _invalid(text) from None

    @cached_property
    def covers_nothing(self) -> bool:
        return str(self).lower() == _NOTHING

    def names(self, handler: HandlerName) -> bool:
        """Say whether it is about that handler, whatever the version."""
        return self.handler.key == handler.key and not self.covers_nothing

    def covers(self, handler: HandlerName, version: Version | None) -> bool:
        """Say whether it covers a version; ``None`` asks about the handler as a whole."""
        if not self.names(handler):
            return False
        if self.versions == _EVERY:
            return True
        if version is None:
            return False
        numbers = self.versions.numbers
        # What is said of 1.10 is said of its pre-releases too.
        return self.versions.matches(version) or (
            not self.versions.tag and version.parts[: len(numbers)] == numbers
        )

    def __str__(self) -> str:
        versions = str(self.versions)
        return f"{self.handler.publisher}/{self.handler.type}{'@' if versions else ''}{versions}"


@dataclass(frozen=True)
class Configuration:
    """A machine's configuration; the default admits everything."""

    extensions_enabled: bool = True
    allow_list: tuple[Entry, ...] = ()
    block_list: tuple[Entry, ...] = ()
    mode: Mode = Mode.FULL

    @cached_property
    def admits_everything(self) -> bool:
        return self == Configuration()


def entries(texts: list[str]) -> tuple[Entry, ...]:
    """Read a list; what is listed twice counts once.

    Raises:
        InvalidRequestError: ``InvalidListEntry``.
    """
    found: dict[str, Entry] = {}
    for entry in map(Entry.parse, texts):
        found.setdefault(str(entry).lower(), entry)
    if len(found) > LONGEST_LIST:
        raise InvalidRequestError(
            "InvalidListEntry",
            f"A list of {len(found)} entries is longer than {LONGEST_LIST}.",
            hint="Name what is to be allowed in place of what is not.",
        )
    return tuple(found.values())


def _invalid(text: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidListEntry",
        f"'{text}' names no extension.",
        target=text,
        hint="Write Publisher/Type, or Publisher/Type@1.10 for versions that begin so.",
    )
