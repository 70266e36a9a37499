"""Handlers that run something once for each settings number and note it in ``mrseq`` (handler contract 1.5).

Their ``enable`` ends at once and reports nothing on a number that is done, so what they said last counts on.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.world import World
from packages import AGENT, PackageSpec

SCRIPT = replace(AGENT, once=True)
NEW = replace(SCRIPT, version="1.1.0.0")


def runs(world: World) -> list[str]:
    """Version and settings number of each run."""
    return (world.state(SCRIPT) / "runs.log").read_text().splitlines()


def upgrade(world: World, spec: PackageSpec) -> dict[str, str]:
    world.publish(spec)
    return world.run_pass()


def test_an_upgrade_runs_nothing_again_and_succeeds(world: World) -> None:
    world.install(SCRIPT)
    assert upgrade(world, NEW) == {"Agent": "Upgraded"}
    assert world.ran(SCRIPT)[-1] == "enable 1.1.0.0"
    assert runs(world) == ["1.0.0.0 1"]


def test_new_settings_are_run_also_after_an_upgrade(world: World) -> None:
    world.install(SCRIPT)
    upgrade(world, NEW)
    world.patch(SCRIPT, settings={"port": 0, "more": 1})
    world.run()
    assert runs(world) == ["1.0.0.0 1", "1.1.0.0 2"]
    assert "ran for settings 2" in world.extension(SCRIPT).status.message


@pytest.mark.parametrize("command", ["update", "install", "enable"])
def test_a_rollback_is_confirmed_by_what_the_old_version_said_before(world: World, command: str) -> None:
    """A failing enable also reports an error, which is the new version's word and not the old one's."""
    world.install(SCRIPT)
    assert upgrade(world, replace(NEW, fails=(command,))) == {"Agent": "RolledBack"}
    assert world.ran(SCRIPT)[-1] == "enable 1.0.0.0"
    assert runs(world) == ["1.0.0.0 1"]


def test_the_bad_health_of_a_new_version_is_not_held_against_the_old_one(world: World) -> None:
    world.install(SCRIPT)
    assert upgrade(world, replace(NEW, once=False, unhealthy_after_seconds=0.0)) == {"Agent": "RolledBack"}
    assert runs(world) == ["1.0.0.0 1"]
