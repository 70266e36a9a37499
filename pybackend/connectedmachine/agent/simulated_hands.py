"""Effects on a simulated machine: packages are fetched and read, nothing runs, everything succeeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectedmachine.agent.hands import Reading, Report, StepResult, health_of
from connectedmachine.agent.packages import delete_unpinned, fitting_manifest, verified_package
from connectedmachine.agent.places import Places
from connectedmachine.model.clock import Clock
from connectedmachine.model.handler import HandlerManifest, HandlerStatus, Heartbeat, StatusKind
from connectedmachine.model.health import SourceHealth
from connectedmachine.model.operation import Operation, Side, Step
from connectedmachine.model.resource import Settings
from connectedmachine.store import Store


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

    def fetch(self, operation: Operation, settings: Mapping[str, Settings]) -> HandlerManifest:
        package = verified_package(self._store, self._places, operation.handler, operation.new)
        return fitting_manifest(package, operation)

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

    def forget(self, operation: Operation, side: Side, extension: str) -> None:
        """There are no files."""

    def retire(self, operation: Operation) -> None:
        """There is no folder."""

    def health(self, readings: Sequence[Reading]) -> Mapping[str, SourceHealth]:
        return {reading.source: health_of(reading, self.report(reading)) for reading in readings}

    def report(self, reading: Reading) -> Report:
        written = self.clock.now().timestamp()
        status = HandlerStatus(StatusKind.SUCCESS, "0", "Simulated.", written)
        return Report(status, Heartbeat(True, "0", "Simulated.", 0.0))

    def make_room(self) -> bool:
        return False

    def tidy(self) -> None:
        delete_unpinned(self._store, self._places)
