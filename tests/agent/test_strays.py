"""What still runs of a version after its uninstall is ended and said: two versions never run at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.world import World
from connectedmachine.model.operation import StepName
from packages import AGENT, PackageSpec, alive


def stray_of(world: World, spec: PackageSpec) -> int:
    return int((world.state(spec) / "stray.pids").read_text().split()[0])


def message(world: World) -> str:
    records = [r for r in world.last(AGENT).journal if r.step and r.step.name is StepName.UNINSTALL]
    return records[0].message


@pytest.mark.parametrize("fails", [(), ("uninstall",)])
def test_it_is_ended_whatever_uninstall_returned(world: World, fails: tuple[str, ...]) -> None:
    old = replace(AGENT, leaves_stray=True, fails=fails)
    world.install(old)
    stray = stray_of(world, old)
    assert alive(stray)
    world.publish(replace(AGENT, version="1.1.0.0", continue_on_update_failure=True))
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert not alive(stray)
    assert f"({stray})" in message(world)
    assert "Still running after uninstall, and ended" in message(world)
    assert world.serving(AGENT) == ["1.1.0.0"]


def test_an_agent_that_its_disable_and_uninstall_do_not_stop_is_ended(world: World) -> None:
    old = replace(AGENT, fails=("disable", "uninstall"))
    world.install(old)
    running = world.answer(AGENT)
    assert running is not None
    world.publish(replace(AGENT, version="1.1.0.0", continue_on_update_failure=True))
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert not alive(running.pid)
    assert world.serving(AGENT) == ["1.1.0.0"]


def test_a_removed_extension_leaves_no_process(world: World) -> None:
    world.install(replace(AGENT, leaves_stray=True))
    stray = stray_of(world, AGENT)
    world.remove(AGENT)
    world.run()
    assert not alive(stray)
    assert world.is_gone(AGENT)
