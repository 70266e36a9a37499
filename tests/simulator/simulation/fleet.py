"""A fleet: machines that pass once a day, each at its own hour, while publishers release every week or so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from connectedmachine.model.clock import to_text
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Operation, Outcome
from connectedmachine.model.version import Version
from simulation.clock import START
from simulation.gallery import Release, manifest
from simulation.world import POLICY, Memory, World

_DAY = 86_400.0

_BAD = (
    ("commands", {"command": "enable", "exitCode": 2}),
    ("commands", {"command": "install", "hangs": True}),
    ("health", {"unhealthyFrom": 120}),
    ("health", {"reports": "error"}),
)


@dataclass(frozen=True)
class Fleet:
    """How large it is, how long it lives, and which one it is."""

    machines: int
    extensions: int
    weeks: int
    seed: int


@dataclass(frozen=True)
class Lived:
    """What came of one machine; ``digest``: of its history."""

    operations: int
    decisions: int
    rolled_back: int
    digest: bytes


def live(memory: Memory, fleet: Fleet, number: int) -> Lived:
    """Let one machine live through the weeks."""
    releases, scenario = _publishers(fleet)
    world = World(memory, f"m{fleet.seed}-{number}", scenario, POLICY)
    try:
        world.clock.sleep(Random(f"{fleet.seed} {number}").uniform(0, _DAY))
        for name in range(fleet.extensions):
            world.create(f"e{name}", _handler(name), "1")
        decisions = 0
        for _ in range(fleet.weeks * 7):
            while releases and releases[0][0] <= world.clock.monotonic():
                world.gallery.publish(releases.pop(0)[1])
            world.ask_for_pass()
            assert world.run()
            decisions += fleet.extensions
            world.clock.sleep(_DAY - world.clock.monotonic() % 60)
        history = world.history()
    finally:
        world.close()
    rolled_back = sum(operation.outcome is Outcome.ROLLED_BACK for operation in history)
    return Lived(len(history), decisions, rolled_back, _digest(history))


def _publishers(fleet: Fleet) -> tuple[list[tuple[float, Release]], dict[str, object]]:
    """What is released when, in order, and what handlers do with it."""
    random = Random(f"{fleet.seed}")
    found: list[tuple[float, Release]] = []
    commands: list[dict[str, object]] = []
    health: list[dict[str, object]] = []
    for name in range(fleet.extensions):
        handler, at, minor = _handler(name), 0.0, 0
        while at < fleet.weeks * 7 * _DAY:
            made = manifest(update_with_install=random.random() < 0.7)
            bad = minor > 0 and random.random() < 0.15
            found.append((at, Release(handler, Version((1, minor, 0, 0)), made, bad)))
            if bad:
                kind, rule = random.choice(_BAD)
                rules = commands if kind == "commands" else health
                # Not every machine is hit by a bad release.
                about = {"handler": str(handler), "version": f"1.{minor}", "chance": random.choice((0.2, 1))}
                rules.append({**rule, **about})
            at += random.uniform(4, 11) * _DAY
            minor += 1
    commands.append({"chance": 0.005, "exitCode": 1})
    commands.append({"command": "install", "seconds": 30})
    health.append({"healthyAfter": 20})
    ordered = sorted(found, key=lambda each: (each[0], str(each[1].handler)))
    return ordered, {"seed": fleet.seed, "commands": commands, "health": health}


def _handler(number: int) -> HandlerName:
    return HandlerName("Contoso", f"Agent{number}")


def _digest(history: list[Operation]) -> bytes:
    """Of all that a history says, without the ids, which are drawn anew each time."""
    digest = hashlib.sha256()
    for operation in history:
        ended = to_text(operation.ended or START)
        words = [operation.extension, operation.kind, operation.new.version, operation.outcome]
        words += [to_text(operation.began), ended, operation.message]
        for record in operation.journal:
            words += [record.step, record.round, to_text(record.began), record.outcome, record.message]
        digest.update("\n".join(map(str, words)).encode())
    return digest.digest()
