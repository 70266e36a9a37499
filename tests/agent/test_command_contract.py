"""Commands as a handler meets them (handler contract 2.1, 2.2): time, codes, log and limits."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import World
from connectedmachine.agent.clock import SystemClock
from connectedmachine.handler import cgroup
from connectedmachine.handler.execution_log import log_name
from connectedmachine.model.operation import Outcome, StepName
from packages import AGENT, NOOP, PackageSpec, alive

UNINSTALL_CODE = "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE"
DISABLE_CODE = "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE"
NEW = replace(AGENT, version="1.1.0.0", continue_on_update_failure=True)
LIMITED = replace(NOOP, resource_limits={"cpuQuotaPercentage": 30, "memoryQuotaInMB": 64})


class ImpatientClock(SystemClock):
    """Time runs, and jumps by a quarter of an hour whenever a command has hung itself up."""

    def __init__(self) -> None:
        self.hung = Path()

    def monotonic(self) -> float:
        hangs = len(self.hung.read_text().split()) // 2 if self.hung.exists() else 0
        return super().monotonic() + 901 * hangs


@pytest.fixture
def impatient(world: World) -> World:
    """A host on which a command that hangs has soon used up its time."""
    clock = ImpatientClock()
    clock.hung = world.state(AGENT) / "hung.pids"
    world.clock = clock
    return world


def told(world: World, command: str, version: str, variable: str) -> str | None:
    """What the last such command was told."""
    runs = [run for run in world.commands(AGENT) if (run.command, run.version) == (command, version)]
    return runs[-1].environment.get(variable)


def log_of(world: World, spec: PackageSpec) -> str:
    return (world.places.library.logs / spec.handler / log_name()).read_text("utf-8")


# Time.


def test_a_command_that_hangs_is_ended_with_what_it_started_and_the_old_version_works(
    impatient: World,
) -> None:
    impatient.install(AGENT)
    impatient.publish(replace(NEW, hangs=("update",)))
    assert impatient.run_pass() == {"Agent": "RolledBack"}
    hung = (impatient.state(AGENT) / "hung.pids").read_text().split()
    assert [pid for pid in hung if alive(int(pid))] == []
    assert impatient.serving(AGENT) == [AGENT.version]
    assert "did not end within 900 s" in log_of(impatient, AGENT)


def test_a_command_has_the_time_that_the_policy_gives_it(world: World) -> None:
    world.install(AGENT)
    world.policy(update_timeout=0.05)
    world.publish(replace(NEW, hangs=("update",)))
    assert world.run_pass() == {"Agent": "RolledBack"}
    [update] = [r for r in world.last(AGENT).journal if r.step and r.step.name is StepName.UPDATE]
    assert update.code == "HandlerTimeout"
    assert "within 0.05 s" in update.message


# Codes that later commands are told (contract section 7, case 27).


def test_success_is_told_as_0_and_what_was_not_run_as_not_run(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    world.run_pass()
    assert told(world, "install", AGENT.version, UNINSTALL_CODE) == "NOT_RUN"
    assert told(world, "enable", AGENT.version, UNINSTALL_CODE) == "NOT_RUN"
    assert told(world, "update", NEW.version, DISABLE_CODE) == "0"
    assert told(world, "install", NEW.version, UNINSTALL_CODE) == "0"
    assert told(world, "enable", NEW.version, UNINSTALL_CODE) == "0"
    world.patch(AGENT, settings={"port": 0, "more": 1})
    world.run()
    assert told(world, "enable", NEW.version, UNINSTALL_CODE) == "NOT_RUN"


def test_a_failure_that_was_passed_over_is_told_with_its_real_code(world: World) -> None:
    world.install(replace(AGENT, fails=("disable", "uninstall"), exit_code=7))
    world.publish(NEW)
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert told(world, "update", NEW.version, DISABLE_CODE) == "7"
    assert told(world, "install", NEW.version, UNINSTALL_CODE) == "7"
    assert told(world, "enable", NEW.version, UNINSTALL_CODE) == "7"


def test_a_timeout_that_was_passed_over_is_told_with_the_agents_code(impatient: World) -> None:
    impatient.install(replace(AGENT, hangs=("disable", "uninstall")))
    impatient.publish(NEW)
    assert impatient.run_pass() == {"Agent": "Upgraded"}
    assert told(impatient, "update", NEW.version, DISABLE_CODE) == "1011"
    assert told(impatient, "install", NEW.version, UNINSTALL_CODE) == "1011"
    assert told(impatient, "enable", NEW.version, UNINSTALL_CODE) == "1011"


# The log of a handler's commands.


def test_each_command_is_in_the_log_of_its_handler_with_its_code_and_output(world: World) -> None:
    world.install(replace(AGENT, fails=("disable",), exit_code=9))
    world.publish(NEW)
    world.run_pass()
    blocks = log_of(world, AGENT).split("\n\n20")
    heads = [" ".join(block.split()[1:4]) for block in blocks]
    old, new = (f"{AGENT.handler}-{version}" for version in (AGENT.version, NEW.version))
    assert heads == [
        f"install of {old}:",
        f"enable of {old}:",
        f"disable of {old}:",
        f"update of {new}:",
        f"uninstall of {old}:",
        f"install of {new}:",
        f"enable of {new}:",
    ]
    assert "exit code 9\n[stdout]" in blocks[2]
    assert "disable fails, as this package was built to" in blocks[2]
    assert "exit code 0" in blocks[3]


# Limits of the manifest.


def limits_said(world: World) -> list[str]:
    records = world.last(LIMITED).journal
    return [str(r.step) for r in records if "could not apply the package's limits" in r.message]


def test_a_host_that_cannot_apply_limits_says_so_once_per_operation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroup, "host_base", lambda: None)
    world.install(LIMITED)
    assert world.last(LIMITED).outcome is Outcome.SUCCEEDED
    assert limits_said(world) == ["enable(new)"]


@pytest.mark.skipif(sys.platform == "win32", reason="control groups are Linux's")
def test_limits_are_applied_before_the_first_command_of_a_version(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder stands for the mount, which may give no controllers here."""
    monkeypatch.setattr(cgroup, "host_base", lambda: tmp_path / "mount")
    world.install(LIMITED)
    [cpu] = (tmp_path / "mount").rglob("cpu.max")
    assert cpu.read_text() == "30000 100000"
    assert cpu.with_name("memory.max").read_text() == str(64 * 1024 * 1024)
    assert limits_said(world) == []


def test_a_package_without_limits_is_told_nothing_of_them(world: World) -> None:
    world.install(NOOP)
    assert limits_said(world) == []


# What a command writes.


def test_what_commands_wrote_is_kept_in_their_log_alone(world: World) -> None:
    world.install(replace(AGENT, fails=("disable",)))
    world.publish(NEW)
    world.run_pass()
    assert world.left_behind() == []
    assert sorted(path.name for path in world.folder(NEW).iterdir()) == [
        "HandlerEnvironment.json",
        "HandlerManifest.json",
        "agent.py",
        "bin",
        "config",
        "heartbeat.log",
        "package.json",
        "status",
    ]
