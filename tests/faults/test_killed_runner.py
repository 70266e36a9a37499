"""``kill -9`` of the runner, alone or with its process group, while it or a command is at work; a new start.

Promise (design page section 5): killing anything at any time and starting again ends in one version that
works, with the history whole, and with no handler command run twice because of it. ``test_cuts`` kills at
every durable call; here a sample agent with a process of its own is at stake, and commands that take their
time, or go down with the host.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from agent.world import World, world
from connectedmachine.agent.lock import EffectsLock
from packages import AGENT, PackageSpec, override

if sys.platform == "win32":
    pytest.skip("SIGKILL and process groups are POSIX's", allow_module_level=True)

__all__ = ["world"]

PROGRAM = Path(__file__).with_name("runner_process.py")
OLD, NEW = AGENT.version, "1.1.0.0"
GOOD = replace(AGENT, version=NEW)
BAD = replace(GOOD, unhealthy_after_requests=0)
"""Comes up, and reports an error in its health window: its undo has every step there is."""

FORWARD = (
    "fetch(new)",
    "baseline(old)",
    "disable(old)",
    "carry(new)",
    "update(new) to new",
    "uninstall(old)",
    "keep(old)",
    "install(new)",
    "enable(new)",
    "watch(new)",
    "retire(old)",
)
BACK = (
    "disable(new)",
    "update(new) to old",
    "uninstall(new)",
    "restore(old)",
    "install(old)",
    "enable(old)",
    "confirm(old)",
    "discard(new)",
)
COMMANDS_BEFORE = [f"install {OLD}", f"enable {OLD}"]
COMMANDS_FORWARD = [
    f"disable {OLD}",
    f"update {NEW}",
    f"uninstall {OLD}",
    f"install {NEW}",
    f"enable {NEW}",
]
COMMANDS_BACK = [
    f"disable {NEW}",
    f"update {NEW}",
    f"uninstall {NEW}",
    f"install {OLD}",
    f"enable {OLD}",
]


@pytest.fixture
def upgrade(world: World) -> World:
    """The old version works, and a pass that would upgrade to the good one was asked for."""
    return _prepared(world, GOOD)


@pytest.fixture
def undo(world: World) -> World:
    """The old version works, and a pass that will go to the bad one and back was asked for."""
    return _prepared(world, BAD)


def _prepared(world: World, new: PackageSpec) -> World:
    world.install(AGENT)
    world.publish(new)
    world.ask_for_pass()
    return world


def start(world: World, point: str, number: int = 1, how: str = "process") -> subprocess.Popen[bytes]:
    program = [sys.executable, "-I", str(PROGRAM), str(world.home), world.machine.id, how, point, str(number)]
    return subprocess.Popen(program, start_new_session=True)


def kill_at(world: World, point: str, number: int = 1, how: str = "process") -> None:
    assert start(world, point, number, how).wait() == -signal.SIGKILL


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.005)


def assert_upgraded(world: World) -> None:
    _assert_whole(world, "Succeeded", NEW)
    assert world.ran(AGENT) == COMMANDS_BEFORE + COMMANDS_FORWARD


def assert_rolled_back(world: World) -> None:
    _assert_whole(world, "RolledBack", OLD)
    assert world.ran(AGENT) == COMMANDS_BEFORE + COMMANDS_FORWARD + COMMANDS_BACK


def _assert_whole(world: World, outcome: str, version: str) -> None:
    operation = world.last(AGENT)
    assert operation.outcome == outcome, operation.message
    assert operation.ended is not None
    assert [record.seq for record in operation.journal] == list(range(1, len(operation.journal) + 1))
    assert all(record.ended and record.outcome for record in operation.journal)
    times = [time for record in operation.journal for time in (record.began, record.ended)]
    assert times == sorted(times, key=str)
    assert world.store.operations.unfinished(world.machine.id) == []
    assert world.store.passes.next_wanted(world.machine.id) is None
    assert world.store.passes.latest(world.machine.id)["agent"].operation_id == operation.id

    assert world.version(AGENT) == version
    assert world.serving(AGENT) == [version]
    answer = world.answer(AGENT)
    assert answer is not None
    assert (answer.status, answer.version) == (200, version)

    assert not any(run.overlap for run in world.commands(AGENT))
    assert world.left_behind() == []
    assert world.version_folders() == [f"{AGENT.handler}-{version}"]
    installed = world.extension(AGENT).installed
    assert installed is not None
    assert world.zips() == {installed.sha256}


def test_the_points_of_an_upgrade_are_all_its_steps(upgrade: World) -> None:
    upgrade.run()
    assert tuple(step.name for step in upgrade.steps(AGENT)) == FORWARD
    assert_upgraded(upgrade)


def test_the_points_of_an_undo_are_all_its_steps(undo: World) -> None:
    undo.run()
    assert tuple(step.name for step in undo.steps(AGENT)) == FORWARD[:-1] + BACK
    assert_rolled_back(undo)


@pytest.mark.parametrize("point", ["after disable(old)", "after uninstall(old)", "before watch(new)"])
def test_an_upgrade_goes_on_after_the_whole_process_group_was_killed(upgrade: World, point: str) -> None:
    kill_at(upgrade, point, how="group")
    upgrade.run()
    assert_upgraded(upgrade)


@pytest.mark.parametrize("point", ["after uninstall(new)", "before enable(old)"])
def test_an_undo_goes_on_after_the_whole_process_group_was_killed(undo: World, point: str) -> None:
    kill_at(undo, point, how="group")
    undo.run()
    assert_rolled_back(undo)


def test_a_runner_that_is_killed_at_every_step_still_gets_there(undo: World) -> None:
    """Each start does one step and is killed before the next."""
    kills = 0
    while start(undo, "any", 3).wait() == -signal.SIGKILL:
        kills += 1
    undo.run()
    assert kills >= len(FORWARD + BACK) - 2
    assert_rolled_back(undo)


# A command that runs at that moment.


def kill_during(world: World, command: str, version: str) -> None:
    """Kill the runner while that command runs, which then waits for the file ``go``."""
    override(world.state(AGENT), version, waits=[command])
    process = start(world, "never")
    until(lambda: f"{command} {version}" in world.ran(AGENT)[len(COMMANDS_BEFORE) :])
    process.kill()
    process.wait()


def let_go(world: World) -> None:
    (world.state(AGENT) / "go").touch()


@pytest.mark.parametrize(
    ("command", "version"),
    [("disable", OLD), ("update", NEW), ("uninstall", OLD), ("install", NEW), ("enable", NEW)],
)
def test_a_command_that_outlives_the_runner_is_waited_for_and_not_run_twice(
    upgrade: World, command: str, version: str
) -> None:
    kill_during(upgrade, command, version)
    lock = EffectsLock(upgrade.places.lock)
    process = start(upgrade, "never")
    until(lambda: not lock.is_free())
    let_go(upgrade)
    assert process.wait() == 0
    assert_upgraded(upgrade)


def test_a_command_that_ended_while_no_runner_lived_is_not_run_again(upgrade: World) -> None:
    kill_during(upgrade, "update", NEW)
    let_go(upgrade)
    until(lambda: any(upgrade.places.runs.glob("*/*/receipt")) and not _attendants(upgrade))
    upgrade.run()
    assert_upgraded(upgrade)


@pytest.mark.parametrize(
    ("command", "version"), [("disable", OLD), ("uninstall", OLD), ("install", NEW), ("enable", NEW)]
)
def test_a_command_that_went_down_with_the_host_is_run_again(
    upgrade: World, command: str, version: str
) -> None:
    kill_during(upgrade, command, version)
    for process in _attendants(upgrade):
        with suppress(psutil.NoSuchProcess):
            process.kill()
            process.wait()
    let_go(upgrade)
    upgrade.run()
    _assert_whole(upgrade, "Succeeded", NEW)
    again = COMMANDS_FORWARD.index(f"{command} {version}")
    expected = [*COMMANDS_FORWARD[: again + 1], *COMMANDS_FORWARD[again:]]
    assert upgrade.ran(AGENT) == COMMANDS_BEFORE + expected
    assert "lost" in [step.outcome for step in upgrade.steps(AGENT)]


def _attendants(world: World) -> list[psutil.Process]:
    """A command and its attendant; that one first, or it would note how the other ended."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith(str(world.places.runs)) for word in words):
            found += [process, *process.children(recursive=True)]
    return found
