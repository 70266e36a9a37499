"""Order among the extensions of a machine: what is provisioned after what (handler contract 2.7).

Unlike Azure's agent, which skips everything later once something failed, a failure stops only what depends
on it, directly or through others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from connectedmachine.model.resource import Extension

READY_WITHIN = 5400.0
"""Seconds after its enable in which an extension has to be ready for those after it (Azure's 90 minutes)."""

DEPENDENCY_MISSING = "DependencyMissing"
DEPENDENCY_FAILED = "DependencyFailed"
HELD_BACK = frozenset({DEPENDENCY_MISSING, DEPENDENCY_FAILED})
"""Status codes of an extension whose install waits for what nobody is working on."""


class Standing(StrEnum):
    """How an extension stands for those that are provisioned after it."""

    READY = "ready"
    COMING = "coming"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True)
class Obstacle:
    """The extension that another one waits for, how it stands, and that in one sentence."""

    standing: Standing
    message: str


def queue(extensions: Sequence[Extension]) -> list[Extension]:
    """In the order in which work on them is done.

    Removals first, dependants before what they depend on; then the rest, what is depended on first; of one
    level by name.
    """
    after = {e.name.lower(): [name.lower() for name in e.provision_after] for e in extensions}
    levels: dict[str, int] = {}

    def level(name: str, under_way: frozenset[str]) -> int:
        if name not in levels:
            below = [n for n in after.get(name, ()) if n in after and n not in under_way]
            levels[name] = 1 + max((level(n, under_way | {name}) for n in below), default=-1)
        return levels[name]

    for name in after:
        level(name, frozenset({name}))

    def place(extension: Extension) -> tuple[bool, int, str]:
        name = extension.name.lower()
        return (not extension.removing, -levels[name] if extension.removing else levels[name], name)

    return sorted(extensions, key=place)


def cycle(after: Mapping[str, Sequence[str]], start: str) -> list[str] | None:
    """A way from ``start`` back to itself, if there is one.

    Args:
        after: By lower-case name, the lower-case names it is provisioned after; names may be unknown.
    """
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for below in after.get(name, ()):
            if below == start:
                way = [name]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return [*reversed(way), start]
            if below not in came_from:
                came_from[below] = name
                waiting.append(below)
    return None


def obstacle(
    extension: Extension,
    others: Mapping[str, Extension],
    judge: Callable[[Extension], Obstacle | None],
    passed: frozenset[str] = frozenset(),
) -> Obstacle | None:
    """What keeps an extension from being installed; the worst, where there are several.

    Args:
        others: The machine's extensions by lower-case name.
        judge: How an extension stands by itself, without what it is provisioned after in its turn;
            ``None`` when it is ready.
    """
    found: list[Obstacle] = []
    for name in extension.provision_after:
        key = name.lower()
        other = others.get(key)
        if other is None:
            found.append(Obstacle(Standing.MISSING, f"It waits for '{name}', which does not exist."))
            continue
        own = judge(other)
        if own is None:
            continue
        below = None
        if own.standing is not Standing.FAILED and other.installed is None and key not in passed:
            below = obstacle(other, others, judge, passed | {key})
        if below is None or below.standing is Standing.COMING:
            found.append(own)
        else:
            found.append(Obstacle(below.standing, f"It waits for '{other.name}': {below.message}"))
    worst_first = (Standing.FAILED, Standing.MISSING, Standing.COMING)
    return min(found, key=lambda one: worst_first.index(one.standing), default=None)
