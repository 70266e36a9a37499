"""What a handler package says of itself and reports: manifest facts and health states."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Command(StrEnum):
    """The five handler commands (handler contract 2.1), and a sixth that some manifests offer (1.2)."""

    INSTALL = "install"
    ENABLE = "enable"
    DISABLE = "disable"
    UPDATE = "update"
    UNINSTALL = "uninstall"
    RESET_STATE = "resetState"


@dataclass(frozen=True)
class HandlerManifest:
    """The keys of element 0 of HandlerManifest.json that a runtime acts on (handler contract 1.2).

    ``commands`` maps each command to its package-relative command line, as written.
    """

    commands: dict[Command, str]
    update_with_install: bool = True
    continue_on_update_failure: bool = False
    report_heartbeat: bool = False
    supports_multiple_extensions: bool = False

    def to_json(self) -> dict[str, object]:
        """The journal's form of it."""
        return {
            "commands": {command.value: line for command, line in self.commands.items()},
            "updateWithInstall": self.update_with_install,
            "continueOnUpdateFailure": self.continue_on_update_failure,
            "reportHeartbeat": self.report_heartbeat,
            "supportsMultipleExtensions": self.supports_multiple_extensions,
        }

    @classmethod
    def from_json(cls, data: dict[str, object]) -> HandlerManifest:
        """Read what ``to_json`` wrote."""
        commands = data["commands"]
        assert isinstance(commands, dict)
        return cls(
            {Command(name): str(line) for name, line in commands.items()},
            bool(data["updateWithInstall"]),
            bool(data["continueOnUpdateFailure"]),
            bool(data["reportHeartbeat"]),
            bool(data["supportsMultipleExtensions"]),
        )


class StatusKind(StrEnum):
    """``status.status`` of a handler's status file (handler contract 1.6)."""

    TRANSITIONING = "transitioning"
    WARNING = "warning"
    ERROR = "error"
    SUCCESS = "success"


@dataclass(frozen=True)
class HandlerStatus:
    """One reading of ``status/<seq>.status``.

    ``written`` is the file's modification time in seconds since the epoch, ``None`` when there is no
    file: only a report written after the enable in question counts (design page, section 6).
    """

    kind: StatusKind
    code: str
    message: str
    written: float | None


@dataclass(frozen=True)
class Heartbeat:
    """One reading of the heartbeat file: what it says and how old it is, in seconds."""

    ready: bool
    message: str
    age: float
