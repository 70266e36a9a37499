"""A simulated Windows machine plays a scenario: through the service, the store and the real runner."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.test_simulated import FOR_WINDOWS, NEW_FOR_WINDOWS
from agent.world import GROUP, MACHINE, FakeClock, PowerCutError, World, at
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.operation import Outcome, StepName
from packages import AGENT

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"
Rules = list[dict[str, object]]
Connect = Callable[..., World]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """A machine with 1.0.0.1 installed, and 1.1 published, under a scenario."""
    world = World(tmp_path, FakeClock(), connect=False)

    def connected(commands: Rules | None = None, health: Rules | None = None) -> World:
        play(world, json.dumps({"commands": commands or [], "health": health or []}))
        world.publish(FOR_WINDOWS)
        world.put(AGENT)
        world.run()
        world.publish(NEW_FOR_WINDOWS)
        return world

    yield connected
    world.store.close()


def play(world: World, text: str) -> None:
    world.service.machine_connect(
        resource_group=GROUP,
        name=MACHINE,
        simulated=True,
        os_type="Windows",
        scenario_text=text,
        follow=world.listener,
    )


def test_a_command_fails_as_often_as_it_is_to_and_then_works(connect: Connect) -> None:
    world = connect([{"version": "1.1", "command": "enable", "exitCode": 7, "times": 1, "message": "No."}])
    assert world.run_pass() == {"Agent": "RolledBack"}
    failed = next(r for r in world.last(AGENT).journal if r.exit_code)
    assert (str(failed.step), failed.exit_code, failed.message) == ("enable(new)", 7, "No.")
    assert world.version(AGENT) == FOR_WINDOWS.version
    world.patch(AGENT, typeHandlerVersion="1.1")
    world.run()
    assert world.version(AGENT) == NEW_FOR_WINDOWS.version


def test_a_command_that_hangs_runs_into_its_limit_and_nobody_waits(connect: Connect) -> None:
    world = connect([{"version": "1.1", "command": "install", "hangs": True}])
    assert world.run_pass() == {"Agent": "RolledBack"}
    install = next(r for r in world.last(AGENT).journal if r.code == "HandlerTimeout")
    assert install.ended is not None
    assert install.ended - install.began == timedelta(seconds=900)


def test_history_shows_the_time_that_was_played(connect: Connect) -> None:
    world = connect([{"command": "enable", "seconds": 30}])
    assert world.run_pass() == {"Agent": "Upgraded"}
    operation = world.last(AGENT)
    assert operation.ended is not None
    assert operation.ended - operation.began == timedelta(seconds=330)


def test_the_next_runner_begins_where_the_last_one_came_to(connect: Connect) -> None:
    world = connect([{"seconds": 100}])
    assert world.run_pass() == {"Agent": "Upgraded"}
    install, upgrade = world.operations(AGENT)
    assert install.ended is not None
    assert upgrade.began >= install.ended > world.clock.now()


@pytest.mark.parametrize(
    "health", [{"unhealthyFrom": 120}, {"reports": "error"}, {"reports": "nothing"}, {"healthyAfter": 290}]
)
def test_a_version_that_does_not_get_or_stay_well_goes_back(
    connect: Connect, health: dict[str, object]
) -> None:
    world = connect(health=[{"version": "1.1", **health}])
    assert world.run_pass() == {"Agent": "RolledBack"}
    assert world.version(AGENT) == FOR_WINDOWS.version


def test_a_runner_that_was_killed_plays_on_the_same(connect: Connect) -> None:
    """In a command: it is the same attempt, with its seconds; in the window: as far into it."""
    world = connect(
        [{"version": "1.1", "command": "enable", "seconds": 30, "exitCode": 1, "times": 1}],
        [{"version": "1.1", "unhealthyFrom": 150}],
    )

    def cut() -> None:
        raise PowerCutError

    world.ask_for_pass()
    with pytest.raises(PowerCutError):
        world.run(at("after enable(new)", cut))
    world.run()
    operation = world.last(AGENT)
    assert operation.outcome is Outcome.ROLLED_BACK
    enables = [r for r in operation.journal if str(r.step) == "enable(new)"]
    assert [r.exit_code for r in enables] == [1]
    world.patch(AGENT, typeHandlerVersion="1.1")
    world.policy(manual_health_window=300.0)
    with pytest.raises(PowerCutError):
        world.run(at("after watch(new)", cut))
    before = world.samples(AGENT)
    world.run()
    after = world.samples(AGENT)
    assert after[: len(before)] == before
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert {r.step.name for r in world.last(AGENT).journal if r.step} >= {StepName.WATCH, StepName.CONFIRM}


def test_the_documented_example_plays_as_its_page_says(connect: Connect) -> None:
    (example,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    world = connect()
    handler = f"{AGENT.publisher}.{AGENT.type}"
    play(world, example.replace("Contoso.Monitoring.Agent", handler))
    assert world.run_pass() == {"Agent": "RolledBack"}
    assert "The service did not come up." in world.last(AGENT).message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "the document"),
        ("[]", "the document"),
        ('{"commands": [{}, {"exitCode": "1"}]}', "commands[1].exitCode"),
        ('{"health": [{"repots": "error"}]}', "health[0]"),
        ('{"commands": [{"version": "1.x"}]}', "commands[0].version"),
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused_with_the_place(
    connect: Connect, text: str, where: str
) -> None:
    world = connect()
    with pytest.raises(InvalidRequestError) as refused:
        play(world, text)
    assert (refused.value.code, refused.value.target) == ("InvalidScenario", where)


def test_a_scenario_for_this_host_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, connect=False)
    with pytest.raises(InvalidRequestError) as refused:
        world.service.machine_connect(
            resource_group=GROUP, name=MACHINE, scenario_text="{}", follow=world.listener
        )
    assert refused.value.target == "scenario"
    world.store.close()


def test_connecting_again_without_a_scenario_keeps_it(connect: Connect) -> None:
    world = connect([{"version": "1.1", "command": "enable", "exitCode": 1}])
    world.service.machine_connect(resource_group=GROUP, name=MACHINE, simulated=True, follow=world.listener)
    assert world.run_pass() == {"Agent": "RolledBack"}
