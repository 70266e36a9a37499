"""A slice of what ``scripts/fuzz.py`` does, and that it would notice."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from fuzzing.__main__ import main
from fuzzing.running import TARGETS, run


@pytest.mark.parametrize("name", TARGETS)
def test_bad_input_is_refused_or_read_and_nothing_else_happens(name: str) -> None:
    result = run(name, TARGETS[name], seed=1, first=0, inputs=2000)
    assert result.failures == {}
    assert result.inputs == 2000
    # A target that accepts nothing, or everything, is not looked at from both sides.
    assert 100 < result.accepted < 1900


def test_an_input_is_known_by_seed_and_number() -> None:
    drawn: list[list[int]] = []

    def target(random: Random, _: Path) -> bool:
        drawn.append([random.randrange(1000) for _ in range(3)])
        return True

    run("x", target, seed=5, first=10, inputs=2)
    run("x", target, seed=5, first=11, inputs=1)
    assert drawn[1] == drawn[2] != drawn[0]


def test_a_failure_is_counted_told_and_can_be_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    def target(random: Random, folder: Path) -> bool:
        (folder / "left").touch()
        return bool(10 // random.randrange(4))

    code = main(["--inputs", "50", "--seed", "3"], {"odd": target})
    shown = capsys.readouterr()
    assert code == 1
    assert "ZeroDivisionError" in shown.err
    (line,) = [line for line in shown.out.splitlines() if line.startswith("odd ")]
    failures = int(line.split()[3])
    assert 0 < failures < 50
    number = shown.err.split("--first ")[1].split()[0]
    assert main(["--inputs", "1", "--seed", "3", "--first", number], {"odd": target}) == 1
    assert main(["--inputs", "5", "--only", "heartbeat"]) == 0
