"""What an operator needs to have done on a machine; a local and a simulated machine do it differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connectedmachine.model.clock import Clock
from connectedmachine.model.handler import HandlerManifest, HandlerStatus, Heartbeat
from connectedmachine.model.health import SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Operation, Side, Step, StepOutcome
from connectedmachine.model.resource import Settings
from connectedmachine.model.version import Version
from connectedmachine.upgrade.health import handler_health, handler_source


@dataclass(frozen=True)
class StepResult:
    """How one attempt at a step ended, with evidence; see ``StepRecord``."""

    outcome: StepOutcome = StepOutcome.DONE
    message: str = ""
    exit_code: int | None = None
    code: str = ""
    manifest: HandlerManifest | None = None


@dataclass(frozen=True)
class Reading:
    """An extension whose health is wanted: the version in place, and since when it counts as enabled."""

    extension: str
    handler: HandlerName
    version: Version
    manifest: HandlerManifest
    settings: Settings
    enabled: bool
    enabled_at: datetime | None

    @property
    def instance(self) -> str | None:
        """Its name, where the handler may have several and tells their files apart by it."""
        return self.extension if self.manifest.supports_multiple_extensions else None

    @property
    def source(self) -> str:
        """What its health is called in samples."""
        return handler_source(str(self.handler), self.instance)


@dataclass(frozen=True)
class Report:
    """What a handler's own files say; ``heartbeat`` is ``None`` when it writes none."""

    status: HandlerStatus
    heartbeat: Heartbeat | None


class Hands(Protocol):
    """Effects on one machine. Each is idempotent: it may have been done before, in whole or in part.

    Errors are ConnectedMachineError or OSError; the step they happen in has then failed.
    """

    clock: Clock

    def fetch(self, operation: Operation, settings: Mapping[str, Settings]) -> HandlerManifest:
        """Bring the new version's verified package, unpack it beside the old one, with its settings in place.

        Args:
            settings: By the name of each extension that the operation covers.

        Returns:
            Its manifest.

        Raises:
            HandlerError: ``MultipleExtensionsNotSupported``: the new version cannot serve all of them.
        """

    def command(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        """Run a handler command, or learn the fate of the run that record ``seq`` began."""

    def carry(self, operation: Operation) -> str:
        """Copy ``mrseq`` and status to the new version; returns a remark."""

    def keep(self, operation: Operation) -> None:
        """Move the old version's folder out of the library, where an undo finds it."""

    def restore(self, operation: Operation, *, fresh: bool) -> str:
        """Put the old version's folder back; from its zip when ``fresh`` or damaged. Returns a remark."""

    def discard(self, operation: Operation, side: Side) -> None:
        """Delete the folder of a version, and what was kept of it."""

    def forget(self, operation: Operation, side: Side, extension: str) -> None:
        """Delete the files of one of several extensions of a version that stays."""

    def retire(self, operation: Operation) -> None:
        """Delete what was kept of the old version."""

    def health(self, readings: Sequence[Reading]) -> Mapping[str, SourceHealth]:
        """Look at these handlers and at every probe now; keys are source names."""

    def report(self, reading: Reading) -> Report:
        """Read a handler's own files; needs no lock and changes nothing."""

    def make_room(self) -> bool:
        """Free what was put by for a disk that gets full; says whether there was any."""

    def tidy(self) -> None:
        """Delete what only operations need that have ended, whenever a runner died after such an end."""


def health_of(reading: Reading, report: Report) -> SourceHealth:
    """The health of a handler, by what its own files say."""
    return handler_health(
        report.status,
        report.heartbeat,
        enabled=reading.enabled,
        has_settings=reading.settings.has_any,
        reports_heartbeat=reading.manifest.report_heartbeat,
    )
