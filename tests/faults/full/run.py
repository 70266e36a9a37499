"""Each scenario once per durable call, from which on the disk takes nothing more; then with room again.

Every run is a process of its own, forked from this one: the real agent on a real disk, with only its own
calls refused. What handlers write themselves is not. Two promises are looked at. While there is no room, the
runner ends by itself, says why by an error of the product, never lets two versions work at once, and leaves
the one that works at work unless its disable was begun before. When there is room again, the next pass brings
everything to where it would have come without the fault, and leaves nothing behind.
"""

from __future__ import annotations

import errno
import logging
import os
import pickle
import shutil
import sys
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.operation import Operation, Outcome, StepName
from connectedmachine.store.home import STORE_FILE
from faults.durable import Call, Watcher, tapped

from . import tiny
from .scenarios import OLD, SCENARIOS, Scenario, TinyWorld

T = TypeVar("T")

_NEEDS_ROOM = frozenset({"create", "write", "mkdir", "symlink", "link"})
"""SQLite's truncate makes files shorter only."""
_CHANGES = _NEEDS_ROOM | {"truncate", "rename", "unlink", "rmdir", "chmod", "utime"}


@dataclass(frozen=True)
class Fault:
    """What a disk says to which calls, and by which codes the runner may end then.

    ``spares_store``: SQLite has room in its log yet, so what is not done can be journalled and shown.
    """

    number: int
    kinds: Collection[str]
    codes: Collection[str]
    spares_store: bool = False

    def refuses(self, call: Call) -> bool:
        of_store = call.path.name.startswith(STORE_FILE)
        return call.kind in self.kinds and not (self.spares_store and of_store)


FAULTS = {
    "disk full": Fault(errno.ENOSPC, _NEEDS_ROOM, {"DiskFull"}),
    "disk full but for the store": Fault(errno.ENOSPC, _NEEDS_ROOM, {"DiskFull"}, spares_store=True),
    "over quota": Fault(errno.EDQUOT, _NEEDS_ROOM, {"DiskFull"}),
    "read-only": Fault(errno.EROFS, _CHANGES, {"StoreReadOnly", "PermissionDenied"}),
}
_LONG = 8 * 86_400.0
"""Seconds after which every retry is due."""


@dataclass
class Row:
    """What came of one scenario with one fault."""

    scenario: str
    calls: int
    cuts: int = 0
    silent: int = 0
    """Cuts after which no version answered until there was room, because a disable had been begun."""
    broken: list[str] = field(default_factory=list)


class _Refusing(Watcher):
    """From the ``first`` call on there is a fault."""

    def __init__(self, first: int, fault: Fault) -> None:
        super().__init__()
        self._first, self._fault = first, fault

    def before(self, number: int, call: Call) -> None:
        super().before(number, call)
        if number >= self._first and self._fault.refuses(call):
            raise OSError(self._fault.number, os.strerror(self._fault.number), str(call.path))


def run(
    root: Path,
    scenarios: Sequence[str] = tuple(s.name for s in SCENARIOS),
    faults: Sequence[str] = ("disk full", "read-only"),
    stride: int = 1,
) -> list[Row]:
    """Do all of it below ``root``, or every ``stride``-th call of it; a row per scenario and fault."""
    chosen = [scenario for scenario in SCENARIOS if scenario.name in scenarios]
    return [row for scenario in chosen for row in _rows(root, scenario, faults, stride)]


def _rows(root: Path, scenario: Scenario, faults: Sequence[str], stride: int) -> Iterator[Row]:
    with _host(root, scenario) as restore:
        restore()
        end, calls, _ = _forked(lambda: _act(root, Watcher()))
        assert end == "", end
        for name in faults:
            fault = FAULTS[name]
            row = Row(f"{scenario.name}, {name}", len(calls))
            cuts = [number for number, call in enumerate(calls, 1) if fault.refuses(call)]
            for first in cuts[::stride]:
                restore()
                _cut(root, scenario, fault, row, first, calls[first - 1])
            yield row


def _cut(root: Path, scenario: Scenario, fault: Fault, row: Row, first: int, call: Call) -> None:
    row.cuts += 1
    end, _, found = _forked(lambda: _act(root, _Refusing(first, fault)))
    problems = list(found.problems)
    if end and end not in fault.codes:
        problems.append(f"ended by {end}")
    row.silent += found.silent
    if scenario.before == OLD and not found.answering and not found.silent:
        problems.append("nothing answers, though nothing was begun")
    problems += _forked(lambda: _recover(root, scenario))
    where = f"call {first}, {call.kind} {call.path.relative_to(root)}"
    row.broken += [f"{where}: {problem}" for problem in problems]


@dataclass(frozen=True)
class _Found:
    answering: list[str]
    silent: bool
    problems: list[str]


