"""Several extensions of one handler: when they are let in, and what the user is told."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import ConflictError, ConnectedMachineError
from service.support import SAMPLE, Desk, at, refused, values


@pytest.fixture
def several(desk: Desk) -> Desk:
    desk.publish("Agent", "1.0", several=True)
    desk.create("a", enableAutomaticUpgrade=True)
    desk.heard.warnings.clear()
    return desk


def body(**properties: object) -> dict[str, object]:
    return {"properties": {"publisher": SAMPLE, "type": "Agent", **properties}}


def test_a_second_one_is_let_in_when_what_is_installed_says_so(several: Desk) -> None:
    several.create("b")
    assert several.version("b") == "1.0.0.0"
    assert several.heard.warnings == []


def test_a_second_one_is_let_in_before_the_first_is_installed_when_the_image_says_so(desk: Desk) -> None:
    desk.publish("Agent", "1.0", several=True)
    desk.service.runs = False
    desk.put("a", body(), wait=False)
    desk.put("b", body(), wait=False)
    desk.resume()
    assert (desk.version("a"), desk.version("b")) == ("1.0.0.0", "1.0.0.0")
    assert [o["operation"] for o in desk.history()] == ["Install", "Install"]


@pytest.mark.parametrize("installed", [False, True])
def test_a_second_one_is_refused_when_the_handler_serves_one(desk: Desk, installed: bool) -> None:
    desk.publish("Agent", "1.0")
    desk.service.runs = installed
    desk.put("a", body(), wait=False)
    with pytest.raises(ConflictError) as caught:
        desk.put("b", body(), wait=False)
    assert "'a'" in refused(caught, "HCRP409").message


def test_a_second_one_is_refused_while_nothing_says_what_the_handler_serves(desk: Desk) -> None:
    handler = {"publisher": "Microsoft.Azure.Monitoring.DependencyAgent", "type": "DependencyAgentLinux"}
    desk.put("a", {"properties": handler})
    with pytest.raises(ConflictError) as caught:
        desk.put("b", {"properties": handler})
    refused(caught, "HCRP409")


def test_asking_whether_a_second_one_would_be_let_in_changes_nothing(desk: Desk) -> None:
    desk.publish("Agent", "1.0", several=True)
    desk.service.runs = False
    desk.put("a", body(), wait=False)
    before = desk.state()
    assert desk.preview("put", "b", body()) == "install Contoso.Sample.Agent 1.0.0.0"
    assert desk.state() == before


def test_a_preview_says_whom_a_change_takes_along(several: Desk) -> None:
    several.create("b")
    several.publish("Agent", "1.1", several=True)
    changed = "change Contoso.Sample.Agent from 1.0.0.0 to 1.1.0.0, take a along"
    assert several.preview("patch", "b", {"properties": {"typeHandlerVersion": "1.1"}}) == changed
    assert several.preview("put", "c", body()) == (
        "enable it on Contoso.Sample.Agent 1.0.0.0, which is installed"
    )
    assert several.preview("put", "c", body(typeHandlerVersion="1.1")) == (
        "change Contoso.Sample.Agent to 1.1.0.0 and enable it there, take a, b along"
    )
    assert several.preview("remove", "b") == (
        "disable and remove it alone; Contoso.Sample.Agent 1.0.0.0 stays for 'a'"
    )


def test_a_change_of_one_warns_of_the_others(several: Desk) -> None:
    several.create("b")
    several.create("c")
    several.publish("Agent", "1.1", several=True)
    several.patch("b", typeHandlerVersion="1.1")
    assert several.heard.warnings == ["'a', 'c' of the same handler move to 1.1.0.0 along with 'b'."]
    assert {several.version(name) for name in "abc"} == {"1.1.0.0"}


def test_the_history_of_each_shows_what_was_done_for_all(several: Desk) -> None:
    several.create("b")
    several.publish("Agent", "1.1", several=True)
    several.patch("b", typeHandlerVersion="1.1")
    assert [o["operation"] for o in several.history("a")] == ["ChangeVersion", "Install"]
    assert [o["operation"] for o in several.history("b")] == ["ChangeVersion", "Install"]
    assert (several.history("a")[0]["name"], several.history("a")[0]["extensions"]) == ("b", ["b", "a"])
    steps = values({"value": several.history("a")[0]["steps"]})
    assert [s["name"] for s in steps if str(s["name"]).startswith("enable")] == [
        "enable(new, b)",
        "enable(new, a)",
    ]


def test_an_upgrade_by_handler_moves_and_answers_all_of_it(several: Desk) -> None:
    several.create("b")
    several.publish("Agent", "1.1", several=True)
    moved = values(several.upgrade({"Contoso.Sample.Agent": {"targetVersion": "1.1"}}))
    assert [(m["name"], at(m, "properties.typeHandlerVersion")) for m in moved] == [
        ("a", "1.1.0.0"),
        ("b", "1.1.0.0"),
    ]


def test_a_newcomer_waits_until_a_change_of_the_version_is_done(several: Desk) -> None:
    several.publish("Agent", "1.1", several=True)
    several.service.runs = False
    several.patch_body("a", {"properties": {"typeHandlerVersion": "1.1"}}, wait=False)
    with pytest.raises(ConnectedMachineError) as caught:
        several.put("b", body(), wait=False)
    refused(caught, "HCRP409")
    several.service.runs = True
    several.resume()
    several.create("b")
    assert several.version("b") == "1.1.0.0"


@pytest.mark.parametrize("flag", ["NotEnrolled", "Held"])
def test_all_stay_when_one_of_them_may_not_move_by_itself(several: Desk, flag: str) -> None:
    several.create("b", enableAutomaticUpgrade=flag == "Held")
    if flag == "Held":
        several.service.hold_add(resource_group="rg", machine="m1", name="b", follow=several.heard)
    several.publish("Agent", "1.1", several=True)
    decisions = several.run_pass()
    assert {name: d["reason"] for name, d in decisions.items()} == {"a": flag, "b": flag}
    assert "'b'" in str(decisions["a"]["message"])


def test_all_move_when_each_of_them_may(several: Desk) -> None:
    several.create("b", enableAutomaticUpgrade=True)
    several.publish("Agent", "1.1", several=True)
    decisions = several.run_pass()
    assert {name: d["reason"] for name, d in decisions.items()} == {"a": "Upgraded", "b": "Upgraded"}
    assert decisions["a"]["operationId"] == decisions["b"]["operationId"]


def test_a_pass_over_one_decides_about_that_one(several: Desk) -> None:
    several.create("b", enableAutomaticUpgrade=True)
    several.publish("Agent", "1.1", several=True)
    assert set(several.run_pass("b")) == {"b"}
    assert several.version("a") == "1.1.0.0"
