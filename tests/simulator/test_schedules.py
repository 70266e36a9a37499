"""A slice of what ``scripts/simulate.py`` plays, and that it would notice a dead end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from simulation.__main__ import main
from simulation.fleet import Fleet
from simulation.running import Schedules, run_fleet, run_schedules
from simulation.schedule import play
from simulation.world import Memory

from connectedmachine.agent.operator import Operator
from connectedmachine.model.operation import Operation, OperationKind, Pause, StepName
from connectedmachine.upgrade import operation as operations
from connectedmachine.upgrade.journal import Planned

SLICE = 32


def test_after_faults_every_machine_comes_to_work_again_without_a_person() -> None:
    played = run_schedules(7, 0, SLICE, workers=1)
    assert played.dead_ends == {}
    assert played.schedules == SLICE
    # A slice without faults or without upgrades would say nothing.
    assert played.faults > SLICE
    assert played.operations > 2 * SLICE


def test_a_schedule_is_known_by_its_seed_whatever_was_played_before() -> None:
    memory = Memory()
    first = play(memory, "3-1")
    play(memory, "3-2")
    assert play(memory, "3-1") == first == play(Memory(), "3-1")


def _without_restore(steps: Callable[[Operation], list[Planned]]) -> Callable[[Operation], list[Planned]]:
    return lambda operation: [
        planned for planned in steps(operation) if planned.step.name is not StepName.RESTORE
    ]


def without(what: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A product that leaves something out."""

    def old_is_not_put_back(patch: pytest.MonkeyPatch) -> None:
        for name in ("_undo", "_further_try"):
            patch.setattr(operations, name, _without_restore(getattr(operations, name)))

    def rollback_is_not_tried_again(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Pause, "is_due", lambda *_: False)

    def failure_is_not_remembered(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Operator, "_remember_failure", lambda *_: None)

    def end_is_lost(patch: pytest.MonkeyPatch) -> None:
        settle = Operator._settle

        def only_upgrades(self: Operator, extension: object, operation: Operation, *rest: object) -> None:
            if operation.kind is OperationKind.CHANGE_VERSION:
                settle(self, extension, operation, *rest)  # type: ignore[arg-type]

        patch.setattr(Operator, "_settle", only_upgrades)

    named = {
        "the old version's folder": old_is_not_put_back,
        "a further try": rollback_is_not_tried_again,
        "the backoff": failure_is_not_remembered,
        "the end of an install": end_is_lost,
    }
    return named[what]


@pytest.mark.parametrize(
    "what", ["the old version's folder", "a further try", "the backoff", "the end of an install"]
)
def test_a_product_that_leaves_something_out_is_found_out(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    without(what)(monkeypatch)
    memory = Memory()
    assert any(play(memory, f"7-{number}").dead_end for number in range(SLICE))


def test_a_fleet_of_one_seed_has_one_history_however_it_is_shared_out() -> None:
    # More than one process gets at a time, so that the second has a part.
    fleet = Fleet(machines=6, extensions=2, weeks=2, seed=5)
    lived = run_fleet(fleet, workers=1)
    assert lived.digest == run_fleet(fleet, workers=2).digest
    assert (lived.machines, lived.decisions) == (6, 6 * 2 * 14)
    assert lived.operations > 12
    other = run_fleet(Fleet(machines=1, extensions=1, weeks=2, seed=6), workers=1)
    assert other.digest != run_fleet(Fleet(machines=1, extensions=1, weeks=2, seed=5), workers=1).digest


def test_the_program_says_what_it_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "simulated.json"
    arguments = ["--schedules", "3", "--calendars", "2", "--fleet", "1x1", "--weeks", "1", "--seed", "4"]
    assert main([*arguments, "--json", str(file)]) == 0
    shown = capsys.readouterr().out
    figures = json.loads(file.read_text(encoding="utf-8"))
    assert figures["schedules"]["schedules"] == 3
    assert figures["schedules"]["dead_ends"] == {}
    assert figures["calendars"]["calendars"] == 2
    assert f"digest {figures['fleet']['digest']}" in shown


def test_the_program_ends_with_1_and_says_how_a_dead_end_is_played_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stuck = Schedules(1, dead_ends={9: "It stays."})
    monkeypatch.setattr("simulation.__main__.run_schedules", lambda *_: stuck)
    assert (
        main(["--schedules", "1", "--first", "9", "--seed", "4", "--calendars", "0", "--fleet", "0x1"]) == 1
    )
    assert "--seed 4 --first 9 --schedules 1" in capsys.readouterr().err