def _act(root: Path, observer: Watcher) -> tuple[str, list[Call], _Found]:
    """Be a runner; returns how it ended (nothing, or the code of an error), its calls and the host then."""
    end = ""
    before = TinyWorld(root)
    lock = EffectsLock(before.places.lock)
    before.store.close()
    assert lock.acquire()
    try:
        with tapped(root, observer, sqlite_files=True):
            world = TinyWorld(root)
            world.runner().run()
            world.store.close()
    except ConnectedMachineError as error:
        end = error.code
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in place if "connectedmachine" in frame.filename]
        end = f"{error!r} in {ours[-1].name}" if ours else repr(error)
    lock.release()
    world = TinyWorld(root)
    answering = world.answering()
    problems = [f"{' and '.join(answering)} answer"] if len(answering) > 1 else []
    silent = world.is_gone(tiny.TINY)
    for operation in world.operations(tiny.TINY)[-1:] if not silent else []:
        silent = not answering and _was_disabled(operation)
        if any(record.code == "DiskFull" for record in operation.journal) and operation.ended:
            shown = world.extension(tiny.TINY).status
            if operation.outcome is not Outcome.SUCCEEDED and shown.code != "DiskFull":
                problems.append(f"not shown: {shown}")
    world.store.close()
    bare = [Call(call.kind, call.path) for call in observer.calls]
    return end, bare, _Found(answering, silent, problems)


def _was_disabled(operation: Operation) -> bool:
    return any(r.step is not None and r.step.name is StepName.DISABLE for r in operation.journal)


def _recover(root: Path, scenario: Scenario) -> list[str]:
    """With room again: one pass; returns what is wrong after it."""
    world = TinyWorld(root)
    world.fake.pass_time(_LONG)
    world.ask_for_pass()
    world.run()
    problems = []

    def promised(kept: bool, what: str) -> None:
        if not kept:
            problems.append(what)

    expected = [] if scenario.after is None else [scenario.after]
    promised(world.answering() == expected, f"{world.answering()} answer in the end, not {expected}")
    promised(not world.store.operations.unfinished(world.machine.id), "an operation has no end")
    promised(not world.left_behind(), f"left behind: {world.left_behind()}")
    folders = [f"{tiny.TINY.handler}-{version}" for version in expected]
    promised(world.version_folders() == folders, f"folders: {world.version_folders()}")
    promised(EffectsLock(world.places.lock).is_free(), "somebody has the lock")
    if scenario.after is None:
        promised(world.is_gone(tiny.TINY), "it is not gone")
    else:
        extension = world.extension(tiny.TINY)
        promised(world.version(tiny.TINY) == scenario.after, f"version {world.version(tiny.TINY)}")
        installed = extension.installed
        applied = None if installed is None else installed.settings_seq
        promised(applied == extension.settings.seq, f"settings {applied} of {extension.settings.seq}")
        promised(installed is not None and installed.enabled, "it is not enabled")
    for operation in world.operations(tiny.TINY) if not world.is_gone(tiny.TINY) else []:
        numbers = [record.seq for record in operation.journal]
        promised(numbers == list(range(1, len(numbers) + 1)), f"journal {numbers}")
    lines = tiny.ran(world.data)
    begun = lines[::2]
    promised([f"end {line.removeprefix('begin ')}" for line in begun] == lines[1::2], f"beside: {lines}")
    world.store.close()
    return problems


@contextmanager
def _host(root: Path, scenario: Scenario) -> Iterator[Callable[[], None]]:
    """A host on which the operation is wished for; what is given puts it there again."""
    base = root.with_name(f"{root.name}-base")
    world = TinyWorld(root, connect=True)
    scenario.ask(world)
    folder = world.places.library.root / f"{tiny.TINY.handler}-{OLD}"
    world.store.close()
    tiny.end(root)
    shutil.copytree(root, base, symlinks=True, ignore=shutil.ignore_patterns("*.pipe", "pid"))

    def restore() -> None:
        tiny.end(root)
        shutil.rmtree(root)
        shutil.copytree(base, root, symlinks=True)
        if scenario.before is not None:
            tiny.serve(folder)

    try:
        yield restore
    finally:
        tiny.end(root)
        shutil.rmtree(root)
        shutil.rmtree(base)


def _forked(work: Callable[[], T]) -> T:
    """Do it in a process of its own, which ends with it; no thread may run here."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # What apsw and the product say of refused calls is expected, and counted otherwise.
        sys.unraisablehook = lambda _: None
        sys.excepthook = lambda *_: None
        logging.disable()
        try:
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(work(), pipe)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError(f"The process of a run ended with {status}.")
    result: T = pickle.loads(told)  # noqa: S301 - of this program's own process
    return result
