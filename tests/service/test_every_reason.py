"""Each reason of the closed set, come to by a real request, with the rule and the evidence that are shown.

Reasons that a plan gives are asked for with ``upgrade_why`` and have a rule; those that the end of an
operation gives are in the last decision, and the operation has the evidence.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import connectedmachine
from agent.world import GROUP, MACHINE, FakeClock, World
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.clock import to_text
from connectedmachine.model.decision import Reason
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.window import WEEKDAYS
from connectedmachine.service.rules import WHAT_TO_DO
from packages import AGENT, end_processes, override
from service.support import DEPENDENCY, RG, SAMPLE, Desk, refused, values

SCHEMAS = Path(connectedmachine.__file__).with_name("schemas") / "rpc"
RESOURCES = Resource.from_contents(json.loads((SCHEMAS / "resources.json").read_text("utf-8")))
SCHEMA = Draft202012Validator(
    json.loads((SCHEMAS / "upgrade.why.json").read_text("utf-8")),
    registry=Registry().with_resource("resources.json", RESOURCES),
)


def why(desk: Desk) -> dict[str, Any]:
    asked = {"resourceGroup": RG, "machine": desk.machine, "name": "agent"}
    answer = desk.service.upgrade_why(resource_group=RG, machine=desk.machine, name="agent")
    SCHEMA.validate({"params": asked, "result": answer})
    return answer


def about(owner: dict[str, Any]) -> list[str]:
    """What the evidence of an obstacle or an operation is about."""
    return [fact["about"] for fact in owner["evidence"]]


def installed(desk: Desk, *newer: str, supports: bool = True, enrolled: bool = True) -> None:
    """An agent at 1.0, then ``newer`` versions."""
    desk.publish("Agent", "1.0", supports=supports)
    desk.create(enableAutomaticUpgrade=enrolled)
    desk.publish("Agent", *newer, supports=supports)


def hold(desk: Desk, **given: str) -> None:
    desk.service.hold_add(resource_group=RG, machine=desk.machine, name="agent", follow=desk.heard, **given)


# Of plans: how each is come to, and the rule that is shown for it.


def up_to_date(desk: Desk) -> None:
    installed(desk)


def would_upgrade(desk: Desk) -> None:
    installed(desk, "1.1")


def would_install(desk: Desk) -> None:
    """The wish was there before the image."""
    desk.put("agent", {"properties": {"publisher": DEPENDENCY, "type": "DependencyAgentLinux"}})
    desk.publish("DependencyAgentLinux", "9.10", publisher=DEPENDENCY)


def not_enrolled(desk: Desk) -> None:
    installed(desk, "1.1", enrolled=False)


def not_supported(desk: Desk) -> None:
    installed(desk, "1.1", supports=False)


def no_image(desk: Desk) -> None:
    installed(desk)
    desk.withdraw("Agent", "1.0")


def other_platform(desk: Desk) -> None:
    no_image(desk)
    desk.publish("Agent", "1.1", os="windows")


def other_major(desk: Desk) -> None:
    installed(desk, "2.0")


def held(desk: Desk) -> None:
    installed(desk, "1.1")
    hold(desk, version="1.1", reason="audit")


def pinned(desk: Desk) -> None:
    installed(desk, "1.1")
    desk.service.pin_add(
        resource_group=RG, machine=desk.machine, name="agent", version="1.0", follow=desk.heard
    )


def window(desk: Desk, name: str | None = None) -> None:
    """One that opens in three days."""
    days = [WEEKDAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]]
    desk.service.window_add(
        resource_group=RG,
        machine=desk.machine,
        name=name,
        window_name="night",
        time_zone="Europe/Berlin",
        start="22:00",
        duration=7200.0,
        days=days,
        follow=desk.heard,
    )


def outside_window(desk: Desk) -> None:
    installed(desk, "1.1")
    window(desk)


def outside_window_of_its_own(desk: Desk) -> None:
    installed(desk, "1.1")
    window(desk, "agent")


def tried_as_often_as_policy_says(desk: Desk) -> None:
    failed(desk)
    desk.service.policy_set(
        resource_group=RG, machine=desk.machine, name="agent", retry_limit=1, follow=desk.heard
    )


def tried_as_long_as_policy_says(desk: Desk) -> None:
    failed(desk)
    desk.service.policy_set(resource_group=RG, machine=desk.machine, retry_for=86_400.0, follow=desk.heard)


def blocked(desk: Desk) -> None:
    installed(desk, "1.1")
    desk.service.config_set(
        resource_group=RG, machine=desk.machine, block_list=[f"{SAMPLE}/Agent"], follow=desk.heard
    )


def removing(desk: Desk) -> None:
    installed(desk)
    desk.service.runs = False
    desk.remove(wait=False)


def waits_for_another(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create(provisionAfterExtensions=["base"])


PLANNED: dict[str, tuple[Callable[[Desk], None], Reason, str | None]] = {
    "up to date": (up_to_date, Reason.UP_TO_DATE, None),
    "would upgrade": (would_upgrade, Reason.UPGRADED, None),
    "would install": (would_install, Reason.INSTALLED, None),
    "not enrolled": (not_enrolled, Reason.NOT_ENROLLED, "enableAutomaticUpgrade=false of extension 'agent'"),
    "not supported": (
        not_supported,
        Reason.NOT_SUPPORTED_BY_PUBLISHER,
        "supportsAutomaticUpgrade=false of image 1.1.0.0",
    ),
    "no image": (no_image, Reason.NO_IMAGE, "requested version=any version of extension 'agent'"),
    "other platform": (other_platform, Reason.PLATFORM_MISMATCH, "platform=linux x64 of machine 'm1'"),
    "other major": (other_major, Reason.MAJOR_ONLY, "installed major version=1 of every preset"),
    "held": (held, Reason.HELD, "hold=version 1.1 of hold on 'agent'"),
    "pinned": (pinned, Reason.PINNED, "pin=pin to 1.0 of pin on 'agent'"),
    "outside window": (
        outside_window,
        Reason.OUTSIDE_WINDOW,
        "maintenance window=night of machine 'm1'",
    ),
    "outside its own window": (
        outside_window_of_its_own,
        Reason.OUTSIDE_WINDOW,
        "maintenance window=night of extension 'agent'",
    ),
    "tried often": (
        tried_as_often_as_policy_says,
        Reason.RETRY_NOT_DUE,
        "retryLimit=1 of extension",
    ),
    "tried long": (tried_as_long_as_policy_says, Reason.RETRY_NOT_DUE, "retryFor=1 d of machine"),
    "blocked": (
        blocked,
        Reason.BLOCKED_BY_POLICY,
        "extensions.blocklist=Contoso.Sample/Agent of configuration of machine 'm1'",
    ),
    "removing": (removing, Reason.REMOVING, None),
    "waits": (
        waits_for_another,
        Reason.OPERATION_IN_PROGRESS,
        "provisionAfterExtensions=base of extension 'agent'",
    ),
}


@pytest.mark.parametrize("case", PLANNED)
def test_a_plan_gives_the_reason_with_the_rule_that_decided(desk: Desk, case: str) -> None:
    prepare, reason, expected = PLANNED[case]
    prepare(desk)

    answer = why(desk)

    assert answer["plan"]["reason"] == reason
    rules = ["{name}={value} of {source}".format(**one["rule"]) for one in answer["obstacles"] if one["rule"]]
    assert rules == ([] if expected is None else [expected])
    assert [one["whatToDo"] for one in answer["obstacles"]] == ([WHAT_TO_DO[reason]] if expected else [])
    assert (answer["move"] is None) == (expected is not None or reason is Reason.UP_TO_DATE)


# Of operations: what came of them, with the evidence of how.


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """What was said of a real agent at each turn of a bad day."""
    clock = FakeClock()
    root = tmp_path_factory.mktemp("world")
    world = World(root, clock, connect=False)
    world.service.machine_connect(resource_group=GROUP, name=MACHINE, follow=world.listener)

    def why(at: str | None = None) -> dict[str, Any]:
        asked = {"resourceGroup": GROUP, "machine": MACHINE, "name": "Agent"}
        answer = world.service.upgrade_why(resource_group=GROUP, machine=MACHINE, name="Agent", at=at)
        SCHEMA.validate({"params": asked, "result": answer})
        return answer

    said: dict[str, dict[str, Any]] = {}
    world.install(AGENT, settings=None)
    world.publish(replace(AGENT, version="1.1.0.0"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
        world.run_pass()
    said["disk full"] = why()
    clock.pass_time(60.0)
    world.publish(replace(AGENT, version="1.2.0.0", fails=("enable",)))
    world.run_pass()
    said["rolled back"] = why()
    said["four days later"] = why(to_text(clock.now() + timedelta(days=4)))
    said["a minute ago"] = why(to_text(clock.now() - timedelta(seconds=59)))
    override(world.state(AGENT), AGENT.version, fails=["enable"])
    world.publish(replace(AGENT, version="1.3.0.0", fails=("enable",)))
    world.run_pass()
    said["pending"] = why()
    world.resolve(AGENT, "stop")
    world.run()
    said["stopped"] = why()
    yield said
    world.store.close()
    end_processes(root)


OPERATED = {
    "disk full": (Reason.DISK_FULL, Reason.UPGRADED),
    "rolled back": (Reason.ROLLED_BACK, Reason.RETRY_NOT_DUE),
    "pending": (Reason.ROLLBACK_PENDING, Reason.ROLLBACK_PENDING),
    "stopped": (Reason.ROLLBACK_PENDING, Reason.INTERRUPTED),
}


@pytest.mark.parametrize("case", OPERATED)
def test_the_end_of_an_operation_gives_the_reason_and_a_plan_goes_on_from_there(
    told: dict[str, dict[str, Any]], case: str
) -> None:
    answer = told[case]
    assert (answer["lastDecision"]["reason"], answer["plan"]["reason"]) == OPERATED[case]
    assert [one["reason"] for one in answer["obstacles"]][:1] == (
        [] if answer["move"] else [OPERATED[case][1]]
    )


def test_a_retry_shows_the_interval_whose_it_is_and_the_command_that_failed(
    told: dict[str, dict[str, Any]],
) -> None:
    (obstacle,) = told["rolled back"]["obstacles"]
    assert obstacle["rule"] == {
        "name": "retryInterval",
        "value": "3 d, up to 10% more on this machine",
        "source": "arc-2021 preset",
    }
    operation = told["rolled back"]["lastOperation"]
    assert about(obstacle) == [
        "failures of 1.2.0.0",
        f"operation {operation['id']}",
        "enable(new), exit code 1",
    ]
    assert "enable fails, as this package was built to" in obstacle["evidence"][2]["says"]
    assert (operation["automatic"], operation["outcome"]) == (True, "RolledBack")
    assert operation["passId"] == told["rolled back"]["lastDecision"]["passId"]


def test_of_a_time_to_come_it_says_what_a_plan_would_say_then(told: dict[str, dict[str, Any]]) -> None:
    later = told["four days later"]
    assert (later["plan"]["reason"], later["move"]["toVersion"]) == ("Upgraded", "1.2.0.0")
    assert later["obstacles"] == []


def test_of_a_time_past_it_says_what_was_decided_and_done_by_then(told: dict[str, dict[str, Any]]) -> None:
    earlier = told["a minute ago"]
    assert earlier["lastDecision"] == told["disk full"]["lastDecision"]
    assert earlier["lastOperation"]["code"] == "DiskFull"
    assert (earlier["plan"], earlier["underWay"]) == (None, None)


def test_a_pending_rollback_shows_its_operation_and_when_it_is_tried_again(
    told: dict[str, dict[str, Any]],
) -> None:
    answer = told["pending"]
    (pending,) = [one for one in answer["obstacles"] if one["reason"] == "RollbackPending"]
    assert (pending["rule"]["name"], pending["rule"]["value"]) == ("rollbackPause", "1 min")
    assert pending["until"] == answer["nextLook"]
    assert answer["underWay"]["outcome"] == "RollbackPending"
    assert about(pending)[0] == f"operation {answer['underWay']['id']}"


def test_a_stopped_rollback_shows_the_choice(told: dict[str, dict[str, Any]]) -> None:
    stopped = told["stopped"]["obstacles"][0]
    assert (stopped["rule"]["name"], stopped["rule"]["value"]) == ("operator's choice", "stop")
    assert about(stopped)[0] == "operator chose stop"


def damage(desk: Desk, part: str) -> None:
    """Spoil the zips whose path in the gallery has that in it."""
    found = [p for p in desk.service.store.home.rglob("*.zip") if part in str(p).lower()]
    assert found
    for path in found:
        path.write_bytes(b"no zip")


def failed(desk: Desk) -> None:
    """Its upgrade failed once: the package cannot be read."""
    installed(desk, "1.1")
    damage(desk, "1.1")
    assert desk.run_pass()["agent"]["reason"] == Reason.FAILED


def test_a_package_that_cannot_be_fetched_gives_failed(desk: Desk) -> None:
    failed(desk)
    answer = why(desk)
    assert answer["lastDecision"]["reason"] == Reason.FAILED
    assert answer["lastOperation"]["evidence"][1]["about"] == "fetch(new)"


def test_outside_its_window_it_says_when_the_window_opens_and_what_it_is(desk: Desk) -> None:
    outside_window(desk)
    (obstacle,) = why(desk)["obstacles"]
    (shown,) = values(desk.service.window_list(resource_group=RG, machine=desk.machine))
    assert obstacle["until"] == why(desk)["nextLook"] == shown["nextOpening"]
    (fact,) = obstacle["evidence"]
    assert fact["about"] == "window 'night'"
    assert "from 22:00 Europe/Berlin for 2:00:00" in fact["says"]


def test_once_its_window_is_open_nothing_is_in_its_way(desk: Desk) -> None:
    outside_window(desk)
    opens = why(desk)["nextLook"]
    answer = desk.service.upgrade_why(resource_group=RG, machine=desk.machine, name="agent", at=opens)
    assert answer["obstacles"] == []


def test_what_was_waived_is_not_in_the_way(desk: Desk) -> None:
    failed(desk)
    desk.service.store.policies.waive(desk.service.machine(None, RG, desk.machine).id, "agent")
    assert why(desk)["obstacles"] == []


def test_it_says_whether_anything_runs_passes(desk: Desk) -> None:
    installed(desk)
    assert "nothing here runs one by itself" in why(desk)["passes"]
    lock = EffectsLock(desk.service.agent_lock())
    assert lock.acquire()
    assert why(desk)["passes"] == "It is looked at whenever a pass is run, as the resident agent does."
    lock.release()


def test_an_extension_whose_dependency_failed_says_which(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("Base", "1.0")
    damage(desk, "base")
    for name, type_, after in (("base", "Base", []), ("agent", "Agent", ["base"])):
        with pytest.raises(ConnectedMachineError):
            desk.create(name, type_, provisionAfterExtensions=after)

    (obstacle,) = why(desk)["obstacles"]

    assert obstacle["reason"] == Reason.DEPENDENCY_FAILED
    assert "It waits for 'base'" in obstacle["message"]
    assert obstacle["rule"]["value"] == "base"


def test_an_operation_under_way_is_shown_with_its_step(desk: Desk) -> None:
    installed(desk, "1.1")
    desk.service.runs = False
    asked = desk.service.upgrade_run(
        resource_group=RG, machine="m1", follow=desk.heard, wait=False, initiator="job"
    )
    desk.kill_runner("before disable(old)")

    answer = why(desk)

    (obstacle,) = answer["obstacles"]
    assert (obstacle["reason"], obstacle["rule"]["source"]) == (Reason.OPERATION_IN_PROGRESS, "job")
    assert about(obstacle) == [f"operation {answer['underWay']['id']}", "disable(old)"]
    assert answer["underWay"]["passId"] == asked["passId"]
    assert answer["lastOperation"]["operation"] == "Install"
    assert answer["then"]["reason"] == "Upgraded"


def test_all_that_is_in_the_way_is_named(desk: Desk) -> None:
    installed(desk, "1.1", supports=False, enrolled=False)
    hold(desk, until="2126-01-01T00:00:00Z")

    answer = why(desk)

    assert [one["reason"] for one in answer["obstacles"]] == [
        "NotEnrolled",
        "NotSupportedByPublisher",
        "Held",
    ]
    assert answer["obstacles"][2]["until"] == "2126-01-01T00:00:00.000000Z"
    assert answer["thenMove"]["toVersion"] == "1.1.0.0"


def test_what_is_no_time_is_refused(desk: Desk) -> None:
    installed(desk)
    with pytest.raises(ConnectedMachineError) as error:
        desk.service.upgrade_why(resource_group=RG, machine="m1", name="agent", at="yesterday")
    refused(error, "InvalidRequestContent")


def test_every_reason_has_a_case() -> None:
    planned = {reason for _, reason, _ in PLANNED.values()}
    operated = {reason for pair in OPERATED.values() for reason in pair}
    assert planned | operated | {Reason.FAILED, Reason.DEPENDENCY_FAILED} == set(Reason)
