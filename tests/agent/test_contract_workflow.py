"""The order of commands as packages meet it, and what becomes of their failures (handler contract 7, cases
5 to 8, 24 to 26 and 28)."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from agent.world import World
from packages import AGENT, PackageSpec, forget_override, override

NEW = replace(AGENT, version="1.1.0.0")


def move(world: World, spec: PackageSpec) -> list[str]:
    """Have a user move the installed extension to a version; returns the commands that ran."""
    world.publish(spec)
    before = len(world.ran(AGENT))
    world.put(AGENT, spec.version)
    world.run()
    return world.ran(AGENT)[before:]


def told(world: World, command: str, version: str, variable: str) -> str:
    run = next(r for r in world.commands(AGENT) if (r.command, r.version) == (command, version))
    return run.environment[variable]


def test_removal_disables_and_uninstalls_and_nothing_is_reported_afterwards(world: World) -> None:
    world.install(AGENT)
    world.remove(AGENT)
    world.run()
    world.run()
    assert world.ran(AGENT)[2:] == ["disable 1.0.0.0", "uninstall 1.0.0.0"]
    assert world.is_gone(AGENT)
    assert world.version_folders() == []


@pytest.mark.parametrize("mode", [None, "UpdateWithoutInstall"])
def test_an_upgrade_runs_azures_commands_in_azures_order(world: World, mode: str | None) -> None:
    world.install(AGENT)
    ran = move(world, replace(NEW, update_mode=mode))
    install = [] if mode else ["install 1.1.0.0"]
    assert ran == [
        "disable 1.0.0.0",
        "update 1.1.0.0",
        "uninstall 1.0.0.0",
        *install,
        "enable 1.1.0.0",
    ]


def test_a_disable_that_fails_stops_the_upgrade_at_once_and_says_why_and_the_next_one_recovers(
    world: World,
) -> None:
    world.install(AGENT)
    override(world.state(AGENT), AGENT.version, fails=["disable"], exit_code=9)
    assert move(world, NEW) == ["disable 1.0.0.0", "enable 1.0.0.0"]
    assert (world.version(AGENT), world.last(AGENT).outcome) == ("1.0.0.0", "RolledBack")
    assert "disable(old) failed with exit code 9" in world.extension(AGENT).status.message
    forget_override(world.state(AGENT))
    world.patch(AGENT, typeHandlerVersion="1.1.0")
    world.run()
    assert world.version(AGENT) == "1.1.0.0"


def test_an_uninstall_of_the_old_version_that_fails_stops_the_upgrade_and_says_why(world: World) -> None:
    world.install(AGENT)
    override(world.state(AGENT), AGENT.version, fails=["uninstall"], exit_code=9)
    ran = move(world, NEW)
    assert ran[:3] == ["disable 1.0.0.0", "update 1.1.0.0", "uninstall 1.0.0.0"]
    assert "install 1.1.0.0" not in ran
    assert world.version(AGENT) == "1.0.0.0"
    assert "uninstall(old) failed with exit code 9" in world.extension(AGENT).status.message


def test_an_update_that_fails_is_tried_once_by_each_request_and_may_succeed_later(world: World) -> None:
    world.install(AGENT)
    ran = move(world, replace(NEW, fails=("update",)))
    assert ran.count("update 1.1.0.0") == 1
    assert world.version(AGENT) == "1.0.0.0"
    world.run()
    assert world.ran(AGENT).count("update 1.1.0.0") == 1
    override(world.state(AGENT), NEW.version, fails=[])
    world.patch(AGENT, typeHandlerVersion="1.1.0")
    world.run()
    assert world.version(AGENT) == "1.1.0.0"


def test_with_leave_failures_of_the_old_version_pass_and_their_exit_codes_are_told(world: World) -> None:
    world.install(AGENT)
    override(world.state(AGENT), AGENT.version, fails=["disable", "uninstall"], exit_code=9)
    move(world, replace(NEW, continue_on_update_failure="true"))
    assert world.version(AGENT) == "1.1.0.0"
    assert told(world, "update", "1.1.0.0", "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE") == "9"
    assert told(world, "install", "1.1.0.0", "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE") == "9"
    assert told(world, "enable", "1.1.0.0", "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE") == "9"


@pytest.mark.parametrize("command", ["update", "install", "enable"])
def test_with_leave_a_failure_of_the_new_version_still_brings_the_old_one_back(
    world: World, command: str
) -> None:
    world.install(AGENT)
    move(world, replace(NEW, continue_on_update_failure=True, fails=(command,)))
    assert world.version(AGENT) == "1.0.0.0"
    assert world.serving(AGENT) == ["1.0.0.0"]


def test_an_uninstall_that_fails_keeps_nothing_on_the_machine(world: World) -> None:
    world.install(replace(AGENT, fails=("uninstall",)))
    world.remove(AGENT)
    world.run()
    assert world.is_gone(AGENT)
    assert world.version_folders() == []


def test_what_lost_its_folder_and_its_gallery_can_still_be_removed(world: World) -> None:
    world.install(AGENT)
    shutil.rmtree(world.folder(AGENT))
    shutil.rmtree(world.home / "gallery")
    world.remove(AGENT)
    world.run()
    assert world.is_gone(AGENT)


def test_what_is_published_no_more_is_still_uninstalled_by_its_own_commands(world: World) -> None:
    world.install(AGENT)
    shutil.rmtree(world.home / "gallery")
    world.remove(AGENT)
    world.run()
    assert world.ran(AGENT)[2:] == ["disable 1.0.0.0", "uninstall 1.0.0.0"]
    assert world.is_gone(AGENT)
