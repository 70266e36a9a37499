"""A fleet's weeks in memory, over the least that its histories could cost.

The cost is the product's runner, plan and store, driven as ``scripts/simulate.py`` drives them. The floor
writes as many rows to the same kind of database and reads each once: what was decided, begun, done and
ended has to be kept somewhere.
"""

from __future__ import annotations

import sqlite3
import time

from simulation.fleet import Fleet
from simulation.running import Fleets, run_fleet

from speed.measure import Result, Turns, take_turns

_FLEET = Fleet(machines=5, extensions=10, weeks=2, seed=1)
_TURNS = 3
_ROWS_OF_OPERATION = 30
"""Its head, its extension, a dozen steps that are begun and ended, a few samples."""


def fleet() -> Result:
    """Measure it in this process alone, so that the ratio is one of work."""
    lived: list[Fleets] = []

    def cost() -> float:
        lived.append(run_fleet(_FLEET, workers=1))
        return lived[-1].seconds

    turns: Turns = take_turns(cost, lambda: _floor(lived[-1]), _TURNS)
    last = lived[-1]
    assert len({each.digest for each in lived}) == 1, "one seed, two histories"
    size = f"{_FLEET.machines} machines x {_FLEET.extensions} extensions x {_FLEET.weeks} weeks"
    memory = f"{last.memory / 2**20:.0f} MiB"
    return Result("weeks of a fleet", turns.ratio, 80, f"{turns.detail}; {size}, {memory}")


def _floor(lived: Fleets) -> float:
    rows = lived.decisions + lived.operations * _ROWS_OF_OPERATION
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE history (seq INTEGER PRIMARY KEY, text TEXT)")
    began = time.perf_counter()
    for _ in range(rows):
        connection.execute("INSERT INTO history (text) VALUES (?)", ("x" * 200,))
    for seq in range(1, rows + 1):
        connection.execute("SELECT text FROM history WHERE seq = ?", (seq,)).fetchone()
    seconds = time.perf_counter() - began
    connection.close()
    return seconds
