"""One life of a runner: a process of its own, forked from one that has everything imported already."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from durable import Observer, tapped

from connectedmachine.agent import local_hands  # noqa: F401 - imported once, by the process that is forked
from connectedmachine.agent.hosting import hands_for
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.places import Places
from connectedmachine.agent.runner import Runner
from connectedmachine.handler import _processes  # noqa: F401 - as above
from connectedmachine.store import Store

_LIFE_SECONDS = 60.0
_START = datetime.now(UTC)

Hooks = Mapping[str, Callable[[Path, "LifeClock"], None]]
"""What happens, from outside, when the runner comes by a stop point."""

Mutation = Callable[[], None]
"""Changes the product in this process, for good."""


def unchanged() -> None:
    """The product as it is."""


class LifeClock:
    """Time that passes only while the product sleeps, and by a minute from each life to the next.

    ``boot`` counts the losses of power; monotonic time starts anew with each.
    """

    def __init__(self, life: int, boot: int = 0) -> None:
        self._passed = _LIFE_SECONDS * life
        self._boot = boot
        self._booted = self._passed if boot else -1000.0

    def now(self) -> datetime:
        return _START + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed - self._booted

    def sleep(self, seconds: float) -> None:
        self._passed += seconds

    def boot_id(self) -> str:
        return f"boot {self._boot}"


@dataclass(frozen=True)
class Fate:
    """How a life ended: by SIGKILL, by itself, or by an error, whose trace it is."""

    killed: bool
    trace: str = ""


def live(
    home: Path,
    machine_id: str,
    life: int,
    observer: Observer | None,
    *,
    hooks: Hooks | None = None,
    mutation: Mutation = unchanged,
    last_words: Callable[[], object] | None = None,
    boot: int = 0,
    sqlite_files: bool = False,
) -> tuple[Fate, object]:
    """Be a runner until all is at rest, or until the observer ends it.

    Args:
        last_words: Called at the end of a life that was not killed; what it returns comes back.
        boot: How often the power was off before.
        sqlite_files: As ``tapped`` has it.

    Returns:
        The fate, and the last words.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        code = 1
        try:
            gc.disable()
            mutation()
            _run(home, machine_id, LifeClock(life, boot), observer, hooks or {}, sqlite_files)
            said, code = pickle.dumps(last_words() if last_words else None), 0
        except BaseException:
            said = pickle.dumps(traceback.format_exc())
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(said)
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return Fate(killed=True), None
    words: object = pickle.loads(said)  # noqa: S301 - our own child's
    return (Fate(killed=False), words) if os.WEXITSTATUS(status) == 0 else (Fate(False, str(words)), None)


def _run(
    home: Path,
    machine_id: str,
    clock: LifeClock,
    observer: Observer | None,
    hooks: Hooks,
    sqlite_files: bool,
) -> None:
    with nullcontext() if observer is None else tapped(home, observer, sqlite_files=sqlite_files) as taps:

        def stop(point: str) -> None:
            if point in hooks:
                with nullcontext() if taps is None else taps.silence():
                    hooks[point](home, clock)

        store = Store.open(home)
        machine = store.machines.get(machine_id)
        assert machine is not None
        assert EffectsLock(Places(home, machine_id).lock).acquire(), "another runner lives"
        Runner(store, machine, hands_for(store, machine, clock), patience=600.0, stop_point=stop).run()
        store.close()
