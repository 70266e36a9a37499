"""A wish that changes while an operation runs: opt-out, hold and removal, before and during the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.world import FakeClock, World, at, on_nth_sleep
from connectedmachine.model.operation import OperationKind, Outcome
from packages import AGENT, PackageSpec, override

NEW = replace(AGENT, version="1.1.0.0")
BAD = replace(NEW, unhealthy_after_requests=0)
Wish = Callable[[World, PackageSpec], None]

BEFORE_ANYTHING = ("after fetch(new)", "after baseline(old)")


@pytest.mark.parametrize("wish", [World.opt_out, World.hold])
def test_what_is_wished_during_the_watch_lets_it_finish(
    timeless: World, clock: FakeClock, wish: Wish
) -> None:
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.on_sleep = on_nth_sleep(3, lambda: wish(timeless, AGENT))
    assert timeless.run_pass() == {"Agent": "Upgraded"}
    assert timeless.samples(AGENT)[-1].observed == 300.0
    assert timeless.version(AGENT) == NEW.version


@pytest.mark.parametrize("wish", [World.opt_out, World.hold])
def test_what_is_wished_during_the_watch_does_not_keep_a_bad_version(
    timeless: World, clock: FakeClock, wish: Wish
) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(BAD)
    clock.on_sleep = on_nth_sleep(3, lambda: wish(timeless, AGENT))
    assert timeless.run_pass() == {"Agent": "RolledBack"}


def test_removal_during_the_watch_goes_straight_to_removing(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.on_sleep = on_nth_sleep(3, lambda: timeless.remove(AGENT))
    timeless.run_pass()
    assert timeless.is_gone(AGENT)
    upgrade, removal = timeless.operations(AGENT)[-2:]
    assert (upgrade.outcome, removal.kind, removal.outcome) == (
        Outcome.CANCELLED,
        OperationKind.REMOVE,
        Outcome.SUCCEEDED,
    )
    watched = timeless.store.operations.samples(upgrade.id, 10)
    assert watched[-1].observed == 15.0
    assert timeless.ran(AGENT)[-2:] == ["disable 1.1.0.0", "uninstall 1.1.0.0"]
    assert timeless.serving(AGENT) == []
    assert timeless.version_folders() == []
    assert timeless.left_behind() == []
    assert timeless.zips() == set()


@pytest.mark.parametrize("point", BEFORE_ANYTHING)
@pytest.mark.parametrize("wish", [World.opt_out, World.hold])
def test_what_is_wished_before_the_old_version_is_disabled_cancels_with_nothing_touched(
    world: World, point: str, wish: Wish
) -> None:
    world.install(AGENT)
    before = world.answer(AGENT)
    world.publish(NEW)
    # After the look at the wishes that follows fetch it is the one after baseline that sees it.
    world.run_pass(at(point.replace("after", "before"), lambda: wish(world, AGENT)))
    assert world.last(AGENT).outcome is Outcome.CANCELLED
    assert world.ran(AGENT) == ["install 1.0.0.0", "enable 1.0.0.0"]
    assert world.answer(AGENT) == before
    assert world.version_folders() == [f"{AGENT.handler}-1.0.0.0"]
    assert world.left_behind() == []
    assert world.store.policies.backoffs(world.machine.id, "Agent") == []


def test_removal_before_the_old_version_is_disabled_touches_the_new_one_no_more(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    world.run_pass(at("before baseline(old)", lambda: world.remove(AGENT)))
    assert world.is_gone(AGENT)
    assert world.ran(AGENT)[2:] == ["disable 1.0.0.0", "uninstall 1.0.0.0"]
    assert world.version_folders() == []


def test_removal_during_a_first_install_leaves_nothing(world: World) -> None:
    world.publish(AGENT)
    world.put(AGENT)
    world.run(at("before fetch(new)", lambda: world.remove(AGENT)))
    assert world.is_gone(AGENT)
    assert world.ran(AGENT) == []
    assert world.version_folders() == []


def test_a_version_that_a_user_asked_for_is_not_stopped_by_a_hold(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    world.put(AGENT, NEW.version)
    world.run(at("before fetch(new)", lambda: world.hold(AGENT)))
    assert world.version(AGENT) == NEW.version


def test_removal_during_an_undo_whose_rollback_then_hangs_ends_in_removal(world: World) -> None:
    """The wish came before there was a pause that it could have ended."""
    world.install(AGENT)
    override(world.state(AGENT), AGENT.version, fails=["enable"])
    world.publish(BAD)
    world.run_pass(at("before restore(old)", lambda: world.remove(AGENT)))
    assert world.is_gone(AGENT)
    assert world.serving(AGENT) == []
    assert world.version_folders() == []
