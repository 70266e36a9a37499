"""The health window in time: what is observed counts, what nobody saw does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from agent.world import FakeClock, PowerCutError, World, on_nth_sleep
from connectedmachine.model.operation import Outcome
from packages import AGENT

NEW = replace(AGENT, version="1.1.0.0")


def cut_power() -> None:
    raise PowerCutError


def test_a_host_that_was_off_through_the_deadline_does_not_roll_a_good_version_back(
    timeless: World, clock: FakeClock
) -> None:
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.on_sleep = on_nth_sleep(20, cut_power)
    with pytest.raises(PowerCutError):
        timeless.run_pass()
    seen = timeless.samples(AGENT)[-1].observed
    clock.reboot(seconds_off=86_400.0)
    timeless.run()
    assert timeless.last(AGENT).outcome is Outcome.SUCCEEDED
    observed = [sample.observed for sample in timeless.samples(AGENT)]
    assert seen == 95.0
    assert observed[-1] == 300.0
    assert observed == sorted(observed)
    assert max(after - before for before, after in pairwise(observed)) <= 5.0


def test_a_host_that_was_off_still_rolls_a_bad_version_back(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(replace(NEW, unhealthy_after_requests=0))
    clock.on_sleep = on_nth_sleep(20, cut_power)
    with pytest.raises(PowerCutError):
        timeless.run_pass()
    clock.reboot(seconds_off=86_400.0)
    timeless.run()
    assert timeless.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert timeless.samples(AGENT)[-1].observed == 300.0


def test_time_in_which_the_host_slept_is_not_observed(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.on_sleep = on_nth_sleep(5, lambda: clock.pass_time(36_000.0))
    timeless.run_pass()
    observed = [sample.observed for sample in timeless.samples(AGENT)]
    assert max(after - before for before, after in pairwise(observed)) <= 10.0
    assert len(observed) >= 58


def test_a_wall_clock_that_jumps_ends_no_window(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.on_sleep = on_nth_sleep(5, lambda: setattr(clock, "wall", clock.wall.replace(year=2040)))
    timeless.run_pass()
    assert len(timeless.samples(AGENT)) == 61
    assert timeless.last(AGENT).outcome is Outcome.SUCCEEDED


def test_a_version_that_starts_and_reports_nothing_is_rolled_back(world: World) -> None:
    """The old version's last status, carried to the new folder, is not the new version's."""
    world.install(AGENT)
    world.publish(replace(NEW, lies=True))
    assert world.run_pass() == {"Agent": "RolledBack"}
    assert world.serving(AGENT) == [AGENT.version]


def test_a_window_of_an_upgrade_that_a_user_asked_for_has_no_length_by_default(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    world.put(AGENT, NEW.version)
    world.run()
    assert world.last(AGENT).outcome is Outcome.SUCCEEDED
    assert "watch(new)" not in [step.name for step in world.steps(AGENT)]


def test_a_user_can_have_their_own_upgrades_watched(world: World) -> None:
    world.policy(manual_health_window=0.2)
    world.install(AGENT)
    world.publish(replace(NEW, unhealthy_after_requests=0))
    world.put(AGENT, NEW.version)
    world.run()
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK
