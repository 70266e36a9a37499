"""Runs a target on numbered inputs; one is made from seed and number, so it can be made again."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from fuzzing.parsers import heartbeat, manifest, settings, status
from fuzzing.unpacking import unpacker

Target = Callable[[Random, Path], bool]
"""Makes one input and checks what must hold; returns whether the input was accepted."""

TARGETS: dict[str, Target] = {
    "manifest": manifest,
    "settings": settings,
    "status": status,
    "heartbeat": heartbeat,
    "unpacker": unpacker,
}
_HANGS_AFTER_SECONDS = 30
# Thousands of small files are made; where there is a disk in memory, no real one is worn out.
_MEMORY = Path("/dev/shm")  # noqa: S108 - only a parent of a folder of our own


class HangsError(Exception):
    """One input took out of all proportion long."""


@dataclass
class Result:
    """What came of one target; ``failures`` maps an input's number to what went wrong."""

    name: str
    inputs: int = 0
    accepted: int = 0
    seconds: float = 0.0
    failures: dict[int, str] = field(default_factory=dict)


def run(name: str, target: Target, *, seed: int, first: int, inputs: int) -> Result:
    """Feed ``target`` the inputs numbered from ``first``; never raises for a failure."""
    result = Result(name)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as made, _hangs_noticed():
        for number in range(first, first + inputs):
            folder = Path(made).resolve() / "here"
            folder.mkdir(exist_ok=True)
            _set_alarm(_HANGS_AFTER_SECONDS)
            try:
                result.accepted += target(Random(f"{seed} {name} {number}"), folder)
            except Exception:  # whatever it is, it is what is looked for
                result.failures[number] = traceback.format_exc(limit=-4)
                folder.rename(folder.with_name(f"failed-{number}"))
            result.inputs += 1
        _set_alarm(0)
    result.seconds = time.perf_counter() - began
    return result


if sys.platform == "win32":

    def _set_alarm(seconds: int) -> None:
        """There is none: whoever runs this sees a hang."""

    @contextmanager
    def _hangs_noticed() -> Iterator[None]:
        yield

else:
    _set_alarm = signal.alarm

    @contextmanager
    def _hangs_noticed() -> Iterator[None]:
        def hangs(_: int, __: FrameType | None) -> None:
            raise HangsError(f"It took longer than {_HANGS_AFTER_SECONDS} s.")

        before = signal.signal(signal.SIGALRM, hangs)
        try:
            yield
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
