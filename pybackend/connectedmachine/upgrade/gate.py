"""Whether a machine's configuration admits an extension (handler contract 3.3; Arc's extension security).

The blocklist wins over the allowlist; an allowlist that is not empty blocks what it does not name; monitor
mode narrows both to its own list. Removal is not asked about: Arc always accepts it, so that what is denied
can be taken away. With ``extensions.enabled`` false nothing runs at all, removal included.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectedmachine.model.configuration import Configuration, Mode
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.monitor_mode import ADMITTED
from connectedmachine.model.version import Version

NOT_ALLOWED = "ExtensionNotAllowed"
DISABLED = "ExtensionsDisabled"
REFUSALS = frozenset({NOT_ALLOWED, DISABLED})

_MONITORED = frozenset(entry.replace("/", ".").lower() for entry in ADMITTED)


@dataclass(frozen=True)
class Refusal:
    """Why something is not admitted: ``code``, and the rule that says so in one sentence."""

    code: str
    message: str
    hint: str

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
        return _not_allowed(f"{what} is blocked on this machine: '{blocking}' is in extensions.blocklist.")
    if configuration.mode is Mode.MONITOR and handler.key not in _MONITORED:
        return _not_allowed(f"{what} is blocked on this machine: config.mode is monitor.")
    if not configuration.allow_list:
        return None
    if version is None:
        admitted = any(entry.names(handler) for entry in configuration.allow_list)
    else:
        admitted = any(entry.covers(handler, version) for entry in configuration.allow_list)
    if admitted:
        return None
    return _not_allowed(f"{what} is blocked on this machine: extensions.allowlist does not name it.")


def _not_allowed(message: str) -> Refusal:
    return Refusal(
        NOT_ALLOWED,
        message,
        "An administrator of the machine changes that with Set-AzConnectedMachineConfiguration.",
    )
