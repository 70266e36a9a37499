"""Each scenario once per durable call, from which on the disk takes nothing more; then with room again.

Every run is a process of its own, forked from this one: the real agent on a real disk, with only its own
calls refused. What handlers write themselves is not. Two promises are looked at. While there is no room, the
runner ends by itself, says why by an error of the product, never lets two versions work at once, and leaves
the one that works at work; only where even the room that it put by is refused, none may work once the old
one's disable was begun. When there is room again, the next pass brings everything to where it would have come
without the fault, and leaves nothing behind.
"""

from __future__ import annotations

import errno
import logging
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cuts.cutting import Row
from cuts.life import LifeClock
from cuts.scenarios import SCENARIOS, TinyWorld
from cuts.stage import Stage
from cuts.tiny import TINY, answer
from durable import Call, Watcher, tapped

from connectedmachine.agent.hosting import hands_for
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.reserve import RESERVE_BYTES
from connectedmachine.agent.runner import Runner
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.operation import Operation, Outcome, StepName, StepOutcome
from connectedmachine.store import Store
from connectedmachine.store.home import STORE_FILE

T = TypeVar("T")

NAMES = ("install", "configure", "upgrade", "undo", "retry", "fetch again", "remove")
"""The scenarios that lead to the same end however often a pass begins anew."""

_NEEDS_ROOM = frozenset({"create", "write", "mkdir", "symlink", "link"})
"""SQLite's truncate makes files shorter only."""
_CHANGES = _NEEDS_ROOM | {"truncate", "rename", "unlink", "rmdir", "chmod", "utime"}


@dataclass(frozen=True)
class Fault:
    """What a disk says to which calls, and by which codes the runner may end then.

    ``spares_store``: SQLite has room in its log yet, so what is not done can be journalled and shown.
    ``heeds_reserve``: What the product put by is room once it is given back, as on a disk it would be.
    """

    number: int
    kinds: Collection[str]
    codes: Collection[str]
    spares_store: bool = False
    heeds_reserve: bool = False

    def refuses(self, call: Call) -> bool:
        of_store = call.path.name.startswith(STORE_FILE)
        return call.kind in self.kinds and not (self.spares_store and of_store)


FAULTS = {
    "disk full": Fault(errno.ENOSPC, _NEEDS_ROOM, {"DiskFull"}),
    "disk full but for the store": Fault(errno.ENOSPC, _NEEDS_ROOM, {"DiskFull"}, spares_store=True),
    "disk full but for the reserve": Fault(errno.ENOSPC, _NEEDS_ROOM, {"DiskFull"}, heeds_reserve=True),
    "over quota": Fault(errno.EDQUOT, _NEEDS_ROOM, {"DiskFull"}),
    "read-only": Fault(errno.EROFS, _CHANGES, {"StoreReadOnly", "PermissionDenied"}),
}
_BLOCK = 4096
_PATIENCE = 3.0
"""Seconds: long enough for one further try of a pending rollback."""
_WHEN_ALL_IS_DUE = timedelta(days=8)


class _Later(LifeClock):
    """Of the second life, when every retry is due; elapsed time stays small, as tenths of it count."""

    def now(self) -> datetime:
        return super().now() + _WHEN_ALL_IS_DUE


class _Refusing(Watcher):
    """From the ``first`` call on there is a fault."""

    def __init__(self, first: int, fault: Fault) -> None:
        super().__init__()
        self._first, self._fault, self._room = first, fault, 0

    def before(self, number: int, call: Call) -> None:
        super().before(number, call)
        if self._fault.heeds_reserve and (call.kind, call.path.name) == ("unlink", "reserve"):
            self._room = RESERVE_BYTES
        if number < self._first or not self._fault.refuses(call):
            return
        self._room -= max(_BLOCK, len(call.data))
        if self._room < 0:
            raise OSError(self._fault.number, os.strerror(self._fault.number), str(call.path))


def run(root: Path, scenario: str, fault: str, stride: int) -> Row:
    """Do one scenario with one fault below ``root``, which must not exist, at every ``stride``-th call.

    The messages also say after how many cuts no version answered until there was room, since the old one's
    disable had been begun.
    """
    began = time.monotonic()
    stage = Stage(root, SCENARIOS[scenario])
    try:
        end, calls, _ = _forked(lambda: _act(stage, Watcher()))
        assert end == "", end
        row = Row(f"{scenario}, {fault}", len(calls))
        refused = FAULTS[fault]
        silent = 0
        for first in [n for n, call in enumerate(calls, 1) if refused.refuses(call)][::stride]:
            stage.put_back(stage.base)
            problems, is_silent = _cut(stage, refused, first)
            call = calls[first - 1]
            row.cuts += 1
            row.broken += bool(problems)
            row.messages += [f"at call {first}, {call.kind} {call.path.name}: {what}" for what in problems]
            silent += is_silent
    finally:
        stage.close()
    if silent:
        row.messages.append(f"After {silent} of the cuts no version answered until there was room.")
    row.seconds = time.monotonic() - began
    return row


