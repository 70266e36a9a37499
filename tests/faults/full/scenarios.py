"""What a runner is doing when the disk has no more room: each kind of operation, wished for, not begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.world import FakeClock, World

from . import tiny

OLD, NEW = "1.0.0.0", "1.1.0.0"
_QUICK = {"health_window": 2.0, "stable_for": 1.0, "sample_interval": 1.0}


class TinyWorld(World):
    """A host with the smallest handler, whose time passes only while the product sleeps."""

    def __init__(self, root: Path, *, connect: bool = False) -> None:
        super().__init__(root, FakeClock(), connect=connect)
        if connect:
            self.policy(**_QUICK)

    @property
    def fake(self) -> FakeClock:
        assert isinstance(self.clock, FakeClock)
        return self.clock

    @property
    def data(self) -> Path:
        return self.state(tiny.TINY)

    def offer(self, version: str, status: str = "success") -> None:
        """Publish a version whose enable reports that."""
        self.service.image_publish(
            path=str(tiny.build(self.root / "zips" / f"{version}.zip", version, status)),
            publisher=tiny.TINY.publisher,
            type=tiny.TINY.type,
            version=version,
            operating_system="Linux",
            supports_automatic_upgrade=True,
            follow=self.listener,
        )

    def answering(self) -> list[str]:
        """The versions that answer."""
        return [version for version in (OLD, NEW) if tiny.answers(self.data, version)]


@dataclass(frozen=True)
class Scenario:
    """An operation.

    Attributes:
        ask: Brings the host to where the operation is wished for.
        before, after: The version that works before it and after it, ``None`` for none.
    """

    name: str
    ask: Callable[[TinyWorld], None]
    before: str | None
    after: str | None


def _installed(world: TinyWorld) -> None:
    world.offer(OLD)
    world.put(tiny.TINY, OLD)
    world.run()
    assert world.answering() == [OLD]


def _install(world: TinyWorld) -> None:
    world.offer(OLD)
    world.put(tiny.TINY, OLD)


def _configure(world: TinyWorld) -> None:
    _installed(world)
    world.patch(tiny.TINY, settings={"port": 1})


def _upgrade(world: TinyWorld) -> None:
    _installed(world)
    world.offer(NEW)
    world.ask_for_pass()


def _undo(world: TinyWorld) -> None:
    _installed(world)
    world.offer(NEW, "error")
    world.ask_for_pass()


def _remove(world: TinyWorld) -> None:
    _installed(world)
    world.remove(tiny.TINY)


SCENARIOS = (
    Scenario("install", _install, None, OLD),
    Scenario("configure", _configure, OLD, OLD),
    Scenario("upgrade", _upgrade, OLD, NEW),
    Scenario("undo", _undo, OLD, OLD),
    Scenario("remove", _remove, OLD, None),
)
