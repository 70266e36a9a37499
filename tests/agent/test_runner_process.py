"""The runner as a process of its own: whoever asked may go, there is one at a time, and no wish is lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import GROUP, MACHINE, World
from connectedmachine.agent import launch
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.operation import Outcome
from packages import AGENT, CLOCK

NEW = replace(AGENT, version="1.1.0.0", waits=("install",))
"""Its install, which follows the old version's uninstall, waits for the file ``go``."""

ASKER = """
import os
from connectedmachine.service import Service

class Quiet:
    def progress(self, activity, status, percent=-1):
        print(status, flush=True)
    def warning(self, message):
        print(message, flush=True)
    def cancelled(self):
        return False

Service.open().upgrade_run(resource_group="rg", machine="m1", follow=Quiet())
"""


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.01)


def let_go(world: World) -> None:
    (world.state(AGENT) / "go").touch()


def is_installing(world: World) -> bool:
    return "install 1.1.0.0" in world.ran(AGENT)


def ask_in_a_terminal(world: World) -> tuple[int, int]:
    """Ask for a pass, and wait for it, in a session with a terminal; returns pid and terminal."""
    import pty

    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["AZCMLITE_HOME"] = str(world.home)
        os.execv(sys.executable, [sys.executable, "-I", "-c", ASKER])  # noqa: S606 -- no shell is the point
    return pid, terminal


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals of POSIX")
def test_a_closed_terminal_changes_nothing(world: World) -> None:
    import signal

    world.install(AGENT)
    world.publish(NEW)
    pid, terminal = ask_in_a_terminal(world)
    until(lambda: is_installing(world))
    # The terminal is hung up, and so that nothing depends on what a hang-up does, all that asked is killed.
    os.close(terminal)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    let_go(world)
    until(lambda: world.last(AGENT).ended)
    assert world.last(AGENT).outcome is Outcome.SUCCEEDED
    assert world.serving(AGENT) == [NEW.version]
    assert world.ran(AGENT).count("install 1.1.0.0") == 1
    until(lambda: EffectsLock(world.places.lock).is_free())


def start(world: World) -> subprocess.Popen[bytes]:
    world.places.machine.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-I", "-m", "connectedmachine.agent.launch", str(world.home), world.machine.id]
    return subprocess.Popen(words)


def test_of_two_runners_the_second_ends_and_does_nothing(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    world.ask_for_pass()
    first = start(world)
    until(lambda: is_installing(world))
    assert start(world).wait() == 0
    assert first.poll() is None
    let_go(world)
    assert first.wait() == 0
    assert world.last(AGENT).outcome is Outcome.SUCCEEDED
    assert world.ran(AGENT).count("install 1.1.0.0") == 1
    assert not any(run.overlap for run in world.commands(AGENT))


def test_runners_that_start_at_once_do_the_work_once(world: World) -> None:
    world.publish(AGENT)
    world.put(AGENT)
    runners = [start(world) for _ in range(4)]
    assert [runner.wait() for runner in runners] == [0, 0, 0, 0]
    assert world.ran(AGENT) == ["install 1.0.0.0", "enable 1.0.0.0"]


def test_a_wish_that_is_committed_as_the_runner_comes_to_rest_is_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own runner found the lock taken; the one that lets go looks once more."""
    world.publish(AGENT)
    world.publish(CLOCK)
    world.put(AGENT)
    release = EffectsLock.release
    wishes = [lambda: world.put(CLOCK)]

    def release_late(lock: EffectsLock) -> None:
        if lock._handle is not None and wishes:
            wishes.pop()()
            launch.run(world.home, world.machine.id)
            assert world.ran(CLOCK) == []
        release(lock)

    monkeypatch.setattr(EffectsLock, "release", release_late)
    launch.run(world.home, world.machine.id)
    assert world.version(CLOCK) == CLOCK.version


def test_a_runner_that_fails_says_so_in_its_log_and_leaves_the_lock(world: World, tmp_path: Path) -> None:
    import sqlite3

    world.publish(AGENT)
    world.put(AGENT)
    store = sqlite3.connect(world.home / "store.db")
    store.execute("UPDATE machines SET os_machine_id = 'another host'")
    store.commit()
    store.close()
    assert start(world).wait() == 1
    assert "WrongHost" in world.places.runner_log.read_text()
    assert EffectsLock(world.places.lock).is_free()
    assert world.ran(AGENT) == []
    assert not list(tmp_path.glob("core*"))


def test_a_runners_log_does_not_grow_for_ever(world: World) -> None:
    world.places.machine.mkdir(parents=True, exist_ok=True)
    world.places.runner_log.write_bytes(b"x" * (1 << 20))
    assert start(world).wait() == 0
    assert "Runner at rest." in world.places.runner_log.read_text()
    assert world.places.runner_log.with_name("runner.log.1").stat().st_size == 1 << 20


def test_the_service_follows_a_runner_that_it_started(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectedmachine.service import Service

    monkeypatch.setenv("AZCMLITE_HOME", str(world.home))
    world.publish(AGENT)
    world.put(AGENT)
    world.run()
    world.publish(replace(AGENT, version="1.1.0.0"))
    answer = Service.open().upgrade_run(resource_group=GROUP, machine=MACHINE, follow=world.listener)
    decisions = answer["value"]
    assert isinstance(decisions, list)
    assert [decision["reason"] for decision in decisions] == ["Upgraded"]
