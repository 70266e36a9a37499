"""``python -m cuts``: what ``scripts/faults.py`` runs in its environment."""

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

from full import FAULTS, NAMES, run
from power.mutants import NOTICED, leave_out
from power.replay import lose

from .cutting import Chosen, Row, cut, cut_twice
from .mutants import EQUIVALENT, MUTANTS
from .scenarios import SCENARIOS

_PROCESSES = 2
_TWICE = ("upgrade", "undo")
_SHOWN = 5
_MUTANT_CALLS = Chosen(kinds=("commit", "rename", "spawn"))
_TWICE_MUTANT_CALLS = Chosen(kinds=("symlink",))
"""One in the start of each command: who is killed there again and again loses the same command as often."""


@dataclass(frozen=True)
class Task:
    """A part of the work, for one process; parts with rows of one name are shown as one."""

    work: Callable[..., Row]
    arguments: tuple[object, ...]

    def run(self, root: Path) -> Row:
        """Do it below ``root``, which nobody else uses."""
        return self.work(root, *self.arguments)


def killed(root: Path, name: str, stride: int) -> Row:
    """The cuts of one scenario."""
    return cut(root, SCENARIOS[name], Chosen(stride))


def killed_twice(root: Path, name: str, stride: int, part: int) -> Row:
    """A part of the pairs of cuts."""
    claims = root.with_name(f"states of {name}")
    return cut_twice(root, SCENARIOS[name], Chosen(stride), claims, part=part, parts=_PROCESSES)


def mutant(root: Path, name: str) -> Row:
    """Cuts of a changed product, until one is broken; a row that is broken when none is."""
    changed = MUTANTS[name]
    scenario, mutation = SCENARIOS[changed.scenario], changed.mutation
    if changed.twice:
        claims = root.with_name(f"states of {name}")
        row = cut_twice(root, scenario, _TWICE_MUTANT_CALLS, claims, mutation=mutation, enough=1)
    else:
        row = cut(root, scenario, _MUTANT_CALLS, mutation=mutation, enough=1)
    row.scenario = f"mutant: {name}"
    row.messages = [] if row.broken else ["nobody noticed"]
    row.broken = 0 if row.broken else 1
    return row


def equivalent(root: Path, name: str) -> Row:
    """Cuts of a product that was changed without harm, at the same calls; none is broken."""
    changed = EQUIVALENT[name]
    row = cut(root, SCENARIOS[changed.scenario], _MUTANT_CALLS, mutation=changed.mutation)
    row.scenario = f"equivalent: {name}"
    return row


@dataclass(frozen=True)
class Wanted:
    """What to do: of the named scenarios every ``stride``-th cut; the named mutants."""

    scenarios: Sequence[str]
    mutants: Sequence[str]
    stride: int


def of_kills(wanted: Wanted) -> Iterator[Task]:
    """SIGKILL at every call."""
    yield from (Task(killed, (name, wanted.stride)) for name in wanted.scenarios)


def of_pairs(wanted: Wanted) -> Iterator[Task]:
    """SIGKILL at every call, and again at every call of the recovery."""
    for name in (n for n in _TWICE if n in wanted.scenarios):
        yield from (Task(killed_twice, (name, wanted.stride, part)) for part in range(_PROCESSES))


def of_mutants(wanted: Wanted) -> Iterator[Task]:
    """The harness itself: each of these must be noticed, but those that are said to do no harm."""
    for name in wanted.mutants:
        of, work = (MUTANTS, mutant) if name in MUTANTS else (EQUIVALENT, equivalent)
        if of[name].scenario in wanted.scenarios:
            yield Task(work, (name,))


def lost(root: Path, name: str, stride: int, part: int) -> Row:
    """A part of the disks that a loss of power during a scenario may leave."""
    return lose(root, SCENARIOS[name], stride=stride, part=part, parts=_PROCESSES)


def of_losses(wanted: Wanted) -> Iterator[Task]:
    """Lost and reordered writes, SQLite's own included."""
    for name in wanted.scenarios:
        yield from (Task(lost, (name, wanted.stride, part)) for part in range(_PROCESSES))


def of_syncs(wanted: Wanted) -> Iterator[Task]:
    """The harness itself: a sync that is left out must be noticed."""
    yield from (Task(leave_out, (name,)) for name in NOTICED if name in wanted.scenarios)


def of_disks(wanted: Wanted) -> Iterator[Task]:
    """A full or read-only disk from every call on that it refuses."""
    for name in (n for n in NAMES if n in wanted.scenarios):
        yield from (Task(run, (name, fault, wanted.stride)) for fault in FAULTS)


MODES: Mapping[str, Callable[[Wanted], Iterator[Task]]] = {
    "kill": of_kills,
    "mutants": of_mutants,
    "lost": of_losses,
    "twice": of_pairs,
    "syncs": of_syncs,
    "disk": of_disks,
}
_USUAL = ("kill", "twice", "lost")
"""What fits half an hour on two cores; the others are asked for."""


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for, print a table; 1 when anything is broken."""
    parser = argparse.ArgumentParser(prog="faults.py", description="Cuts the runner off everywhere.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table there, too")
    parser.add_argument("--scenario", choices=[*SCENARIOS], action="append", help="one; may be repeated")
    usual = ", ".join(_USUAL)
    parser.add_argument(
        "--mode", choices=[*MODES], action="append", help=f"one; may be repeated; without it: {usual}"
    )
    parser.add_argument("--stride", type=int, default=1, metavar="N", help="only every N-th cut")
    parser.add_argument(
        "--mutant", choices=[*MUTANTS, *EQUIVALENT], action="append", help="one; may be repeated"
    )
    options = parser.parse_args(arguments)
    wanted = Wanted(
        options.scenario or [*SCENARIOS],
        options.mutant or [*MUTANTS, *EQUIVALENT],
        options.stride,
    )
    tasks = [task for mode in options.mode or _USUAL for task in MODES[mode](wanted)]
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
