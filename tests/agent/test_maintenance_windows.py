"""Maintenance windows hold on every path that changes a version, and a short one is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from agent.world import GROUP, MACHINE, SAMPLES, FakeClock, PowerCutError, World, at
from connectedmachine.agent.next_look import next_look
from connectedmachine.model.operation import OperationKind, Outcome, StepName, StepRecord
from connectedmachine.model.resource import ProvisioningState
from packages import AGENT as BUSY
from packages import PackageSpec, end_processes, override

# They do nothing, and nothing of what they do is of interest here: when they are called is.
AGENT = PackageSpec("Contoso.Sample", "Agent", noop=True)
CLOCK = PackageSpec("Contoso.Sample", "Clock", noop=True)
NEW = replace(AGENT, version="1.1.0.0")
NEW_CLOCK = replace(CLOCK, version="1.1.0.0")
HOUR = 3600.0


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """Time passes only while the product sleeps; a machine whose runner stays for no window."""
    yield from prepared(World(tmp_path, clock, connect=False), simulated=True)


@pytest.fixture
def real(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """The same on this host, for what fails as handlers do."""
    yield from prepared(World(tmp_path, clock, connect=False), simulated=False)


def prepared(made: World, *, simulated: bool) -> Iterator[World]:
    os = SAMPLES[AGENT.os] if simulated else None
    made.service.machine_connect(
        resource_group=GROUP, name=MACHINE, simulated=simulated, os_type=os, follow=made.listener
    )
    made.policy(pass_interval=0, health_window=2.0, stable_for=1.0, sample_interval=1.0)
    yield made
    made.store.close()
    end_processes(made.root)


def opens_in(world: World, seconds: float, duration: float = HOUR, name: str | None = None) -> datetime:
    """Give the machine, or an extension, one window a day that opens then; returns the moment."""
    start = (world.clock.now() + timedelta(seconds=seconds)).replace(microsecond=0)
    world.service.window_add(
        resource_group=GROUP,
        machine=MACHINE,
        name=name,
        window_name="test",
        time_zone="UTC",
        start=start.strftime("%H:%M:%S"),
        duration=duration,
        follow=world.listener,
    )
    return start


def is_settled(world: World) -> bool:
    return world.service._is_settled(world.machine, "Agent")


def test_a_pass_outside_the_window_leaves_the_version_alone(world: World) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens = opens_in(world, 2 * HOUR)
    assert world.run_pass() == {"Agent": "OutsideWindow"}
    assert world.store.passes.latest(world.machine.id)["agent"].next_look == opens
    assert next_look(world.store, world.machine, world.clock.now()) == opens
    assert world.version(AGENT) == AGENT.version


def test_a_pass_inside_the_window_moves_it(world: World) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, -60)
    assert world.run_pass() == {"Agent": "Upgraded"}


def test_a_version_that_was_asked_for_waits_and_comes_when_the_window_opens(
    world: World, clock: FakeClock
) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens = opens_in(world, 2 * HOUR)
    world.put(AGENT, NEW.version, settings=None)
    world.run()
    waiting = world.extension(AGENT)
    assert (str(waiting.target), waiting.provisioning) == (NEW.version, ProvisioningState.SUCCEEDED)
    assert waiting.status.code == "OutsideWindow"
    assert f"{opens:%Y-%m-%d %H:%M:%S} UTC" in waiting.status.message
    assert is_settled(world)
    assert world.version(AGENT) == AGENT.version
    assert next_look(world.store, world.machine, clock.now()) == opens
    clock.pass_time(2 * HOUR)
    world.run()
    assert world.version(AGENT) == NEW.version
    assert world.extension(AGENT).target is None


def test_the_same_request_again_changes_nothing_while_it_waits(world: World) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, 2 * HOUR)
    world.put(AGENT, NEW.version, settings=None)
    world.run()
    before = world.extension(AGENT)
    world.put(AGENT, NEW.version, settings=None)
    world.run()
    assert world.extension(AGENT) == before


def test_another_version_takes_the_place_of_one_that_waits(world: World, clock: FakeClock) -> None:
    newer = replace(AGENT, version="1.2.0.0")
    world.install(AGENT, settings=None)
    world.publish(NEW)
    world.publish(newer)
    opens_in(world, 2 * HOUR)
    world.put(AGENT, NEW.version, settings=None)
    world.run()
    world.put(AGENT, newer.version, settings=None)
    world.run()
    clock.pass_time(2 * HOUR)
    world.run()
    assert [str(o.new.version) for o in world.operations(AGENT)] == [AGENT.version, newer.version]


def test_the_installed_version_asked_for_again_ends_the_wait(world: World, clock: FakeClock) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, 2 * HOUR)
    world.put(AGENT, NEW.version, settings=None, enableAutomaticUpgrade=False)
    world.run()
    world.put(AGENT, AGENT.version, settings=None)
    world.run()
    clock.pass_time(2 * HOUR)
    world.run()
    assert world.version(AGENT) == AGENT.version
    assert world.extension(AGENT).status.code != "OutsideWindow"


def test_settings_a_first_install_and_a_removal_do_not_wait(world: World) -> None:
    opens_in(world, 2 * HOUR)
    world.install(AGENT, settings=None)
    world.publish(NEW)
    world.put(AGENT, NEW.version, settings=None)
    world.run()
    world.patch(AGENT, forceUpdateTag="again")
    world.run()
    assert world.last(AGENT).kind is OperationKind.CONFIGURE
    assert world.extension(AGENT).status.code == "OutsideWindow"
    world.remove(AGENT)
    world.run()
    assert world.is_gone(AGENT)


def test_a_user_may_ignore_the_window_and_the_history_says_so(world: World) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, 2 * HOUR)
    world.put(AGENT, NEW.version, settings=None)
    world.run()
    world.service.extension_patch(
        resource_group=GROUP,
        machine=MACHINE,
        name="Agent",
        body_text="{}",
        follow=world.listener,
        wait=False,
        ignore_window=True,
        initiator="me",
    )
    assert not is_settled(world)
    world.run()
    assert world.version(AGENT) == NEW.version
    assert world.last(AGENT).initiator == "me (maintenance windows ignored)"
    assert not world.extension(AGENT).ignore_window


@pytest.mark.parametrize(
    ("point", "automatic"), [("after fetch(new)", False), ("before baseline(old)", True)]
)
def test_what_was_killed_before_it_touched_anything_is_withdrawn_outside(
    world: World, clock: FakeClock, point: str, automatic: bool
) -> None:
    def cut() -> None:
        raise PowerCutError

    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, -60)
    if automatic:
        world.ask_for_pass()
    else:
        world.put(AGENT, NEW.version, settings=None)
    with pytest.raises(PowerCutError):
        world.run(at(point, cut))
    clock.pass_time(2 * HOUR)
    world.run()
    assert world.last(AGENT).outcome is Outcome.CANCELLED
    names = [step.name for step in world.steps(AGENT)]
    assert names[-1] == "discard(new)"
    assert "disable(old)" not in names
    assert world.left_behind() == []
    assert world.store.policies.backoffs(world.machine.id, "Agent") == []
    if automatic:
        decision = world.store.passes.latest(world.machine.id)["agent"]
        assert decision.reason == "OutsideWindow"
        assert decision.next_look is not None
    clock.pass_time(22 * HOUR)
    world.run()
    assert world.version(AGENT) == NEW.version


def test_what_was_killed_between_its_baseline_and_the_next_step_is_withdrawn_too(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations = world.store.operations
    conclude = operations.conclude

    def cut(operation_id: str, record: StepRecord) -> None:
        conclude(operation_id, record)
        if record.step is not None and record.step.name is StepName.BASELINE:
            raise PowerCutError

    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, -60)
    world.ask_for_pass()
    with monkeypatch.context() as patch:
        patch.setattr(operations, "conclude", cut)
        with pytest.raises(PowerCutError):
            world.run()
    clock.pass_time(2 * HOUR)
    world.run()
    assert world.last(AGENT).outcome is Outcome.CANCELLED
    assert [step.name for step in world.steps(AGENT)][2:] == ["disable(old)", "discard(new)"]


def test_what_touched_something_goes_on_outside(world: World, clock: FakeClock) -> None:
    def cut() -> None:
        raise PowerCutError

    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, -60)
    world.ask_for_pass()
    with pytest.raises(PowerCutError):
        world.run(at("after disable(old)", cut))
    clock.pass_time(2 * HOUR)
    world.run()
    assert world.last(AGENT).outcome is Outcome.SUCCEEDED
    assert world.version(AGENT) == NEW.version


def test_a_rollback_outside_the_window_is_not_held_up(real: World, clock: FakeClock) -> None:
    bad = replace(BUSY, version="1.1.0.0", fails=("update",))
    real.install(AGENT, settings=None)
    real.publish(bad)
    opens_in(real, -60)
    pass_id = real.ask_for_pass()
    real.run(at("before update(new)", lambda: clock.pass_time(2 * HOUR)))
    assert [d.reason for d in real.store.passes.decisions(pass_id)] == ["RolledBack"]


def test_the_next_of_a_pass_does_not_begin_when_the_window_closed_meanwhile(real: World) -> None:
    real.install(AGENT, settings=None)
    real.install(CLOCK, settings=None)
    real.publish(NEW)
    real.publish(NEW_CLOCK)
    real.policy(health_window=300.0, sample_interval=50.0)
    opens_in(real, -60, duration=120)
    assert real.run_pass() == {"Agent": "Upgraded", "Clock": "OutsideWindow"}
    assert real.version(CLOCK) == CLOCK.version


def test_a_runner_stays_for_a_window_that_opens_before_the_next_pass(real: World) -> None:
    real.install(AGENT, settings=None)
    real.publish(NEW)
    real.policy(pass_interval=300.0)
    opens = opens_in(real, 120, duration=60)
    first = real.ask_for_pass()
    real.run()
    assert [d.reason for d in real.store.passes.decisions(first)] == ["OutsideWindow"]
    assert real.version(AGENT) == NEW.version
    upgrade = real.last(AGENT)
    assert opens <= upgrade.began < opens + timedelta(seconds=60)
    assert upgrade.initiator == "window"


def test_a_wish_is_seen_while_a_runner_stays(real: World, clock: FakeClock) -> None:
    real.install(AGENT, settings=None)
    real.publish(NEW)
    real.policy(pass_interval=300.0)
    opens_in(real, 120)
    real.ask_for_pass()
    clock.on_sleep = lambda: None if real.extension(AGENT).removing else real.remove(AGENT)
    asked = clock.now()
    real.run()
    assert real.is_gone(AGENT)
    assert clock.now() - asked < timedelta(seconds=10)


def test_a_runner_does_not_stay_longer_than_until_the_next_pass(real: World, clock: FakeClock) -> None:
    real.install(AGENT, settings=None)
    real.publish(NEW)
    real.policy(pass_interval=60.0)
    opens_in(real, 120)
    real.ask_for_pass()
    began = clock.now()
    real.run()
    assert clock.now() == began


def test_a_machine_that_was_down_uses_what_is_left_of_the_window(world: World, clock: FakeClock) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, 2 * HOUR)
    world.run_pass()
    clock.pass_time(2.5 * HOUR)
    assert next_look(world.store, world.machine, clock.now()) == clock.now()
    assert world.runner().has_work()
    world.run()
    assert world.version(AGENT) == NEW.version


def test_a_window_that_is_taken_away_lets_go_at_once(world: World) -> None:
    world.install(AGENT, settings=None)
    world.publish(NEW)
    opens_in(world, 2 * HOUR)
    world.run_pass()
    world.service.window_remove(
        resource_group=GROUP, machine=MACHINE, window_name="test", follow=world.listener
    )
    world.run()
    assert world.version(AGENT) == NEW.version


def test_the_windows_of_an_extension_take_the_place_of_the_machines(world: World) -> None:
    world.install(AGENT, settings=None)
    world.install(CLOCK, settings=None)
    world.publish(NEW)
    world.publish(NEW_CLOCK)
    opens_in(world, 2 * HOUR)
    opens_in(world, -60, name="Clock")
    assert world.run_pass() == {"Agent": "OutsideWindow", "Clock": "Upgraded"}


def test_a_retry_waits_for_the_window_too(real: World, clock: FakeClock) -> None:
    bad = replace(BUSY, version="1.1.0.0", fails=("update",))
    real.policy(retry_interval=HOUR)
    real.install(AGENT, settings=None)
    real.publish(bad)
    opens_in(real, -60)
    assert real.run_pass() == {"Agent": "RolledBack"}
    clock.pass_time(2 * HOUR)
    assert real.run_pass() == {"Agent": "OutsideWindow"}
    clock.pass_time(22 * HOUR)
    assert real.run_pass() == {"Agent": "RolledBack"}


def test_forward_out_of_a_pending_rollback_does_not_wait(real: World, clock: FakeClock) -> None:
    old, new = replace(BUSY, version="1.0.0.0"), replace(BUSY, version="1.1.0.0", fails=("update",))
    real.install(old, settings=None)
    override(real.state(old), old.version, fails=["enable"])
    real.publish(new)
    real.policy(rollback_pause=7200.0)
    opens_in(real, -60)
    assert real.run_pass() == {"Agent": "RollbackPending"}
    override(real.state(new), new.version, fails=[])
    clock.pass_time(1.5 * HOUR)
    real.resolve(new, "forward")
    real.run()
    assert real.version(new) == new.version


def test_a_runner_of_a_simulated_machine_does_not_stay(world: World) -> None:
    """Sleeping takes no time there: it would look at the store as fast as it can until the window opens."""
    world.install(AGENT, settings=None)
    world.publish(NEW)
    world.policy(pass_interval=300.0)
    opens_in(world, 120)
    assert world.run_pass() == {"Agent": "OutsideWindow"}
