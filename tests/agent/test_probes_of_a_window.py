"""What a machine's own probes mean for an upgrade."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import GROUP, MACHINE, FakeClock, World, at, on_nth_sleep
from connectedmachine.model.operation import Outcome
from packages import AGENT, CLOCK, override

NEW = replace(AGENT, version="1.1.0.0")


@pytest.fixture
def well(world: World) -> Path:
    """A file that a command probe looks for."""
    path = world.root / "well"
    path.touch()
    add_probe(world, path)
    return path


def test_a_probe_that_could_never_be_looked_at_rolls_nothing_back(world: World) -> None:
    world.service.probe_add(
        resource_group=GROUP,
        machine=MACHINE,
        name="blind",
        command=[str(world.root / "no such program")],
        follow=world.listener,
    )
    world.install(AGENT)
    world.publish(NEW)
    assert world.run_pass() == {"Agent": "Upgraded"}


def add_probe(world: World, path: Path) -> None:
    code = "import pathlib, sys; sys.exit(not pathlib.Path(sys.argv[1]).exists())"
    world.service.probe_add(
        resource_group=GROUP,
        machine=MACHINE,
        name="well",
        command=[sys.executable, "-I", "-c", code, str(path)],
        interval=0.001,
        timeout=30.0,
        follow=world.listener,
    )


def test_a_probe_that_turns_unhealthy_rolls_back(world: World, well: Path) -> None:
    world.install(AGENT)
    world.publish(NEW)
    assert world.run_pass(at("after enable(new)", well.unlink)) == {"Agent": "RolledBack"}
    assert "probe:well is Unhealthy" in world.last(AGENT).message
    assert world.version(AGENT) == AGENT.version


def test_a_probe_that_was_unhealthy_before_is_excused_and_shown(world: World, well: Path) -> None:
    well.unlink()
    world.install(AGENT)
    world.publish(NEW)
    assert world.run_pass() == {"Agent": "Upgraded"}
    baseline = next(r for r in world.last(AGENT).journal if str(r.step) == "baseline(old)")
    assert "probe:well is Unhealthy" in baseline.message


def test_a_probe_that_recovers_in_time_keeps_the_new_version(timeless: World, clock: FakeClock) -> None:
    path = timeless.root / "well"
    path.touch()
    add_probe(timeless, path)
    timeless.policy(sample_interval=60.0)
    timeless.install(AGENT)
    timeless.publish(NEW)
    clock.on_sleep = on_nth_sleep(2, path.touch)
    timeless.run_pass(at("after enable(new)", path.unlink))
    assert timeless.last(AGENT).outcome is Outcome.SUCCEEDED


def test_a_probe_that_fails_to_the_end_does_not_stop_the_old_version_from_coming_back(
    world: World, well: Path
) -> None:
    """After a rollback the old handler's own report counts; the machine's probes are recorded only."""
    world.install(AGENT)
    world.publish(NEW)
    world.run_pass(at("after enable(new)", well.unlink))
    [(_, last)] = world.store.probes.of_machine(world.machine.id)
    assert last is not None
    assert last.health.health == "Unhealthy"
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK


def test_another_handler_that_turns_unhealthy_rolls_back(world: World) -> None:
    world.install(AGENT)
    world.install(CLOCK)
    world.publish(NEW)

    def break_clock() -> None:
        status = world.folder(CLOCK) / "status" / "1.status"
        status.unlink()
        status.mkdir()

    assert world.run_pass(at("before watch(new)", break_clock))["Agent"] == "RolledBack"
    assert "contoso.sample.clock" in world.last(AGENT).message


def test_the_handler_that_is_upgraded_is_never_excused(world: World) -> None:
    override(world.state(AGENT), AGENT.version, unhealthy_after_requests=0)
    world.install(AGENT)
    world.publish(replace(NEW, unhealthy_after_requests=0))
    assert world.run_pass() == {"Agent": "RolledBack"}
