"""Hands that do what local hands do, and note of each handler command what a publisher wants to know.

For the check of a package on a throw-away machine; see ``service.stage``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from connectedmachine.agent.hands import Reading, StepResult
from connectedmachine.agent.local_hands import LocalHands
from connectedmachine.agent.places import Places
from connectedmachine.handler.output import HEAD_BYTES
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.handler import Command
from connectedmachine.model.health import Health, SourceHealth
from connectedmachine.model.operation import Operation, Side, Step, StepOutcome
from connectedmachine.model.resource import Settings
from connectedmachine.model.version import Version
from connectedmachine.store import Store


@dataclass(frozen=True)
class Ran:
    """One handler command as it was seen.

    Attributes:
        seconds: How long it took.
        limit: The seconds after which it would have been ended.
        talkative: It wrote more than is ever shown of it.
        strays: What still ran of its version after it, for an uninstall.
    """

    command: Command
    version: Version
    result: StepResult
    seconds: float
    limit: float
    talkative: bool = False
    strays: str = ""

    @property
    def succeeded(self) -> bool:
        return self.result.outcome is StepOutcome.DONE


class RehearsalHands(LocalHands):
    """Local hands that take notes in ``ran``.

    ``condemned`` is a version that counts as unhealthy whatever it reports, so that it is rolled back.
    ``on_tick`` is called several times a second; what it raises stops the work at once.
    """

    def __init__(
        self,
        store: Store,
        places: Places,
        clock: Clock,
        *,
        on_tick: Callable[[], None],
    ) -> None:
        super().__init__(store, places, clock, on_tick=on_tick)
        self.ran: list[Ran] = []
        self.condemned: Version | None = None
        self._strays = ""
        self._ended: float | None = None

    def command(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        command = Command(step.name)
        ref = operation.package(step.side)
        began = self.clock.monotonic()
        self._strays, self._ended = "", None
        try:
            result = super().command(operation, step, seq, settings, resume=resume)
        except (ConnectedMachineError, OSError) as error:
            code = error.code if isinstance(error, ConnectedMachineError) else "InputOutputError"
            failed = StepResult(StepOutcome.FAILED, str(error), code=code)
            self._note(operation, command, ref.version, seq, failed, began)
            raise
        self._note(operation, command, ref.version, seq, result, began)
        return result

    def _note(
        self,
        operation: Operation,
        command: Command,
        version: Version,
        seq: int,
        result: StepResult,
        began: float,
    ) -> None:
        self.ran.append(
            Ran(
                command,
                version,
                result,
                (self._ended or self.clock.monotonic()) - began,
                operation.policy.timeout(command),
                self._is_talkative(operation, seq),
                self._strays,
            )
        )

    def health(self, readings: Sequence[Reading]) -> Mapping[str, SourceHealth]:
        self._on_tick()
        found = dict(super().health(readings))
        for reading in readings:
            if reading.version == self.condemned:
                found[reading.source] = SourceHealth(
                    Health.UNHEALTHY, "The check calls it unhealthy, to see it rolled back."
                )
        return found

    def _is_talkative(self, operation: Operation, seq: int) -> bool:
        folder = self._places.run(operation.id, seq)
        files = [folder / name for name in ("stdout", "stderr")]
        return any(path.is_file() and path.stat().st_size > HEAD_BYTES for path in files)

    def _end_strays(self, operation: Operation, side: Side, result: StepResult) -> StepResult:
        self._ended = self.clock.monotonic()  # what follows is not the command's time
        after = super()._end_strays(operation, side, replace(result, message=""))
        self._strays = after.message
        return replace(result, message=f"{result.message} {after.message}".strip())
