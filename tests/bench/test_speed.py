"""The bench itself: turns are taken fairly, results are reported as they are. No test judges a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from speed.__main__ import WITH_ENGINE, main
from speed.measure import Turns, take_turns


def test_cost_and_floor_take_turns_in_going_first() -> None:
    calls: list[str] = []

    def named(name: str) -> float:
        calls.append(name)
        return 1.0

    take_turns(lambda: named("cost"), lambda: named("floor"), turns=2)
    assert calls[2:] == ["floor", "cost", "cost", "floor"]


def test_the_first_call_of_each_does_not_count() -> None:
    costs, floors = iter([1000.0, 4.0, 6.0, 8.0]), iter([1000.0, 2.0, 2.0, 2.0])
    turns = take_turns(lambda: next(costs), lambda: next(floors), turns=3)
    assert turns == Turns([4.0, 6.0, 8.0], [2.0, 2.0, 2.0])


def test_one_disturbed_turn_does_not_move_the_ratio() -> None:
    assert Turns([2.0, 2.0, 900.0], [1.0, 1.0, 1.0]).ratio == 2.0


def test_detail_shows_both_sides_and_the_spread() -> None:
    assert Turns([0.2, 0.4, 0.6], [0.1, 0.1, 0.1]).detail == "400.0 ms over 100.0 ms; 3 turns, 2.00 to 6.00"


def test_results_are_written_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speed.planning.COUNT", 1000)
    file = tmp_path / "bench.json"
    assert main(["planning", "--json", str(file)]) == 0
    (result,) = json.loads(file.read_text(encoding="utf-8"))
    assert set(result) == {"measure", "ratio", "goal", "detail"}
    assert result["ratio"] > 0


def test_without_an_engine_its_measures_are_left_out_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(WITH_ENGINE)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(WITH_ENGINE)
    assert all("left out: no PowerShell engine" in line for line in lines)


def test_an_unknown_measure_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["everything"])
    assert refused.value.code == 2
    assert "no such measure: everything" in capsys.readouterr().err
