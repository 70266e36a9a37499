"""The operations that are cut off: how each is asked for, and what must have come of it in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.world import GROUP, MACHINE, SAMPLES, World
from packages import PackageSpec

from .life import Hooks, LifeClock
from .tiny import TINY, build

OLD, NEW = TINY.version, "1.1.0.0"
GOOD = replace(TINY, version=NEW)
BAD = replace(GOOD, unhealthy_after_requests=0)

POLICY = {"health_window": 0.2, "stable_for": 0.1, "sample_interval": 0.1, "rollback_pause": 2.0}

FIRST = ("install 1.0.0.0", "enable 1.0.0.0")
FORWARD = (
    "disable 1.0.0.0",
    "update 1.1.0.0",
    "uninstall 1.0.0.0",
    "install 1.1.0.0",
    "enable 1.1.0.0",
)
BACK = (
    "disable 1.1.0.0",
    "update 1.1.0.0",
    "uninstall 1.1.0.0",
    "install 1.0.0.0",
    "enable 1.0.0.0",
)
AGAIN = ("uninstall 1.0.0.0", "install 1.0.0.0", "enable 1.0.0.0")


class TinyWorld(World):
    """A host whose sample is the tiny handler."""

    def publish(self, spec: PackageSpec) -> str:
        image = self.service.image_publish(
            path=str(build(self.root / "zips", spec)),
            publisher=spec.publisher,
            type=spec.type,
            version=spec.version,
            operating_system=SAMPLES["linux"],
            supports_automatic_upgrade=True,
            follow=self.listener,
        )
        return str(image["version"])


@dataclass(frozen=True)
class Expected:
    """What must hold once all is at rest, wherever the runner was cut off.

    Attributes:
        history: Kind and outcome of each operation, oldest first.
        commands: Every handler command that was ever begun, in order; none is begun twice because of a cut.
        version: The one that is installed, serves and answers; ``None`` when the extension is gone.
        decided: The reasons that the pass may give, if one was asked for.
    """

    history: tuple[str, ...]
    commands: tuple[str, ...]
    version: str | None
    decided: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """``prepare`` leads to where a runner starts; ``hooks`` is what comes from outside meanwhile."""

    name: str
    prepare: Callable[[TinyWorld], object]
    expected: Expected
    hooks: Hooks = field(default_factory=dict)


def _installed(world: TinyWorld, spec: PackageSpec = TINY) -> None:
    world.policy(**POLICY)
    world.publish(TINY)
    if spec is not TINY:
        world.publish(spec)
    world.put(TINY, spec.version)
    world.run()
    assert world.version(TINY) == spec.version


def _install(world: TinyWorld) -> None:
    world.publish(TINY)
    world.put(TINY, OLD)


def _configure(world: TinyWorld) -> None:
    _installed(world)
    world.put(TINY, settings={"port": 1})


def _upgrade(world: TinyWorld, new: PackageSpec = GOOD) -> None:
    _installed(world)
    world.publish(new)
    world.ask_for_pass()


def _strict(world: TinyWorld) -> None:
    _upgrade(world)
    (world.state(TINY) / "strict").touch()


def _downgrade(world: TinyWorld) -> None:
    _installed(world, GOOD)
    world.put(TINY, OLD)


def _remove(world: TinyWorld) -> None:
    _installed(world)
    world.remove(TINY)


def _undo(world: TinyWorld) -> None:
    _upgrade(world, BAD)


def _retry(world: TinyWorld) -> None:
    _undo(world)
    (world.state(TINY) / f"failing-{OLD}").write_text("1\n")


def _fetch_again(world: TinyWorld) -> None:
    _undo(world)
    installed = world.extension(TINY).installed
    assert installed is not None
    (world.places.packages / f"{installed.sha256}.zip").write_bytes(b"damaged")


def _opts_out(home: Path, clock: LifeClock) -> None:
    world = World(home.parent, clock, connect=False)
    world.opt_out(TINY)
    world.store.close()


_INSTALLED = "Install Succeeded"
_ROLLED_BACK = (_INSTALLED, "ChangeVersion RolledBack")

SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("install", _install, Expected((_INSTALLED,), FIRST, OLD)),
        Scenario(
            "configure",
            _configure,
            Expected((_INSTALLED, "Configure Succeeded"), (*FIRST, "enable 1.0.0.0"), OLD),
        ),
        Scenario(
            "upgrade",
            _upgrade,
            Expected((_INSTALLED, "ChangeVersion Succeeded"), (*FIRST, *FORWARD), NEW, ("Upgraded",)),
        ),
        Scenario(
            "upgrade, nothing twice",
            _strict,
            Expected((_INSTALLED, "ChangeVersion Succeeded"), (*FIRST, *FORWARD), NEW, ("Upgraded",)),
        ),
        Scenario(
            "downgrade",
            _downgrade,
            Expected(
                (_INSTALLED, "ChangeVersion Succeeded"),
                (
                    "install 1.1.0.0",
                    "enable 1.1.0.0",
                    "disable 1.1.0.0",
                    "update 1.1.0.0",
                    "uninstall 1.1.0.0",
                    "install 1.0.0.0",
                    "enable 1.0.0.0",
                ),
                OLD,
            ),
        ),
        Scenario("undo", _undo, Expected(_ROLLED_BACK, (*FIRST, *FORWARD, *BACK), OLD, ("RolledBack",))),
        Scenario(
            "opt-out",
            _upgrade,
            Expected((_INSTALLED, "ChangeVersion Cancelled"), FIRST, OLD, ("Interrupted",)),
            {"before baseline(old)": _opts_out},
        ),
        Scenario(
            "remove",
            _remove,
            Expected(
                (_INSTALLED, "Remove Succeeded"), (*FIRST, "disable 1.0.0.0", "uninstall 1.0.0.0"), None
            ),
        ),
        Scenario(
            "retry",
            _retry,
            # Which one depends on whether the further try came before the decision.
            Expected(
                _ROLLED_BACK, (*FIRST, *FORWARD, *BACK[:-1], *AGAIN), OLD, ("RollbackPending", "RolledBack")
            ),
        ),
        Scenario(
            "fetch again",
            _fetch_again,
            Expected(_ROLLED_BACK, (*FIRST, *FORWARD, *BACK), OLD, ("RolledBack",)),
        ),
    )
}


def connected(root: Path) -> TinyWorld:
    """A new host; the handler's own folder is there, as after an earlier installation."""
    world = TinyWorld(root, LifeClock(0))
    world.state(TINY).mkdir(mode=0o700, parents=True)
    return world


__all__ = ["GROUP", "MACHINE", "SCENARIOS", "Expected", "Scenario", "TinyWorld", "connected"]