def _cut(stage: Stage, fault: Fault, first: int) -> tuple[list[str], bool]:
    """What is wrong after a fault from that call on, and whether nothing answered meanwhile."""
    end, _, found = _forked(lambda: _act(stage, _Refusing(first, fault)))
    problems = list(found.problems)
    if end and end not in fault.codes:
        problems.append(f"ended by {end}")
    # Whoever wants it gone wants it silent.
    is_silent = bool(stage.base.versions and stage.scenario.expected.version) and not found.answering
    if is_silent and (fault.heeds_reserve or not found.was_disabled):
        problems.append("nothing answers")
    return problems + _forked(lambda: _recover(stage)), is_silent


@dataclass(frozen=True)
class _Found:
    answering: list[str]
    was_disabled: bool
    problems: list[str]


def _act(stage: Stage, observer: Watcher) -> tuple[str, list[Call], _Found]:
    """Be a runner; returns how it ended (nothing, or the code of an error), its calls and the host then."""
    end, clock = "", LifeClock(1)
    world = TinyWorld(stage.root, clock, connect=False)
    machine, lock = world.machine, EffectsLock(world.places.lock)
    world.store.close()
    assert lock.acquire()
    try:
        with tapped(stage.home, observer, sqlite_files=True):
            store = Store.open(stage.home)
            Runner(store, machine, hands_for(store, machine, clock), patience=_PATIENCE).run()
            store.close()
    except ConnectedMachineError as error:
        end = error.code
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in place if "connectedmachine" in frame.filename]
        end = f"{error!r} in {ours[-1].name}" if ours else repr(error)
    lock.release()
    world = TinyWorld(stage.root, clock, connect=False)
    answering = _answering(world)
    problems = [f"{' and '.join(answering)} answer"] if len(answering) > 1 else []
    gone = world.is_gone(TINY)
    was_disabled = False
    for operation in world.operations(TINY)[-1:] if not gone else []:
        was_disabled = _was_disabled(operation)
        failed = [record for record in operation.journal if record.outcome is StepOutcome.FAILED]
        shown = world.extension(TINY).status
        if operation.ended and operation.outcome is not Outcome.SUCCEEDED and shown.code != failed[0].code:
            problems.append(f"{failed[0].code} is not shown: {shown}")
    world.store.close()
    bare = [Call(call.kind, call.path) for call in observer.calls]
    return end, bare, _Found(answering, was_disabled, problems)


def _answering(world: TinyWorld) -> list[str]:
    """The versions that answer."""
    said = [answer(pipe, world.root / "reply") for pipe in sorted(world.state(TINY).glob("*.ask"))]
    return [version for version in said if version is not None]


def _was_disabled(operation: Operation) -> bool:
    return any(r.step is not None and r.step.name is StepName.DISABLE for r in operation.journal)


def _recover(stage: Stage) -> list[str]:
    """With room again: one pass; returns what is wrong after it."""
    world = TinyWorld(stage.root, _Later(2), connect=False)
    world.ask_for_pass()
    world.run(patience=600.0)
    problems = []

    def promised(kept: bool, what: str) -> None:
        if not kept:
            problems.append(what)

    version = stage.scenario.expected.version
    expected = [] if version is None else [version]
    promised(_answering(world) == expected, f"{_answering(world)} answer in the end, not {expected}")
    promised(not world.store.operations.unfinished(world.machine.id), "an operation has no end")
    promised(not world.left_behind(), f"left behind: {world.left_behind()}")
    promised(not world.places.reserve.exists(), "the reserve is still put by")
    folders = [f"{TINY.handler}-{name}" for name in expected]
    promised(world.version_folders() == folders, f"folders: {world.version_folders()}")
    promised(world.is_gone(TINY) == (version is None), "it is gone, or is not")
    if not world.is_gone(TINY):
        extension = world.extension(TINY)
        installed = extension.installed
        promised(installed is not None and installed.enabled, "it is not enabled")
        promised(world.version(TINY) == version, f"version {world.version(TINY)}")
        applied = None if installed is None else installed.settings_seq
        promised(applied == extension.settings.seq, f"settings {applied} of {extension.settings.seq}")
        for operation in world.operations(TINY):
            numbers = [record.seq for record in operation.journal]
            promised(numbers == list(range(1, len(numbers) + 1)), f"journal {numbers}")
    lines = (world.state(TINY) / "commands.log").read_text().splitlines()
    ends = [f"end {line.removeprefix('begin ')}" for line in lines[::2]]
    promised(ends == lines[1::2], f"commands ran beside one another: {lines}")
    world.store.close()
    return problems


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
