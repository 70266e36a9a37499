"""The promises that must hold after every cut and its recovery."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connectedmachine.model.operation import Operation

from .life import LifeClock
from .scenarios import Expected, TinyWorld
from .tiny import TINY, answer, processes

_LAST_LIFE = 9


def problems(root: Path, expected: Expected, *, commands: bool = True) -> list[str]:
    """What is not as promised, in sentences; empty when all is well. ``commands``: those that ran too."""
    world = TinyWorld(root, LifeClock(_LAST_LIFE), connect=False)
    try:
        found = [*_history(world, expected), *_machine(world, expected)]
        return [*found, *_commands(world, expected)] if commands else found
    finally:
        world.store.close()


def _history(world: TinyWorld, expected: Expected) -> Iterator[str]:
    operations = world.store.operations.history(world.machine.id)[::-1]
    said = tuple(f"{o.kind} {o.outcome}" for o in operations)
    if said != expected.history:
        yield f"the history is {said}, not {expected.history}: {[o.message for o in operations]}"
    for operation in operations:
        yield from _journal(operation)
    if world.store.operations.unfinished(world.machine.id):
        yield "an operation has no end"
    if world.store.passes.next_wanted(world.machine.id) is not None:
        yield "the pass has no end"
    if expected.decided:
        decision = world.store.passes.latest(world.machine.id).get(TINY.type.lower())
        if decision is None or decision.reason not in expected.decided:
            yield f"the pass decided {decision and decision.reason}, not {expected.decided}"
        elif decision.operation_id != operations[-1].id:
            yield "the decision is not about the last operation"


def _journal(operation: Operation) -> Iterator[str]:
    journal = operation.journal
    if [record.seq for record in journal] != list(range(1, len(journal) + 1)):
        yield "the journal has gaps"
    if not all(record.ended and record.outcome for record in journal):
        yield "a step has no outcome"
    times = [str(time) for record in journal for time in (record.began, record.ended)]
    if times != sorted(times):
        yield "the journal is not in order"


def _machine(world: TinyWorld, expected: Expected) -> Iterator[str]:
    gone = world.is_gone(TINY)
    if gone != (expected.version is None):
        yield "the extension is gone" if gone else "the extension is still there"
        return
    installed = None if gone else world.extension(TINY).installed
    version = None if installed is None else str(installed.version)
    if version != expected.version:
        yield f"{version} is installed, not {expected.version}"
    serving = [process.version for process in processes(world.root)]
    wanted = [] if expected.version is None else [expected.version]
    if serving != wanted:
        yield f"what runs is {serving}"
    for pipe in world.state(TINY).glob("*.ask"):
        said = answer(pipe, world.root / "reply")
        if said != (expected.version if pipe.stem == expected.version else None):
            yield f"{pipe.stem} answers {said}"
    if world.left_behind():
        yield f"left behind: {world.left_behind()}"
    if world.version_folders() != [f"{TINY.handler}-{version}" for version in wanted]:
        yield f"the library holds {world.version_folders()}"
    if world.zips() != ({installed.sha256} if installed else set()):
        yield f"the pinned zips are {world.zips()}"


def _commands(world: TinyWorld, expected: Expected) -> Iterator[str]:
    log = (world.state(TINY) / "commands.log").read_text().splitlines()
    begun = tuple(line.removeprefix("begin ") for line in log if line.startswith("begin "))
    alternating = [line for command in begun for line in (f"begin {command}", f"end {command}")]
    if log != alternating:
        yield f"commands ran beside one another: {log}"
    if begun != expected.commands:
        yield f"the commands were {begun}, not {expected.commands}"
