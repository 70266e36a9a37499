"""A schedule: some days of one machine, drawn from a seed, with faults; then luck turns and all ends well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from random import Random

from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Choice
from connectedmachine.model.version import Version
from simulation.faults import Faults
from simulation.gallery import Release, manifest
from simulation.hands import BrokenRuleError
from simulation.invariants import check_history, check_pending, unsettled
from simulation.world import POLICY, Memory, World

_HOUR = 3600.0
_TO_SETTLE = 90 * 24 * _HOUR

_Rules = dict[str, object]

_BAD: tuple[tuple[str, _Rules], ...] = (
    ("commands", {"command": "install", "exitCode": 1}),
    ("commands", {"command": "enable", "exitCode": 2}),
    ("commands", {"command": "enable", "hangs": True}),
    ("commands", {"command": "update", "exitCode": 4}),
    ("commands", {"exitCode": 5}),
    ("health", {"unhealthyFrom": 120}),
    ("health", {"reports": "nothing"}),
    ("health", {"reports": "error"}),
)
_STICKY: tuple[_Rules, ...] = ({"command": "disable", "exitCode": 1}, {"command": "uninstall", "hangs": True})
_BETTER_LATER: tuple[tuple[str, _Rules], ...] = (
    ("commands", {"command": "enable", "exitCode": 1, "times": 2}),
    ("commands", {"command": "install", "exitCode": 1, "times": 1}),
    ("commands", {"exitCode": 1, "chance": 0.1}),
    ("commands", {"seconds": 40}),
    ("health", {"healthyAfter": 90}),
    ("health", {"reports": "error", "times": 1}),
)


@dataclass(frozen=True)
class Played:
    """What came of a schedule; ``dead_end`` is empty when all ended well."""

    faults: int
    operations: int
    dead_end: str


def play(memory: Memory, seed: str) -> Played:
    """Play one schedule; the same seed is the same schedule."""
    schedule = _Schedule(memory, seed)
    try:
        dead_end = schedule.play()
        operations = len(schedule.world.history())
    finally:
        schedule.world.close()
    return Played(schedule.world.faults.injected, operations, dead_end)


class _Schedule:
    def __init__(self, memory: Memory, seed: str) -> None:
        self._random = random = Random(seed)
        several = random.random() < 0.15
        handlers = [HandlerName("Contoso", f"Agent{number}") for number in range(random.choice((1, 1, 2)))]
        self._names = {f"e{number}": handler for number, handler in enumerate(handlers)}
        if several:
            self._names["other"] = handlers[0]
        scenario: dict[str, list[_Rules]] = {"commands": [], "health": []}
        self._releases: list[Release] = []
        for handler in handlers:
            for minor in range(random.randint(2, 4)):
                self._releases.append(
                    self._release(handler, minor, several and handler == handlers[0], scenario)
                )
        policy = POLICY if random.random() < 0.8 else {**POLICY, "preset": "arc-2025"}
        self.world = World(memory, f"m{seed}", {"seed": random.randrange(1000), **scenario}, policy)
        if random.random() < 0.15:
            self.world.open_only(time(random.randrange(24)), timedelta(hours=random.choice((4, 9))))
        self.world.faults = Faults(random, random.choice((0, 1, 2, 3, 5, 8)), self._something)

    def _release(
        self, handler: HandlerName, minor: int, several: bool, scenario: dict[str, list[_Rules]]
    ) -> Release:
        random = self._random
        bad = minor > 0 and random.random() < 0.35
        sticky = not bad and random.random() < 0.08
        if bad:
            kind, rule = random.choice(_BAD)
        elif sticky:
            kind, rule = "commands", random.choice(_STICKY)
        else:
            kind, rule = random.choice(_BETTER_LATER)
        if bad or sticky or random.random() < 0.4:
            scenario[kind].append({**rule, "handler": str(handler), "version": f"1.{minor}"})
        made = manifest(
            # One that never installs must not get on the machine by another way: it could not come back.
            update_with_install=bad or random.random() < 0.7,
            continue_on_update_failure=random.random() < 0.3,
            several=several,
        )
        return Release(handler, Version((1, minor, 0, 0)), made, bad, sticky)

    def play(self) -> str:
        """Returns how it is a dead end, if it is one."""
        try:
            self._with_faults()
            return self._without_faults()
        except Exception as error:  # whatever a runner dies of but a fault
            return f"{type(error).__name__}: {error}"

    def _with_faults(self) -> None:
        random, world = self._random, self.world
        for handler in set(self._names.values()):
            self._publish(handler)
        for name, handler in self._names.items():
            world.create(name, handler, "1.0")
        for _ in range(random.randint(2, 4)):
            world.ask_for_pass()
            while not world.run() and random.random() < 0.8:
                world.clock.sleep(random.choice((0.0, 10.0, _HOUR)))
            world.clock.sleep(random.choice((_HOUR, 24 * _HOUR, 80 * _HOUR)))
            if random.random() < 0.7:
                self._publish(random.choice([*self._names.values()]))
            if random.random() < 0.4:
                self._something()

    def _without_faults(self) -> str:
        world = self.world
        world.faults.stop()
        world.gallery.reachable = True
        ended = {o.id: o for o in world.history() if o.ended is not None}
        missing = ""
        # At another hour each time, so that a window is met within days.
        between = 7 * _HOUR if world.windows else 24 * _HOUR
        for _ in range(int(_TO_SETTLE / between)):
            world.ask_for_pass()
            if not world.run():
                raise BrokenRuleError("the runner died of no fault")
            check_pending(world)
            missing = unsettled(world, world.clock.now())
            if not missing:
                break
            world.clock.sleep(between)
        check_history(world)
        if any(world.store.operations.get(id_) != operation for id_, operation in ended.items()):
            raise BrokenRuleError("an ended operation was changed")
        return missing

    def _publish(self, handler: HandlerName) -> None:
        waiting = next((release for release in self._releases if release.handler == handler), None)
        if waiting is not None:
            self._releases.remove(waiting)
            self.world.gallery.publish(waiting)

    def _something(self) -> None:
        """A wish, or what befalls packages."""
        random, world = self._random, self.world
        name = random.choice([*self._names])
        wishes: list[Callable[[], None]] = [
            lambda: world.enrol(name, enrolled=random.random() < 0.5),
            lambda: world.change(name, settings=True),
            lambda: self._set_version(name),
            lambda: world.retry(name),
            lambda: self._block(name),
            lambda: world.hold(name, random.choice((0.5, 3.0))),
            lambda: world.remove(name),
            lambda: self._again(name),
            lambda: self._resolve(name),
            lambda: world.disk.damaged.update(world.disk.zips),
            self._gallery_goes,
            lambda: self._publish(self._names[name]),
        ]
        random.choice(wishes)()

    def _set_version(self, name: str) -> None:
        release = self._random.choice(self.world.gallery.of(self._names[name]))
        extension = self.world.store.extensions.find(self.world.machine.id, name)
        # One that was never installed goes on asking for what it was asked for: that must be possible.
        if extension is not None and (extension.installed is not None or not release.bad):
            self.world.change(name, release.version)

    def _block(self, name: str) -> None:
        release = self._random.choice(self.world.gallery.of(self._names[name]))
        # The first one stays free, since that is what all begin with.
        if release.version.parts[1]:
            self.world.block(name, release.version)

    def _again(self, name: str) -> None:
        """Create anew what was removed."""
        if self.world.store.extensions.find(self.world.machine.id, name) is None:
            self.world.create(name, self._names[name], "1.0")

    def _resolve(self, name: str) -> None:
        operation = self.world.unfinished(name)
        if operation is not None:
            bad = self.world.gallery.releases[operation.new.sha256].bad
            choices = (Choice.BACK, Choice.STOP) if bad else (Choice.BACK, Choice.STOP, Choice.FORWARD)
            self.world.choose(name, self._random.choice(choices))

    def _gallery_goes(self) -> None:
        self.world.gallery.reachable = not self.world.gallery.reachable
