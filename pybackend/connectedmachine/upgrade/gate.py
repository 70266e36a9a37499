"""Whether a machine's configuration admits an extension (handler contract 3.3; Arc's extension security).

The blocklist wins over the allowlist; an allowlist that is not empty blocks what it does not name; monitor
mode narrows both to its own list. Removal is not asked about: Arc always accepts it, so that what is denied
can be taken away. With ``extensions.enabled`` false nothing runs at all, removal included.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connectedmachine.model.configuration import Configuration, Mode
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.monitor_mode import ADMITTED
from connectedmachine.model.version import Version

NOT_ALLOWED = "ExtensionNotAllowed"
DISABLED = "ExtensionsDisabled"
REFUSALS = frozenset({NOT_ALLOWED, DISABLED})

_MONITORED = frozenset(entry.replace("/", ".").lower() for entry in ADMITTED)


class Rule(StrEnum):
    """The properties of a configuration that may refuse, by azcmagent's names."""

    ENABLED = "extensions.enabled"
    BLOCK_LIST = "extensions.blocklist"
    MODE = "config.mode"
    ALLOW_LIST = "extensions.allowlist"


@dataclass(frozen=True)
class Refusal:
    """Why something is not admitted: ``code``, the rule that says so in one sentence, and its value."""

    code: str
    message: str
    hint: str
    rule: Rule
    value: str

    def error(self, target: str) -> PermissionDeniedError:
        return PermissionDeniedError(self.code, self.message, target=target, hint=self.hint)


def disabled(configuration: Configuration) -> Refusal | None:
    """Why nothing of any extension may run, if so."""
    if configuration.extensions_enabled:
        return None
    return Refusal(
        DISABLED,
        "Extensions are switched off on this machine (extensions.enabled is false).",
        "An administrator of the machine switches them on with Set-AzConnectedMachineConfiguration.",
        Rule.ENABLED,
        "false",
    )


def refusal(configuration: Configuration, handler: HandlerName, version: Version | None) -> Refusal | None:
    """Why a version may not be installed, configured or upgraded to; ``None`` when it may.

    Args:
        version: ``None`` asks whether some version may be.
    """
    if configuration.admits_everything:
        return None
    off = disabled(configuration)
    if off is not None:
        return off
    named = f"{handler.publisher}/{handler.type}"
    what = f"'{named}'" if version is None else f"Version {version} of '{named}'"
    blocking = next((entry for entry in configuration.block_list if entry.covers(handler, version)), None)
    if blocking is not None:
        return _not_allowed(what, f"'{blocking}' is in extensions.blocklist", Rule.BLOCK_LIST, str(blocking))
    if configuration.mode is Mode.MONITOR and handler.key not in _MONITORED:
        return _not_allowed(what, "config.mode is monitor", Rule.MODE, Mode.MONITOR)
    if not configuration.allow_list:
        return None
    if version is None:
        admitted = any(entry.names(handler) for entry in configuration.allow_list)
    else:
        admitted = any(entry.covers(handler, version) for entry in configuration.allow_list)
    if admitted:
        return None
    named_there = ", ".join(map(str, configuration.allow_list))
    return _not_allowed(what, "extensions.allowlist does not name it", Rule.ALLOW_LIST, named_there)


def ruling(configuration: Configuration, handler: HandlerName, version: Version | None) -> Refusal | None:
    """What a plan meets first: nothing may run, no version may, this version may not."""
    return (
        disabled(configuration)
        or refusal(configuration, handler, None)
        or (None if version is None else refusal(configuration, handler, version))
    )


def _not_allowed(what: str, because: str, rule: Rule, value: str) -> Refusal:
    return Refusal(
        NOT_ALLOWED,
        f"{what} is blocked on this machine: {because}.",
        "An administrator of the machine changes that with Set-AzConnectedMachineConfiguration.",
        rule,
        value,
    )
