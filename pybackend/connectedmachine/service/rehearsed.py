"""What is rehearsed with a package, and the facts that come of it: what ``service.stage`` sees and
``service.package_check`` judges."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connectedmachine.agent.rehearsal import Ran
from connectedmachine.handler.onlooker import Seen
from connectedmachine.model.handler import HandlerManifest, HandlerStatus, Heartbeat
from connectedmachine.model.health import SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Operation
from connectedmachine.model.policy import PolicyValues
from connectedmachine.model.version import Version


@dataclass(frozen=True)
class Release:
    """A package and the version that it counts as."""

    path: Path
    version: Version


@dataclass(frozen=True)
class Plan:
    """What is rehearsed. ``settings`` and ``protected`` are JSON texts; seconds each.
    ``limits``: policy values that differ from the preset.

    ``window``: how long a version may take to report success; ``steady``: how long it must then keep it.
    """

    handler: HandlerName
    os: str
    new: Release
    old: Release | None
    settings: str
    protected: str | None
    window: float
    steady: float
    limits: PolicyValues


@dataclass(frozen=True)
class Look:
    """How a version was found after an enable. ``status`` and ``heartbeat`` are its files as last read."""

    seq: int
    seconds: float
    healthy: bool
    source: SourceHealth
    status: HandlerStatus
    heartbeat: Heartbeat | None
    manifest: HandlerManifest


@dataclass(frozen=True)
class Life:
    """The first act: what one version did from install to uninstall; ``None`` for what was not come to."""

    first: tuple[Ran, ...]
    installed: bool
    enabled: Look | None
    again: Ran | None
    configured: tuple[Ran, Look] | None
    disabled: Ran | None
    enabled_again: tuple[Ran, Look] | None
    removed: tuple[Ran, ...]
    left: tuple[str, ...]
    seen: Seen


@dataclass(frozen=True)
class Change:
    """The second and third act: from the previous version to the new one, and perhaps back.

    ``operation`` is ``None`` when the previous version could not be brought to work: ``first`` says why.
    ``marks``: ``mrseq`` before and after.
    """

    first: tuple[Ran, ...]
    before: Look | None
    operation: Operation | None
    ran: tuple[Ran, ...]
    after: Look | None
    marks: tuple[str | None, str | None]
    seen: Seen
