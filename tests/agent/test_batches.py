"""Several upgrades in one pass: one after another, in order, each for itself, and open to changed wishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from agent.world import GROUP, MACHINE, SAMPLES, FakeClock, PowerCutError, World, at, on_nth_sleep
from connectedmachine.model.operation import Operation, OperationKind, Outcome
from packages import AGENT as BUSY
from packages import PackageSpec, end_processes, override

# They do nothing, and nothing of what they do is of interest here: when they are called is.
AGENT = PackageSpec("Contoso.Sample", "Agent", noop=True)
CLOCK = PackageSpec("Contoso.Sample", "Clock", noop=True)
ZETA = PackageSpec("Contoso.Sample", "Zeta", noop=True)
ALL = (AGENT, CLOCK, ZETA)


def newer(spec: PackageSpec) -> PackageSpec:
    return replace(spec, version="1.1.0.0")


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """Three extensions at 1.0, each due for 1.1; an upgrade is watched for three looks, a minute apart."""
    made = World(tmp_path, clock, connect=False)
    yield from prepared(made, simulated=True)


@pytest.fixture
def real(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """The same on this host, for what fails as handlers do."""
    yield from prepared(World(tmp_path, clock, connect=False), simulated=False)


def prepared(made: World, *, simulated: bool) -> Iterator[World]:
    os = SAMPLES[AGENT.os] if simulated else None
    made.service.machine_connect(
        resource_group=GROUP, name=MACHINE, simulated=simulated, os_type=os, follow=made.listener
    )
    made.policy(health_window=120.0, stable_for=60.0, sample_interval=60.0)
    for spec in ALL:
        made.install(spec, settings=None)
        made.publish(newer(spec))
    yield made
    made.store.close()
    end_processes(made.root)


def of_pass(world: World) -> list[Operation]:
    """The version changes in the order in which they began."""
    history = world.store.operations.history(world.machine.id, None)[::-1]
    return [operation for operation in history if operation.kind is OperationKind.CHANGE_VERSION]


def test_upgrades_of_one_pass_come_one_after_another_each_with_its_window(real: World) -> None:
    assert real.run_pass() == {"Agent": "Upgraded", "Clock": "Upgraded", "Zeta": "Upgraded"}
    operations = of_pass(real)
    assert [operation.extension for operation in operations] == ["Agent", "Clock", "Zeta"]
    for operation, following in pairwise(operations):
        assert operation.ended is not None
        assert operation.began + timedelta(seconds=120) <= operation.ended <= following.began


def test_what_is_depended_on_is_upgraded_first(world: World) -> None:
    world.patch(AGENT, provisionAfterExtensions=["Clock"])
    world.patch(CLOCK, provisionAfterExtensions=["Zeta"])
    world.run_pass()
    assert [operation.extension for operation in of_pass(world)] == ["Zeta", "Clock", "Agent"]


def test_a_failure_stops_none_of_the_others(real: World) -> None:
    real.policy(health_window=0.0)
    real.publish(replace(BUSY, version="1.2.0.0", fails=("update",)))
    assert real.run_pass() == {"Agent": "RolledBack", "Clock": "Upgraded", "Zeta": "Upgraded"}


def test_a_rollback_that_is_pending_stops_none_of_the_others(real: World, clock: FakeClock) -> None:
    old, bad = replace(BUSY, version="1.2.0.0"), replace(BUSY, version="1.3.0.0", fails=("update",))
    real.policy(health_window=0.0)
    real.publish(old)
    real.put(AGENT, old.version, settings=None)
    real.run()
    override(real.state(old), old.version, fails=["enable"])
    real.publish(bad)
    assert real.run_pass() == {"Agent": "RollbackPending", "Clock": "Upgraded", "Zeta": "Upgraded"}
    override(real.state(old), old.version, fails=[])
    clock.pass_time(3600.0)
    real.run()
    assert real.last(AGENT).outcome is Outcome.ROLLED_BACK


def test_what_is_wished_of_later_ones_during_a_window_keeps_them_from_moving(
    real: World, clock: FakeClock
) -> None:
    def wish() -> None:
        real.opt_out(CLOCK)
        real.hold(ZETA)

    clock.on_sleep = on_nth_sleep(1, wish)
    assert real.run_pass() == {"Agent": "Upgraded", "Clock": "NotEnrolled", "Zeta": "Held"}
    assert (real.version(CLOCK), real.version(ZETA)) == (CLOCK.version, ZETA.version)


def test_removal_of_a_later_one_during_a_window_comes_next(real: World, clock: FakeClock) -> None:
    clock.on_sleep = on_nth_sleep(1, lambda: real.remove(ZETA))
    real.run_pass()
    assert real.is_gone(ZETA)
    history = real.store.operations.history(real.machine.id, None)[::-1]
    assert [(o.extension, o.kind.value) for o in history[3:]] == [
        ("Agent", "ChangeVersion"),
        ("Zeta", "Remove"),
        ("Clock", "ChangeVersion"),
    ]


def test_settings_of_a_later_one_during_a_window_come_next_and_then_its_upgrade(
    real: World, clock: FakeClock
) -> None:
    clock.on_sleep = on_nth_sleep(1, lambda: real.patch(ZETA, forceUpdateTag="again"))
    assert real.run_pass() == {"Agent": "Upgraded", "Clock": "Upgraded", "Zeta": "Upgraded"}
    history = real.store.operations.history(real.machine.id, None)[::-1]
    assert [(o.extension, o.kind.value) for o in history[3:]] == [
        ("Agent", "ChangeVersion"),
        ("Zeta", "Configure"),
        ("Clock", "ChangeVersion"),
        ("Zeta", "ChangeVersion"),
    ]


def test_one_that_is_asked_for_during_a_window_is_decided_by_the_same_pass(
    real: World, clock: FakeClock
) -> None:
    other = PackageSpec("Contoso.Sample", "Beta", noop=True)
    real.publish(other)
    clock.on_sleep = on_nth_sleep(1, lambda: real.put(other, settings=None))
    assert real.run_pass()["Beta"] == "UpToDate"
    assert real.version(other) == other.version


def test_a_pass_that_was_killed_goes_on_and_does_nothing_twice(world: World) -> None:
    watches = 0

    def stop(point: str) -> None:
        nonlocal watches
        watches += point == "before watch(new)"
        if watches == 2:
            raise PowerCutError

    pass_id = world.ask_for_pass()
    with pytest.raises(PowerCutError):
        world.run(stop)
    world.run()
    assert [operation.extension for operation in of_pass(world)] == ["Agent", "Clock", "Zeta"]
    assert {d.reason.value for d in world.store.passes.decisions(pass_id)} == {"Upgraded"}


def test_a_wish_at_the_safe_point_of_one_leaves_the_others_of_the_pass_alone(world: World) -> None:
    stop = at("before baseline(old)", lambda: world.opt_out(AGENT))
    assert world.run_pass(stop) == {"Agent": "Interrupted", "Clock": "Upgraded", "Zeta": "Upgraded"}
