"""Passes over several extensions: one failure is that one's alone, retries, and what ends a backoff."""

from __future__ import annotations

from dataclasses import replace

from agent.world import FakeClock, World
from packages import AGENT, CLOCK, override

BAD = replace(AGENT, version="1.1.0.0", fails=("update",))
NEWER = replace(AGENT, version="1.2.0.0")
NEWER_CLOCK = replace(CLOCK, version="1.1.0.0")
THREE_DAYS = 3 * 86_400.0


def test_one_extension_that_fails_leaves_the_other_alone(world: World) -> None:
    world.install(AGENT)
    world.install(CLOCK)
    world.publish(BAD)
    world.publish(NEWER_CLOCK)
    assert world.run_pass() == {"Agent": "RolledBack", "Clock": "Upgraded"}
    versions = [reply.version for spec in (AGENT, CLOCK) if (reply := world.answer(spec))]
    assert versions == [AGENT.version, NEWER_CLOCK.version]
    assert world.ran(CLOCK) == [
        "install 1.0.0.0",
        "enable 1.0.0.0",
        "disable 1.0.0.0",
        "update 1.1.0.0",
        "uninstall 1.0.0.0",
        "install 1.1.0.0",
        "enable 1.1.0.0",
    ]


def test_a_failed_version_is_tried_again_when_its_interval_is_over(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(BAD)
    assert timeless.run_pass() == {"Agent": "RolledBack"}
    override(timeless.state(AGENT), BAD.version, fails=[])
    clock.pass_time(THREE_DAYS - 1)
    assert timeless.run_pass() == {"Agent": "RetryNotDue"}
    decision = timeless.store.passes.latest(timeless.machine.id)["agent"]
    assert decision.next_look is not None
    clock.pass_time((decision.next_look - clock.now()).total_seconds())
    assert timeless.run_pass() == {"Agent": "Upgraded"}
    assert timeless.store.policies.backoffs(timeless.machine.id, "Agent") == []


def test_the_next_look_of_a_failure_is_the_retry(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(BAD)
    timeless.run_pass()
    failed = timeless.store.passes.latest(timeless.machine.id)["agent"]
    timeless.run_pass()
    waiting = timeless.store.passes.latest(timeless.machine.id)["agent"]
    assert failed.next_look == waiting.next_look
    assert failed.next_look is not None
    assert THREE_DAYS <= (failed.next_look - clock.now()).total_seconds() <= 1.1 * THREE_DAYS


def test_a_newer_version_ends_the_backoff(world: World) -> None:
    world.install(AGENT)
    world.publish(BAD)
    world.run_pass()
    world.publish(NEWER)
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert world.version(AGENT) == NEWER.version


def test_each_failure_of_a_version_is_counted(timeless: World, clock: FakeClock) -> None:
    timeless.install(AGENT, settings=None)
    timeless.publish(BAD)
    timeless.run_pass()
    clock.pass_time(2 * THREE_DAYS)
    timeless.run_pass()
    [backoff] = timeless.store.policies.backoffs(timeless.machine.id, "Agent")
    assert backoff.failures == 2


def test_a_failed_first_install_is_cleaned_up_and_retried_by_backoff(world: World) -> None:
    world.policy(retry_interval=0.001)
    world.publish(replace(AGENT, fails=("enable",)))
    world.put(AGENT)
    world.run()
    assert world.version_folders() == []
    assert world.ran(AGENT) == ["install 1.0.0.0", "enable 1.0.0.0", "disable 1.0.0.0", "uninstall 1.0.0.0"]
    override(world.state(AGENT), AGENT.version, fails=[])
    assert world.run_pass() == {"Agent": "Installed"}
    assert world.version(AGENT) == AGENT.version


def test_a_fetch_that_fails_touches_nothing(world: World) -> None:
    world.install(AGENT)
    world.publish(NEWER)
    [package] = [p for p in (world.home / "gallery").rglob("*.zip") if "1.2.0.0" in str(p)]
    package.write_bytes(package.read_bytes()[:-1] + b"!")
    assert world.run_pass() == {"Agent": "Failed"}
    assert "1.0.0.0 was not touched" in world.last(AGENT).message
    assert world.ran(AGENT) == ["install 1.0.0.0", "enable 1.0.0.0"]
    assert world.left_behind() == []
