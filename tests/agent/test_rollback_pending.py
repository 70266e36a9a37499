"""A rollback whose old version does not come up: never a dead end, never in the way of others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agent.world import GROUP, MACHINE, FakeClock, World
from connectedmachine.model.errors import ConflictError
from connectedmachine.model.operation import Outcome, Pause, StepName
from connectedmachine.model.resource import ProvisioningState
from connectedmachine.upgrade.operation import next_step
from packages import AGENT, CLOCK, forget_override, override

BAD = replace(AGENT, version="1.1.0.0", fails=("enable",))
NEWER_CLOCK = replace(CLOCK, version="1.1.0.0")


@pytest.fixture
def pending(timeless: World) -> World:
    """An upgrade failed, and so did the old version's enable."""
    timeless.install(AGENT, settings=None)
    override(timeless.state(AGENT), AGENT.version, fails=["enable"])
    timeless.publish(BAD)
    assert timeless.run_pass() == {"Agent": "RollbackPending"}
    return timeless


def pause(world: World) -> Pause:
    step = next_step(world.last(AGENT))
    assert isinstance(step, Pause)
    return step


def test_it_is_shown_and_says_when_it_is_tried_again(pending: World, clock: FakeClock) -> None:
    extension = pending.extension(AGENT)
    assert extension.provisioning is ProvisioningState.FAILED
    assert extension.status.code == "RollbackPending"
    assert "1.1.0.0 to 1.0.0.0" in extension.status.message
    decision = pending.store.passes.latest(pending.machine.id)["agent"]
    assert decision.next_look is not None
    assert (decision.next_look - clock.now()).total_seconds() == 60.0


def test_pauses_grow(pending: World, clock: FakeClock) -> None:
    seconds = [pause(pending).seconds]
    for _ in range(3):
        clock.pass_time(seconds[-1])
        pending.run()
        seconds.append(pause(pending).seconds)
    assert seconds == [60.0, 120.0, 240.0, 480.0]


def test_nothing_is_tried_before_it_is_due(pending: World, clock: FakeClock) -> None:
    clock.pass_time(59.0)
    before = pending.ran(AGENT)
    pending.run()
    assert pending.ran(AGENT) == before


def test_it_rolls_back_when_the_old_version_works_again(pending: World, clock: FakeClock) -> None:
    forget_override(pending.state(AGENT))
    clock.pass_time(60.0)
    pending.run()
    assert pending.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert [step.name for step in pending.steps(AGENT)[-6:]] == [
        "restore(old)",
        "uninstall(old)",
        "install(old)",
        "enable(old)",
        "confirm(old)",
        "discard(new)",
    ]
    assert pending.extension(AGENT).provisioning is ProvisioningState.SUCCEEDED
    answer = pending.answer(AGENT)
    assert answer is not None
    assert answer.version == AGENT.version
    assert pending.left_behind() == []


def test_a_try_passes_over_an_uninstall_that_fails(pending: World, clock: FakeClock) -> None:
    override(pending.state(AGENT), AGENT.version, fails=["uninstall"])
    clock.pass_time(60.0)
    pending.run()
    assert pending.last(AGENT).outcome is Outcome.ROLLED_BACK


def test_each_try_starts_from_the_package_not_from_the_folder(pending: World, clock: FakeClock) -> None:
    (pending.folder(AGENT) / "bin" / "enable.sh").write_text("#!/bin/sh\nexit 7\n")
    forget_override(pending.state(AGENT))
    clock.pass_time(60.0)
    pending.run()
    assert pending.last(AGENT).outcome is Outcome.ROLLED_BACK


def test_the_packages_that_it_needs_are_kept(pending: World) -> None:
    pending.run()
    assert len(pending.zips()) == 2


def test_the_turn_passes_to_the_others_meanwhile(pending: World) -> None:
    pending.install(CLOCK, settings=None)
    pending.publish(NEWER_CLOCK)
    assert pending.run_pass() == {"Agent": "RollbackPending", "Clock": "Upgraded"}
    assert pending.version(CLOCK) == NEWER_CLOCK.version


