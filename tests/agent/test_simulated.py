"""A simulated machine: handlers are played, time is not waited for, the operating system may be another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import GROUP, MACHINE, World
from connectedmachine.model.operation import Outcome
from packages import AGENT

# Publishing one version for two systems needs two packages; a spec's zip name does not tell them apart.
FOR_WINDOWS = replace(AGENT, os="windows", version="1.0.0.1")
NEW_FOR_WINDOWS = replace(FOR_WINDOWS, version="1.1.0.0")
NEWER_FOR_LINUX = replace(AGENT, os="linux", version="1.2.0.0")


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path, connect=False)
    world.service.machine_connect(
        resource_group=GROUP, name=MACHINE, simulated=True, os_type="Windows", follow=world.listener
    )
    yield world
    world.store.close()


def test_it_chooses_images_of_its_own_operating_system(simulated: World) -> None:
    simulated.publish(FOR_WINDOWS)
    simulated.publish(NEWER_FOR_LINUX)
    simulated.put(AGENT)
    simulated.run()
    assert simulated.version(AGENT) == FOR_WINDOWS.version


def test_an_upgrade_succeeds_after_a_whole_window_that_nobody_waited_for(simulated: World) -> None:
    simulated.publish(FOR_WINDOWS)
    simulated.put(AGENT)
    simulated.run()
    simulated.publish(NEW_FOR_WINDOWS)
    assert simulated.run_pass() == {"Agent": "Upgraded"}
    operation = simulated.last(AGENT)
    assert operation.outcome is Outcome.SUCCEEDED
    assert simulated.samples(AGENT)[-1].observed >= 300.0


def test_nothing_of_a_handler_is_unpacked_or_run(simulated: World) -> None:
    simulated.publish(FOR_WINDOWS)
    simulated.put(AGENT)
    simulated.run()
    assert not simulated.places.library.root.exists()
    assert not simulated.places.runs.exists()


def test_removal_leaves_no_package(simulated: World) -> None:
    simulated.publish(FOR_WINDOWS)
    simulated.put(AGENT)
    simulated.run()
    simulated.remove(AGENT)
    simulated.run()
    assert simulated.is_gone(AGENT)
    assert simulated.zips() == set()
