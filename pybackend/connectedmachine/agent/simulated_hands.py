"""Effects on a simulated machine: packages are fetched and read, nothing runs, everything succeeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectedmachine.agent.hands import Reading, Report, StepResult, health_of
from connectedmachine.agent.packages import delete_unpinned, verified_package
from connectedmachine.agent.places import Places
from connectedmachine.gallery.package import read_manifest
from connectedmachine.model.clock import Clock
from connectedmachine.model.handler import HandlerManifest, HandlerStatus, Heartbeat, StatusKind
from connectedmachine.model.health import SourceHealth
from connectedmachine.model.operation import Operation, Side, Step
from connectedmachine.model.resource import Settings
from connectedmachine.store import Store
from connectedmachine.upgrade.health import handler_source


class SimulatedClock:
    """Sleeping takes no time, so a health window is over at once; what people read is the real time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slept = 0.0

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds

    def boot_id(self) -> str:
        return self._clock.boot_id()


class SimulatedHands:
    """Plays the handlers of a machine that does not exist."""

    def __init__(self, store: Store, places: Places, clock: Clock) -> None:
        self.clock: Clock = SimulatedClock(clock)
        self._store = store
        self._places = places

    def fetch(self, operation: Operation, settings: Settings) -> HandlerManifest:
        package = verified_package(self._store, self._places.packages, operation.handler, operation.new)
        return read_manifest(package)

    def command(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        return StepResult(message="Simulated.", exit_code=0)

    def carry(self, operation: Operation) -> str:
        return "Simulated."

    def keep(self, operation: Operation) -> None:
        """There is no folder."""

    def restore(self, operation: Operation, *, fresh: bool) -> str:
        return "Simulated."

    def discard(self, operation: Operation, side: Side) -> None:
        """There is no folder."""

    def retire(self, operation: Operation) -> None:
        """There is no folder."""

    def health(self, readings: Sequence[Reading]) -> Mapping[str, SourceHealth]:
        return {handler_source(str(r.handler)): health_of(r, self.report(r)) for r in readings}

    def report(self, reading: Reading) -> Report:
        written = self.clock.now().timestamp()
        status = HandlerStatus(StatusKind.SUCCESS, "0", "Simulated.", written)
        return Report(status, Heartbeat(True, "0", "Simulated.", 0.0))

    def tidy(self) -> None:
        delete_unpinned(self._store, self._places.packages)
