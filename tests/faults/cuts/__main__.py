"""``python -m faults.cuts``: what ``scripts/faults.py`` runs in its environment."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from faults.power import mutants as power_mutants
from faults.power import replay

from .cutting import Row, cut
from .mutants import MUTANTS
from .scenarios import SCENARIOS

_PROCESSES = 2
_TWICE = ("upgrade", "undo")
_PARTS = 4
_HALVES = 2
_SHOWN = 5
_MUTANT_CALLS = ("commit", "rename", "spawn")


@dataclass(frozen=True)
class Task:
    """A part of the work, for one process; parts with rows of one name are shown as one."""

    work: Callable[..., Row]
    arguments: tuple[object, ...]

    def run(self, root: Path) -> Row:
        """Do it below ``root``, which nobody else uses."""
        return self.work(root, *self.arguments)


def killed(root: Path, name: str) -> Row:
    """Every cut of one scenario."""
    return cut(root, SCENARIOS[name])


def killed_twice(root: Path, name: str, part: int) -> Row:
    """A part of all pairs of cuts."""
    return cut(root, SCENARIOS[name], depth=2, stride=_PARTS, first=part)


def mutant(root: Path, name: str) -> Row:
    """Cuts of a changed product, until one is broken; a row that is broken when none is."""
    changed = MUTANTS[name]
    row = cut(root, SCENARIOS[changed.scenario], mutation=changed.mutation, kinds=_MUTANT_CALLS, enough=1)
    row.scenario = f"mutant: {name}"
    row.messages = [] if row.broken else ["nobody noticed"]
    row.broken = 0 if row.broken else 1
    return row


def of_kills(names: Sequence[str], depth: int) -> Iterator[Task]:
    """SIGKILL at every call; of some scenarios at every pair of calls, too."""
    if depth > 1:
        for name in (n for n in reversed(_TWICE) if n in names):
            yield from (Task(killed_twice, (name, part)) for part in range(_PARTS))
    yield from (Task(killed, (name,)) for name in names)


def of_mutants(names: Sequence[str], depth: int) -> Iterator[Task]:  # noqa: ARG001 - as the other modes
    """The harness itself: each of these must be noticed."""
    yield from (Task(mutant, (name,)) for name, m in MUTANTS.items() if m.scenario in names)


def lost(root: Path, name: str, part: int) -> Row:
    """A part of the disks that a loss of power during a scenario may leave."""
    return replay.lose(root, SCENARIOS[name], stride=_HALVES, first=part)


def of_losses(names: Sequence[str], depth: int) -> Iterator[Task]:  # noqa: ARG001
    """Lost and reordered writes, SQLite's own included."""
    yield from (Task(lost, (name, part)) for name in names for part in range(_HALVES))


def of_syncs(names: Sequence[str], depth: int) -> Iterator[Task]:  # noqa: ARG001
    """The harness itself: a sync that is left out must be noticed."""
    yield from (Task(power_mutants.leave_out, (name,)) for name in power_mutants.NOTICED if name in names)


MODES: Mapping[str, Callable[[Sequence[str], int], Iterator[Task]]] = {
    "kill": of_kills,
    "mutants": of_mutants,
    "lost": of_losses,
    "syncs": of_syncs,
}


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for, print a table; 1 when anything is broken."""
    parser = argparse.ArgumentParser(prog="faults.py", description="Cuts the runner off everywhere.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("--scenario", choices=[*SCENARIOS], action="append", help="one; may be repeated")
    parser.add_argument("--mode", choices=[*MODES], action="append", help="one; may be repeated")
    parser.add_argument("--depth", type=int, choices=(1, 2), default=2, help="1: no second kill")
    options = parser.parse_args(arguments)
    names = options.scenario or [*SCENARIOS]
    tasks = [task for mode in options.mode or [*MODES] for task in MODES[mode](names, options.depth)]
    began = time.monotonic()
    print(f"{'scenario':<56} {'calls':>6} {'cuts':>8} {'states':>7} {'broken':>7} {'seconds':>8}", flush=True)
    rows = list(_done(tasks))
    print(f"{time.monotonic() - began:.0f} s in all")
    if options.json:
        shown = [{"scenario": r.scenario, "calls": r.calls, "cuts": r.cuts, "broken": r.broken} for r in rows]
        options.json.write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    return 1 if any(row.broken for row in rows) else 0


def _done(tasks: Sequence[Task]) -> Iterator[Row]:
    """The rows, each as soon as its last part is done."""
    shared = Path("/dev/shm")  # noqa: S108 - memory, where a sync costs nothing
    folder = shared if os.access(shared, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(dir=folder) as root,
        ProcessPoolExecutor(_PROCESSES, get_context("fork")) as pool,
    ):
        futures = [pool.submit(task.run, Path(root, str(number))) for number, task in enumerate(tasks)]
        open_row: Row | None = None
        for future in futures:
            row = future.result()
            if open_row is not None and open_row.scenario == row.scenario:
                open_row.add(row)
                continue
            if open_row is not None:
                yield _shown(open_row)
            open_row = row
        if open_row is not None:
            yield _shown(open_row)


def _shown(row: Row) -> Row:
    numbers = f"{row.calls:>6} {row.cuts:>8} {row.states:>7} {row.broken:>7} {row.seconds:>8.1f}"
    print(f"{row.scenario:<56} {numbers}", flush=True)
    for message in row.messages[:_SHOWN]:
        print(f"    {message}", file=sys.stderr)
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
