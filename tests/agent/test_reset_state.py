"""The reset of an extension's state with a real package."""

from __future__ import annotations

import json
from dataclasses import replace

from agent.several import V1, Several
from agent.world import GROUP, MACHINE, World
from packages import AGENT, PackageSpec


def reset(world: World, name: str) -> None:
    world.service.extension_reset_state(
        resource_group=GROUP, machine=MACHINE, name=name, follow=world.listener, wait=False
    )
    world.run()


def test_a_reset_runs_the_handlers_own_command_and_it_serves_again(world: World) -> None:
    resetting = replace(AGENT, resets=True)
    world.install(resetting)
    reset(world, AGENT.type)
    assert world.ran(AGENT)[-3:] == ["disable 1.0.0.0", "resetState 1.0.0.0", "enable 1.0.0.0"]
    assert json.loads((world.state(AGENT) / "data.json").read_text())["reset"] is True
    assert world.answer(AGENT) is not None
    assert world.extension(AGENT).provisioning.value == "Succeeded"


def test_a_reset_that_fails_leaves_it_serving_and_says_so(world: World) -> None:
    broken: PackageSpec = replace(AGENT, resets=True, fails=("resetState",))
    world.install(broken)
    reset(world, AGENT.type)
    assert world.answer(AGENT) is not None
    assert world.extension(AGENT).provisioning.value == "Failed"
    installed = world.extension(AGENT).installed
    assert installed is not None
    assert installed.enabled


def test_one_of_several_is_reset_alone(world: World) -> None:
    several = Several(world)
    world.publish(replace(V1, resets=True))
    several.put("a")
    several.put("b")
    world.run()
    several.ran()
    reset(world, "b")
    assert several.ran() == ["disable 1.0.0.0 b", "resetState 1.0.0.0 b", "enable 1.0.0.0 b"]
