"""A wall clock that is set while time passes: by a day, forward and back, and by more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from agent.world import FakeClock, World, on_nth_sleep
from connectedmachine.model.operation import Outcome
from packages import AGENT, override

NEW = replace(AGENT, version="1.1.0.0")
DAY = timedelta(days=1)
BACK_AND_FORWARD = pytest.mark.parametrize("by", [-DAY, DAY], ids=["back", "forward"])
LATE = 56
"""The sleep after which no heartbeat comes before the end of the window."""


def set_by(clock: FakeClock, by: timedelta) -> None:
    clock.wall += by


@BACK_AND_FORWARD
def test_a_clock_that_is_set_in_the_window_does_not_roll_a_good_version_back(
    timeless: World, clock: FakeClock, by: timedelta
) -> None:
    good = replace(NEW, report_heartbeat=True)
    timeless.install(replace(AGENT, report_heartbeat=True))
    timeless.publish(good)
    clock.on_sleep = on_nth_sleep(LATE, lambda: set_by(clock, by))
    assert timeless.run_pass() == {"Agent": "Upgraded"}
    observed = [sample.observed for sample in timeless.samples(good)]
    assert observed[-1] == 300.0
    assert {after - before for before, after in pairwise(observed)} == {5.0}


@BACK_AND_FORWARD
def test_a_clock_that_is_set_in_the_window_still_rolls_a_bad_version_back(
    timeless: World, clock: FakeClock, by: timedelta
) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(replace(NEW, unhealthy_after_requests=0))
    clock.on_sleep = on_nth_sleep(LATE, lambda: set_by(clock, by))
    assert timeless.run_pass() == {"Agent": "RolledBack"}
    assert timeless.samples(AGENT)[-1].observed == 300.0
    assert timeless.serving(AGENT) == [AGENT.version]


def test_a_clock_that_is_set_back_a_year_does_not_put_a_pending_rollback_off_for_a_year(
    timeless: World, clock: FakeClock
) -> None:
    timeless.install(AGENT, settings=None)
    override(timeless.state(AGENT), AGENT.version, fails=["enable"])
    timeless.publish(replace(NEW, fails=("enable",)))
    assert timeless.run_pass() == {"Agent": "RollbackPending"}
    override(timeless.state(AGENT), AGENT.version, fails=[])
    set_by(clock, timedelta(days=-365))
    timeless.run()
    assert timeless.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert timeless.serving(AGENT) == [AGENT.version]


def test_a_clock_that_is_set_back_a_day_has_no_failed_version_tried_early(
    timeless: World, clock: FakeClock
) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(replace(NEW, fails=("enable",)))
    assert timeless.run_pass() == {"Agent": "RolledBack"}
    set_by(clock, -DAY)
    assert timeless.run_pass() == {"Agent": "RetryNotDue"}


def test_a_clock_that_is_set_back_a_year_makes_a_retry_wait_its_interval_and_no_longer(
    timeless: World, clock: FakeClock
) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(replace(NEW, fails=("enable",)))
    assert timeless.run_pass() == {"Agent": "RolledBack"}
    set_by(clock, timedelta(days=-365))
    assert timeless.run_pass() == {"Agent": "RetryNotDue"}
    set_by(clock, 3 * DAY)
    assert timeless.run_pass() == {"Agent": "RetryNotDue"}
    set_by(clock, DAY)
    assert timeless.run_pass() == {"Agent": "RolledBack"}
