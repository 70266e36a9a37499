"""Any order of wishes, releases, faults and passes that hypothesis finds, over the world of the schedules."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from simulation.faults import Faults
from simulation.gallery import Release, manifest
from simulation.invariants import check_history, check_pending, unsettled
from simulation.world import POLICY, Memory, World

from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version

AGENT = HandlerName("Contoso", "Agent")
DAY = 86_400.0
MEMORY = Memory()
BAD: dict[int, tuple[str, dict[str, object]]] = {
    2: ("commands", {"command": "enable", "exitCode": 1}),
    3: ("health", {"unhealthyFrom": 100}),
}


class AnyOrder(RuleBasedStateMachine):
    """Versions 1.2 and 1.3 are bad; whatever is done, the machine comes to work again afterwards."""

    def __init__(self) -> None:
        super().__init__()
        scenario: dict[str, list[dict[str, object]]] = {"commands": [], "health": []}
        for minor, (kind, told) in BAD.items():
            scenario[kind].append({**told, "version": f"1.{minor}"})
        self.world = World(MEMORY, "m", {**scenario}, POLICY)
        self.minor = 0
        self.publish()
        self.world.create("agent", AGENT, "1.0")

    @rule()
    def publish(self) -> None:
        version = Version((1, self.minor, 0, 0))
        self.world.gallery.publish(Release(AGENT, version, manifest(), bad=self.minor in BAD))
        self.minor += 1

    @rule(enrolled=st.booleans())
    def enrol(self, enrolled: bool) -> None:
        self.world.enrol("agent", enrolled=enrolled)

    @precondition(lambda self: self.installed())
    @rule(minor=st.integers(0, 5))
    def set_version(self, minor: int) -> None:
        self.world.change("agent", Version((1, min(minor, self.minor - 1), 0, 0)))

    @rule()
    def change_settings(self) -> None:
        self.world.change("agent", settings=True)

    @rule()
    def hold(self) -> None:
        self.world.hold("agent", 1.0)

    @rule()
    def remove_or_create(self) -> None:
        if self.world.extensions():
            self.world.remove("agent")
        else:
            self.world.create("agent", AGENT, "1.0")

    @rule(reachable=st.booleans())
    def reach_the_gallery(self, reachable: bool) -> None:
        self.world.gallery.reachable = reachable

    @rule()
    def damage_the_packages(self) -> None:
        self.world.disk.damaged.update(self.world.disk.zips)

    @rule(seed=st.integers(0, 999), faults=st.integers(0, 4), days=st.floats(0, 4))
    def run_a_pass(self, seed: int, faults: int, days: float) -> None:
        self.world.clock.sleep(days * DAY)
        self.world.faults = Faults(Random(seed), faults, lambda: None)
        self.world.ask_for_pass()
        if self.world.run():
            check_pending(self.world)

    def installed(self) -> bool:
        return any(extension.installed is not None for extension in self.world.extensions())

    @invariant()
    def history_is_whole(self) -> None:
        check_history(self.world)

    def teardown(self) -> None:
        world = self.world
        world.faults.stop()
        world.gallery.reachable = True
        missing = "never looked at"
        for _ in range(30):
            world.ask_for_pass()
            assert world.run()
            missing = unsettled(world, world.clock.now())
            if not missing:
                break
            world.clock.sleep(DAY)
        world.close()
        assert not missing


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
