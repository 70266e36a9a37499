"""Plays what there is to play in as many processes as there are cores; which plays what changes nothing."""

from __future__ import annotations

import gc
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TypeVar

import psutil

from simulation import calendars
from simulation.fleet import Fleet, Lived, live
from simulation.schedule import Played, play
from simulation.world import Memory

_SCHEDULES = 250
_CALENDARS = 250
_MACHINES = 5


@dataclass
class Schedules:
    """What came of many schedules. ``dead_ends``: number of the schedule to what was wrong."""

    schedules: int = 0
    faults: int = 0
    operations: int = 0
    dead_ends: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Fleets:
    """What came of a fleet. ``digest``: of all that its machines' histories say, in their order.

    ``memory``: the most that a process had in use at the end of a batch of machines, in bytes.
    """

    machines: int = 0
    operations: int = 0
    decisions: int = 0
    rolled_back: int = 0
    digest: str = ""
    seconds: float = 0.0
    memory: int = 0


def run_schedules(seed: int, first: int, count: int, *, workers: int | None = None) -> Schedules:
    """Play ``count`` schedules of a seed, from number ``first`` on."""
    began = time.perf_counter()
    end = first + count
    batches = [(seed, at, min(_SCHEDULES, end - at)) for at in range(first, end, _SCHEDULES)]
    total = Schedules()
    for number, played in enumerate(_shared(_batch, batches, workers)):
        for offset, one in enumerate(played):
            total.schedules += 1
            total.faults += one.faults
            total.operations += one.operations
            if one.dead_end:
                total.dead_ends[first + number * _SCHEDULES + offset] = one.dead_end
    total.seconds = time.perf_counter() - began
    return total


def run_calendars(seed: int, count: int, *, workers: int | None = None) -> tuple[calendars.Result, float]:
    """Live through ``count`` calendars of a seed; also returns how many seconds that took."""
    began = time.perf_counter()
    batches = [(seed, at, min(_CALENDARS, count - at)) for at in range(0, count, _CALENDARS)]
    total = calendars.Result()
    for found in _shared(_lived_through, batches, workers):
        total = total.and_(found)
    return total, time.perf_counter() - began


def run_fleet(fleet: Fleet, *, workers: int | None = None) -> Fleets:
    """Let every machine of a fleet live through its weeks."""
    began = time.perf_counter()
    starts = range(0, fleet.machines, _MACHINES)
    batches = [(fleet, at, min(_MACHINES, fleet.machines - at)) for at in starts]
    total, digest = Fleets(), hashlib.sha256()
    for lived, memory in _shared(_machines, batches, workers):
        total.memory = max(total.memory, memory)
        for one in lived:
            total.machines += 1
            total.operations += one.operations
            total.decisions += one.decisions
            total.rolled_back += one.rolled_back
            digest.update(one.digest)
    total.digest = digest.hexdigest()
    total.seconds = time.perf_counter() - began
    return total


def _batch(batch: tuple[int, int, int]) -> list[Played]:
    seed, first, count = batch
    memory = Memory()
    with _uncollected():
        return [play(memory, f"{seed}-{number}") for number in range(first, first + count)]


def _lived_through(batch: tuple[int, int, int]) -> calendars.Result:
    seed, first, count = batch
    return calendars.run(count, seed, first)


def _machines(batch: tuple[Fleet, int, int]) -> tuple[list[Lived], int]:
    fleet, first, count = batch
    memory = Memory()
    with _uncollected():
        lived = [live(memory, fleet, number) for number in range(first, first + count)]
    return lived, psutil.Process().memory_info().rss


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for cycles when a batch is done: they are few, and looking costs a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


_Batch = TypeVar("_Batch")
_Done = TypeVar("_Done")


def _shared(do: Callable[[_Batch], _Done], batches: Sequence[_Batch], workers: int | None) -> Iterator[_Done]:
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(batches) == 1:
        yield from map(do, batches)
        return
    # Not by fork: what a worker does may not depend on what this process has done before.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(do, batches)
