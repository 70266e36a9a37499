"""The order of commands as packages meet it, and what becomes of their failures (handler contract 7, cases
5 to 8, 24 to 26 and 28)."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from agent.world import World
from check.shell_handler import POSIX, shell_package
from packages import AGENT, PackageSpec, forget_override, override

NEW = replace(AGENT, version="1.1.0.0")
NEWEST = replace(AGENT, version="1.2.0.0")


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


@POSIX
@pytest.mark.parametrize("uninstall", ['rm -rf "$PWD"', '(sleep 0.1; rm -rf "$PWD") &'])
def test_a_handler_that_deletes_its_own_folder_now_or_later_is_removed(world: World, uninstall: str) -> None:
    spec = PackageSpec("Contoso.Sample", "Shell", "2.0.0.0")
    world.service.image_publish(
        path=str(shell_package(world.root / "z", uninstall=uninstall)),
        publisher=spec.publisher,
        type=spec.type,
        version=spec.version,
        operating_system="Linux",
        follow=world.listener,
    )
    world.put(spec, spec.version)
    world.run()
    assert world.version(spec) == spec.version
    world.remove(spec)
    world.run()
    assert world.is_gone(spec)
    assert world.version_folders() == []
    assert world.left_behind() == []


def test_requests_lead_up_and_down_each_from_the_version_before(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    world.publish(NEWEST)
    for spec in (NEW, NEWEST, AGENT):
        world.put(AGENT, spec.version)
        world.run()
        assert world.serving(AGENT) == [spec.version]
        assert world.version_folders() == [f"{AGENT.handler}-{spec.version}"]
    told_to = [
        (run.version, run.environment["AZURE_GUEST_AGENT_UPDATING_FROM_VERSION"], run.environment["VERSION"])
        for run in world.commands(AGENT)
        if run.command == "update"
    ]
    assert told_to == [
        ("1.1.0.0", "1.0.0.0", "1.1.0.0"),
        ("1.2.0.0", "1.1.0.0", "1.2.0.0"),
        ("1.2.0.0", "1.2.0.0", "1.0.0.0"),
    ]


def test_a_folder_that_a_failed_upgrade_left_is_no_version_and_is_replaced(world: World) -> None:
    world.install(AGENT)
    left = world.folder(NEW)
    (left / "config").mkdir(parents=True)
    (left / "config" / "HandlerState").write_text("FailedUpgrade")
    assert world.run_pass() == {"Agent": "UpToDate"}
    (left / "leftover").touch()
    assert move(world, NEW)[-1] == "enable 1.1.0.0"
    assert world.version(AGENT) == NEW.version
    assert not (left / "leftover").exists()


def test_a_version_that_lost_its_manifest_is_upgraded_and_removed_by_its_own_commands(world: World) -> None:
    world.install(AGENT)
    (world.folder(AGENT) / "HandlerManifest.json").unlink()
    ran = move(world, NEW)
    assert [run for run in ran if run.endswith(AGENT.version)] == ["disable 1.0.0.0", "uninstall 1.0.0.0"]
    assert world.version(AGENT) == NEW.version
    (world.folder(NEW) / "HandlerManifest.json").unlink()
    world.remove(AGENT)
    world.run()
    assert world.ran(AGENT)[-2:] == ["disable 1.1.0.0", "uninstall 1.1.0.0"]
    assert world.is_gone(AGENT)