def test_a_runner_waits_for_the_next_try_and_no_longer_than_its_patience(
    pending: World, clock: FakeClock
) -> None:
    began = clock.monotonic()
    pending.run(patience=130.0)
    tries = [r for r in pending.last(AGENT).journal if r.step and r.step.name is StepName.RESTORE]
    assert len(tries) == 3
    assert clock.monotonic() - began < 60.0 + 120.0 + 135.0


def test_a_second_change_is_refused_while_it_is_pending(pending: World) -> None:
    with pytest.raises(ConflictError) as refused:
        pending.put(AGENT, BAD.version)
    assert refused.value.code == "HCRP409"


def test_back_tries_at_once(pending: World) -> None:
    forget_override(pending.state(AGENT))
    pending.resolve(AGENT, "back")
    pending.run()
    assert pending.last(AGENT).outcome is Outcome.ROLLED_BACK


def test_back_that_fails_is_pending_again(pending: World) -> None:
    pending.resolve(AGENT, "back")
    pending.run()
    assert pause(pending).seconds == 120.0


def test_forward_takes_the_new_version(pending: World) -> None:
    override(pending.state(AGENT), BAD.version, fails=[])
    pending.resolve(AGENT, "forward")
    pending.run()
    assert pending.version(AGENT) == BAD.version
    assert [o.outcome for o in pending.operations(AGENT)[-2:]] == [Outcome.FAILED, Outcome.SUCCEEDED]
    answer = pending.answer(AGENT)
    assert answer is not None
    assert answer.version == BAD.version
    assert pending.version_folders() == [f"{AGENT.handler}-1.1.0.0"]
    assert pending.left_behind() == []


def test_there_is_no_way_forward_to_a_version_that_a_pin_excludes(pending: World) -> None:
    where: dict[str, Any] = {"resource_group": GROUP, "machine": MACHINE, "name": AGENT.type}
    pending.service.pin_add(**where, version="1.0", follow=pending.listener)
    with pytest.raises(ConflictError) as refused:
        pending.resolve(AGENT, "forward")
    assert refused.value.code == "VersionPinned"
    forget_override(pending.state(AGENT))
    pending.resolve(AGENT, "back")
    pending.run()
    assert pending.last(AGENT).outcome is Outcome.ROLLED_BACK


def test_stop_ends_it_and_nothing_moves_until_the_user_asks_again(pending: World) -> None:
    pending.resolve(AGENT, "stop")
    pending.run()
    assert pending.last(AGENT).outcome is Outcome.FAILED
    assert pending.extension(AGENT).provisioning is ProvisioningState.FAILED
    assert pending.run_pass() == {"Agent": "Interrupted"}
    override(pending.state(AGENT), AGENT.version, fails=[])
    override(pending.state(AGENT), BAD.version, fails=[])
    pending.put(AGENT, BAD.version)
    pending.run()
    assert pending.version(AGENT) == BAD.version


def test_removal_ends_it(pending: World) -> None:
    pending.remove(AGENT)
    pending.run()
    assert pending.is_gone(AGENT)
    assert pending.version_folders() == []
    assert pending.left_behind() == []
    assert pending.zips() == set()


def test_without_a_pending_rollback_there_is_nothing_to_resolve(world: World) -> None:
    world.install(AGENT)
    with pytest.raises(ConflictError) as refused:
        world.resolve(AGENT, "back")
    assert refused.value.code == "NoRollbackPending"


def test_an_uninstall_of_the_new_version_that_always_fails_does_not_keep_the_old_one_away(
    world: World,
) -> None:
    world.install(AGENT)
    world.publish(replace(AGENT, version="1.1.0.0", unhealthy_after_requests=0, fails=("uninstall",)))
    assert world.run_pass() == {"Agent": "RolledBack"}
    assert world.serving(AGENT) == [AGENT.version]
    assert world.version_folders() == [f"{AGENT.handler}-1.0.0.0"]
    answer = world.answer(AGENT)
    assert answer is not None
    assert (answer.status, answer.version) == (200, AGENT.version)
