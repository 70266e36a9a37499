"""What a plan says is what is done: exactly that, or it is refused with the difference (issue 5, 8)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.window import WEEKDAYS
from connectedmachine.service.views import Json
from service.support import RG, Desk, refused, values

MACHINE: dict[str, Any] = {"resource_group": RG, "machine": "m1"}


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """Two enrolled extensions at 1.0, and 1.1 of each in the gallery."""
    for name, type_ in (("agent", "Agent"), ("clock", "Clock")):
        desk.publish(type_, "1.0")
        desk.create(name, type_, enableAutomaticUpgrade=True)
        desk.publish(type_, "1.1")
    return desk


def plan(desk: Desk, name: str | None = None) -> dict[str, Any]:
    return desk.service.upgrade_plan(**MACHINE, name=name)


def run(desk: Desk, plan: object, *, name: str | None = None, wait: bool = True) -> Json:
    return desk.service.upgrade_run(
        **MACHINE, name=name, plan_text=json.dumps(plan), wait=wait, follow=desk.heard, initiator="job"
    )


def versions(desk: Desk) -> tuple[str, str]:
    return desk.version("agent"), desk.version("clock")


def hold(desk: Desk, name: str) -> None:
    desk.service.hold_add(**MACHINE, name=name, follow=desk.heard)


def close_window(desk: Desk) -> None:
    """One window, which opens in three days."""
    day = WEEKDAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]
    desk.service.window_add(
        **MACHINE,
        window_name="w",
        time_zone="UTC",
        start="12:00",
        duration=3600.0,
        days=[day],
        follow=desk.heard,
    )


def republish(desk: Desk) -> None:
    """The same version with other bytes."""
    desk.service.gallery_add(name="other", path=str(desk.zips / "other"), follow=desk.heard)
    desk.withdraw("Agent", "1.1")
    desk.publish("Agent", "1.1", gallery="other", several=True)


def test_a_plan_says_what_would_be_done_with_version_package_and_window(enrolled: Desk) -> None:
    found = plan(enrolled)

    agent, clock = found["moves"]
    published = {
        image["type"]: image["sha256"]
        for image in values(enrolled.service.image_list())
        if image["version"] == "1.1.0.0"
    }
    assert agent == {
        "name": "agent",
        "extensions": ["agent"],
        "operation": "ChangeVersion",
        "automatic": True,
        "fromVersion": "1.0.0.0",
        "toVersion": "1.1.0.0",
        "sha256": published["Agent"],
        "settings": [0],
        "healthWindowSeconds": 300.0,
        "stableForSeconds": 30.0,
        "healthyForSeconds": None,
    }
    assert clock["sha256"] == published["Clock"]
    assert [decision["name"] for decision in found["value"]] == ["agent", "clock"]


def test_a_plan_has_what_users_asked_for_and_nobody_did_yet(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.patch_body("agent", {"properties": {"settings": {"a": 1}}}, wait=False)
    enrolled.patch_body("clock", {"properties": {"typeHandlerVersion": "1.1"}}, wait=False)

    agent, clock = plan(enrolled)["moves"]

    assert (agent["operation"], agent["automatic"], agent["settings"]) == ("Configure", False, [1])
    assert (clock["operation"], clock["automatic"], clock["toVersion"]) == ("ChangeVersion", False, "1.1.0.0")


def test_the_digest_is_the_same_as_long_as_nothing_changed(enrolled: Desk) -> None:
    first = plan(enrolled)
    assert plan(enrolled)["digest"] == first["digest"]
    hold(enrolled, "clock")
    assert plan(enrolled)["digest"] != first["digest"]


def test_a_plan_is_done_and_nothing_else(enrolled: Desk) -> None:
    done = run(enrolled, plan(enrolled, "agent"))

    assert [(d["name"], d["reason"]) for d in values(done)] == [("agent", "Upgraded")]
    assert versions(enrolled) == ("1.1.0.0", "1.0.0.0")


def test_what_users_asked_for_is_done_once_and_the_pass_leaves_it(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.patch_body("clock", {"properties": {"typeHandlerVersion": "1.1"}}, wait=False)
    taken = plan(enrolled)
    enrolled.service.runs = True

    done = run(enrolled, taken)

    assert {d["name"]: d["reason"] for d in values(done)} == {"agent": "Upgraded", "clock": "UpToDate"}
    assert [one["toVersion"] for one in enrolled.history("clock")] == ["1.1.0.0", "1.0.0.0"]


CHANGES: dict[str, tuple[Callable[[Desk], object], str]] = {
    "another version": (
        lambda desk: desk.publish("Agent", "1.2"),
        "agent: version 1.2.0.0 instead of 1.1.0.0",
    ),
    "another package": (republish, "agent: package "),
    "no longer due": (
        lambda desk: hold(desk, "clock"),
        "clock: ChangeVersion 1.0.0.0 -> 1.1.0.0 is not due any more (Held: A hold keeps it from moving)",
    ),
    "gone": (
        lambda desk: desk.remove("clock"),
        "clock: ChangeVersion 1.0.0.0 -> 1.1.0.0 is not due any more (it does not exist any more)",
    ),
    "another health window": (
        lambda desk: desk.service.policy_set(**MACHINE, health_window=60.0, follow=desk.heard),
        "agent: health window 60.0 instead of 300.0",
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_plan_that_is_not_what_is_due_is_refused_with_the_difference(enrolled: Desk, case: str) -> None:
    change, expected = CHANGES[case]
    taken = plan(enrolled)
    change(enrolled)
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        run(enrolled, taken)

    assert expected in refused(error, "PlanChanged").message
    assert enrolled.state() == before


def test_what_is_due_now_and_was_not_then_is_a_difference(enrolled: Desk) -> None:
    hold(enrolled, "clock")
    taken = plan(enrolled)
    enrolled.service.hold_remove(**MACHINE, name="clock", follow=enrolled.heard)

    with pytest.raises(ConnectedMachineError) as error:
        run(enrolled, taken)

    message = refused(error, "PlanChanged").message
    assert "clock: ChangeVersion 1.0.0.0 -> 1.1.0.0 is due, and the plan has nothing" in message


def test_what_changes_before_its_turn_is_left_alone_and_said(enrolled: Desk) -> None:
    """Between the request and the turn of each extension lies the work on those before it."""
    hold(enrolled, "clock")
    taken = plan(enrolled)
    enrolled.service.runs = False
    asked = run(enrolled, taken, wait=False)
    enrolled.publish("Agent", "1.2")
    enrolled.service.hold_remove(**MACHINE, name="clock", follow=enrolled.heard)

    enrolled.resume()

    decided = {d.extension: d for d in enrolled.service.store.passes.decisions(str(asked["passId"]))}
    assert {d.reason for d in decided.values()} == {"Interrupted"}
    assert decided["agent"].message.startswith("Not as planned: version 1.2.0.0 instead of 1.1.0.0, package ")
    assert decided["clock"].message == (
        "Not as planned: ChangeVersion 1.0.0.0 -> 1.1.0.0 is due, and the plan has nothing."
    )
    assert versions(enrolled) == ("1.0.0.0", "1.0.0.0")


def test_a_plan_whose_window_has_closed_says_so_and_is_not_taken_up_again(enrolled: Desk) -> None:
    enrolled.service.runs = False
    asked = run(enrolled, plan(enrolled), wait=False)
    close_window(enrolled)
    enrolled.service.runs = True
    enrolled.resume()

    decided = enrolled.service.store.passes.decisions(str(asked["passId"]))
    assert {d.reason for d in decided} == {"OutsideWindow"}
    assert all(d.next_look is not None for d in decided)
    # It is open again, and whatever waits for that is done.
    enrolled.service.window_remove(**MACHINE, window_name="w", follow=enrolled.heard)
    enrolled.resume()
    assert versions(enrolled) == ("1.0.0.0", "1.0.0.0")


def test_what_a_pass_left_outside_its_window_a_planned_pass_does_not_keep_from_being_done(
    enrolled: Desk,
) -> None:
    close_window(enrolled)
    assert enrolled.run_pass()["agent"]["reason"] == "OutsideWindow"
    run(enrolled, plan(enrolled))

    enrolled.service.window_remove(**MACHINE, window_name="w", follow=enrolled.heard)

    assert versions(enrolled) == ("1.1.0.0", "1.1.0.0")


def test_a_plan_with_a_retry_is_refused(enrolled: Desk) -> None:
    taken = plan(enrolled)
    with pytest.raises(ConnectedMachineError) as error:
        enrolled.service.upgrade_run(
            **MACHINE, plan_text=json.dumps(taken), retry=True, follow=enrolled.heard, initiator="job"
        )
    assert refused(error, "InvalidRequestContent").target == "retry"


def test_a_planned_pass_goes_on_after_its_runner_was_killed(enrolled: Desk) -> None:
    taken = plan(enrolled)
    enrolled.service.runs = False
    asked = run(enrolled, taken, wait=False)
    enrolled.kill_runner("before enable(new)")

    enrolled.resume()

    decided = enrolled.service.store.passes.decisions(str(asked["passId"]))
    assert [d.reason for d in decided] == ["Upgraded", "Upgraded"]
    assert len(enrolled.history()) == 4


def test_extensions_that_share_a_version_move_in_the_one_operation_of_the_plan(desk: Desk) -> None:
    desk.publish("Agent", "1.0", several=True)
    for name in ("one", "two"):
        desk.create(name, enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1", several=True)
    taken = plan(desk)

    done = run(desk, taken)

    assert [move["extensions"] for move in taken["moves"]] == [["one", "two"], ["two", "one"]]
    assert [d["reason"] for d in values(done)] == ["Upgraded", "Upgraded"]
    assert len([one for one in desk.history() if one["operation"] == "ChangeVersion"]) == 1


@pytest.mark.parametrize(
    "tamper",
    [
        lambda plan: plan["moves"].pop(),
        lambda plan: plan["moves"][0].update(sha256="0" * 64),
        lambda plan: plan["moves"][0].update(healthWindowSeconds=0),
        lambda plan: plan.update(extension="agent"),
        lambda plan: plan.update(digest="0" * 64),
        lambda plan: plan.pop("digest"),
        lambda plan: plan.update(moves=None),
        lambda plan: plan.update(machineId="another machine"),
    ],
)
def test_a_plan_that_was_changed_is_refused(enrolled: Desk, tamper: Callable[[Any], object]) -> None:
    taken = plan(enrolled)
    tamper(taken)
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        run(enrolled, taken)

    refused(error, "InvalidPlan")
    assert enrolled.state() == before


def test_a_plan_of_another_machine_or_of_other_extensions_is_refused(enrolled: Desk) -> None:
    enrolled.service.machine_connect(
        resource_group=RG, name="m2", simulated=True, os_type="Linux", follow=enrolled.heard
    )
    other = enrolled.service.upgrade_plan(resource_group=RG, machine="m2")
    for taken, name in ((other, None), (plan(enrolled), "agent")):
        with pytest.raises(ConnectedMachineError) as error:
            run(enrolled, taken, name=name)
        refused(error, "InvalidPlan")
