"""What a handler package says of itself and reports: manifest facts and health states."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Command(StrEnum):
    """The five handler commands (handler contract 2.1), and a sixth that some manifests offer (1.2)."""

    INSTALL = "install"
    ENABLE = "enable"
    DISABLE = "disable"
    UPDATE = "update"
    UNINSTALL = "uninstall"
    RESET_STATE = "resetState"


AGENT_COMMANDS = tuple(command for command in Command if command is not Command.RESET_STATE)
"""What Azure's agent runs, and every package needs; a handler may offer the other."""


@dataclass(frozen=True)
class ResourceLimits:
    """``resourceLimits`` of a manifest (handler contract 1.2); ``None`` limits nothing.

    ``cpu_percent`` is of one CPU, so 200 are two; ``memory_mib`` is in MiB. ``services`` are those of the
    host that have limits of their own, by name.
    """

    cpu_percent: float | None = None
    memory_mib: float | None = None
    services: tuple[str, ...] = ()


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
    resource_limits: ResourceLimits = ResourceLimits()

    def to_json(self) -> dict[str, object]:
        """The journal's form of it."""
        return {
            "commands": {command.value: line for command, line in self.commands.items()},
            "updateWithInstall": self.update_with_install,
            "continueOnUpdateFailure": self.continue_on_update_failure,
            "reportHeartbeat": self.report_heartbeat,
            "supportsMultipleExtensions": self.supports_multiple_extensions,
            "resourceLimits": asdict(self.resource_limits),
        }

    @classmethod
    def from_json(cls, data: dict[str, object]) -> HandlerManifest:
        """Read what ``to_json`` wrote."""
        commands = data["commands"]
        # Journals of earlier releases do not have it.
        limits = data.get("resourceLimits", {})
        assert isinstance(commands, dict)
        assert isinstance(limits, dict)
        return cls(
            {Command(name): str(line) for name, line in commands.items()},
            bool(data["updateWithInstall"]),
            bool(data["continueOnUpdateFailure"]),
            bool(data["reportHeartbeat"]),
            bool(data["supportsMultipleExtensions"]),
            ResourceLimits(**{**limits, "services": tuple(limits.get("services", ()))}),
        )


class StatusKind(StrEnum):
    """``status.status`` of a handler's status file (handler contract 1.6)."""

    TRANSITIONING = "transitioning"
    WARNING = "warning"
    ERROR = "error"
    SUCCESS = "success"


@dataclass(frozen=True)
class Substatus:
    """One component's part in a handler's status."""

    name: str
    kind: StatusKind
    code: str
    message: str


@dataclass(frozen=True)
class HandlerStatus:
    """One reading of ``status/<seq>.status``.

    Attributes:
        code: As the handler wrote it; 1012 and -1 stand for a file that breaks the rules or cannot be read.
        written: The file's modification time in seconds since the epoch, ``None`` when there is no file.
        name: What the handler calls itself or the operation; ``operation`` and ``applied`` (its
            ``configurationAppliedTime``) are its own words too, empty when it says nothing.
        substatus: Of its components, in its order.
    """

    kind: StatusKind
    code: str
    message: str
    written: float | None
    name: str = ""
    operation: str = ""
    applied: str = ""
    substatus: tuple[Substatus, ...] = ()

    @property
    def is_current(self) -> bool:
        """Whether it was written since the last enable (design page, section 6).

        Just before an enable a status that lies there is given the oldest time there is. So no clock is
        asked, and one that is set back makes nobody late. The oldest time on FAT is in 1980.
        """
        return self.written is not None and self.written > _OLDEST_TIMES


_OLDEST_TIMES = 11 * 365.25 * 86_400.0


@dataclass(frozen=True)
class Heartbeat:
    """One reading of the heartbeat file: what it says, and how old it is, in seconds."""

    ready: bool
    code: str
    message: str
    age: float


class Readiness(StrEnum):
    """A handler's own state in the aggregate document (handler contract, section 5)."""

    READY = "Ready"
    NOT_READY = "NotReady"
    UNRESPONSIVE = "Unresponsive"
