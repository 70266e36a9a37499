"""Effects on a simulated machine: packages are fetched and read, nothing runs, a scenario says what comes.

Its time passes where something takes time, and nobody waits for it (decision 0018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from connectedmachine.agent.hands import Reading, Report, StepResult, health_of
from connectedmachine.agent.packages import delete_unpinned, fitting_manifest, verified_package
from connectedmachine.agent.places import Places
from connectedmachine.model.clock import Clock
from connectedmachine.model.handler import Command, HandlerManifest, HandlerStatus, Heartbeat, StatusKind
from connectedmachine.model.health import SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Operation, Side, Step, StepOutcome
from connectedmachine.model.resource import Machine, Settings
from connectedmachine.model.scenario import SIMULATED, Attempt, HealthRule, Saying, Scenario
from connectedmachine.model.version import Version
from connectedmachine.store import Store

_KINDS = {
    Saying.SUCCESS: StatusKind.SUCCESS,
    Saying.TRANSITIONING: StatusKind.TRANSITIONING,
    Saying.ERROR: StatusKind.ERROR,
    Saying.NOTHING: StatusKind.TRANSITIONING,
}


class SimulatedClock:
    """Sleeping takes no time and moves both clocks on; ``not_before`` is where an earlier runner came to."""

    def __init__(self, clock: Clock, not_before: datetime | None) -> None:
        self._clock = clock
        self._slept = 0.0
        now = clock.now()
        self._lead = timedelta(0) if not_before is None else max(not_before - now, timedelta(0))

    def now(self) -> datetime:
        return self._clock.now() + self._lead + timedelta(seconds=self._slept)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds

    def boot_id(self) -> str:
        return self._clock.boot_id()


class SimulatedHands:
    """Plays the handlers of a machine that does not exist."""

    def __init__(self, store: Store, places: Places, clock: Clock, machine: Machine) -> None:
        self.clock: Clock = SimulatedClock(clock, store.operations.latest_time(machine.id))
        self._store = store
        self._places = places
        self._machine = machine
        self._name = f"{machine.resource_group}/{machine.name}".lower()
        self._scenario = _scenario(machine.scenario)
        self._lives: dict[tuple[str, Version, datetime], HealthRule] = {}

    def fetch(self, operation: Operation, settings: Mapping[str, Settings]) -> HandlerManifest:
        package = verified_package(self._store, self._places, operation.handler, operation.new)
        return fitting_manifest(package, operation)

    def command(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        command = Command(step.name)
        name, version = step.instance or operation.extension, operation.package(step.side).version
        attempt = self._attempt(name, operation.handler, version, command, step.instance)
        rule = self._scenario.command(command, attempt)
        timeout = operation.policy.timeout(command)
        in_time = not rule.hangs and rule.seconds < timeout
        began = next(record.began for record in operation.journal if record.seq == seq)
        # What passed of it before its runner was killed is over.
        passed = max((self.clock.now() - began).total_seconds(), 0.0) if resume else 0.0
        self.clock.sleep(max((rule.seconds if in_time else timeout) - passed, 0.0))
        if not in_time:
            message = f"It did not end within {timeout:g} s and was ended. {rule.message}"
            return StepResult(StepOutcome.FAILED, message, None, "HandlerTimeout")
        if rule.exit_code:
            return StepResult(StepOutcome.FAILED, rule.message, rule.exit_code, "HandlerFailed")
        return StepResult(message=rule.message, exit_code=0)

    def carry(self, operation: Operation) -> str:
        return SIMULATED

    def keep(self, operation: Operation) -> None:
        """There is no folder."""

    def restore(self, operation: Operation, *, fresh: bool) -> str:
        return SIMULATED

    def discard(self, operation: Operation, side: Side) -> None:
        """There is no folder."""

    def forget(self, operation: Operation, side: Side, extension: str) -> None:
        """There are no files."""

    def retire(self, operation: Operation) -> None:
        """There is no folder."""

    def health(self, readings: Sequence[Reading]) -> Mapping[str, SourceHealth]:
        return {reading.source: health_of(reading, self.report(reading)) for reading in readings}

    def report(self, reading: Reading) -> Report:
        now = self.clock.now()
        enabled_at = reading.enabled_at or now
        rule = self._life(reading, enabled_at)
        says = rule.says(max((now - enabled_at).total_seconds(), 0.0))
        written = None if says is Saying.NOTHING else now.timestamp()
        status = HandlerStatus(_KINDS[says], "0", rule.message, written)
        return Report(status, Heartbeat(True, "0", SIMULATED, 0.0))

    def make_room(self) -> bool:
        return False

    def tidy(self) -> None:
        delete_unpinned(self._store, self._places)

    def _life(self, reading: Reading, enabled_at: datetime) -> HealthRule:
        """How a version is since an enable, which its samples ask again and again."""
        key = (reading.extension.lower(), reading.version, enabled_at)
        if key not in self._lives:
            attempt = self._attempt(
                reading.extension, reading.handler, reading.version, Command.ENABLE, reading.instance
            )
            self._lives[key] = self._scenario.after_enable(attempt)
        return self._lives[key]

    def _attempt(
        self, extension: str, handler: HandlerName, version: Version, command: Command, instance: str | None
    ) -> Attempt:
        machine_id, operations = self._machine.id, self._store.operations
        return Attempt(
            self._name,
            extension,
            handler,
            version,
            lambda: operations.attempts(machine_id, handler, version, command, instance),
        )


# Each runner of a machine plays the same one.
@lru_cache(maxsize=8)
def _scenario(text: str | None) -> Scenario:
    import json

    return Scenario() if text is None else Scenario.from_json(json.loads(text))
