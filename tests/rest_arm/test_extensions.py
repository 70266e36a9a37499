"""Extension resources: what a body means, and that a client may send back what it got."""

from __future__ import annotations

import json

import pytest

from rest_arm.support import AGENT, MACHINE, Arm, refused
from service.support import SAMPLE, Desk, at

EXTENSIONS = f"{MACHINE}/extensions"


@pytest.fixture
def agent(desk: Desk) -> Desk:
    """One extension with settings of both sorts."""
    desk.publish("Agent", "1.0", "1.1")
    desk.create(
        typeHandlerVersion="1.0",
        settings={"port": 8080},
        protectedSettings={"key": "s3cret"},
        forceUpdateTag="a",
    )
    return desk


@pytest.mark.usefixtures("agent")
def test_an_extension_is_not_flattened_and_shows_no_protected_settings(arm: Arm) -> None:
    found = arm.get(AGENT)

    assert (found["name"], found["type"]) == ("agent", "Microsoft.HybridCompute/machines/extensions")
    assert found["id"] == AGENT
    assert at(found, "properties.settings") == {"port": 8080}
    assert at(found, "properties.instanceView.name") == "agent"
    assert "s3cret" not in json.dumps(found)
    assert "protectedSettings" not in json.dumps(found)
    assert "settingsText" not in json.dumps(found)


@pytest.mark.usefixtures("agent")
def test_names_are_found_in_any_case_and_shown_as_they_were_made(arm: Arm) -> None:
    assert arm.get(AGENT.upper().replace("/SUBSCRIPTIONS/", "/Subscriptions/"))["id"] == AGENT


@pytest.mark.usefixtures("agent")
def test_settings_come_back_digit_by_digit(arm: Arm) -> None:
    text = '{"n": 1.10, "big": 12345678901234567890.123456789012345, "text": "\\u00e4\\ud83d\\ude00"}'
    arm.done(arm.ask("PATCH", AGENT, f'{{"properties": {{"settings": {text}}}}}'))

    assert f'"settings": {text}' in arm.ask("GET", AGENT).text
    assert f'"settings": {text}' in arm.ask("GET", EXTENSIONS).text


def test_what_a_client_got_it_may_put_back_and_nothing_is_lost_or_moved(arm: Arm, agent: Desk) -> None:
    before, sealed = arm.get(AGENT), agent.state()["settings"]

    arm.done(arm.ask("PUT", AGENT, before))

    # The installed version is now the requested one: a wish of its own, at its own time.
    assert {**arm.get(AGENT), "systemData": before["systemData"]} == before
    assert agent.state()["settings"] == sealed, "the protected settings are there still"
    assert len(agent.history()) == 1


def test_a_put_keeps_what_it_leaves_out_and_null_clears(arm: Arm, agent: Desk) -> None:
    arm.done(arm.ask("PUT", AGENT, {"location": "westeurope", "properties": {}, "tags": {"a": "b"}}))
    kept = arm.get(AGENT)
    arm.done(arm.ask("PUT", AGENT, {"properties": {"settings": None}}))
    cleared = arm.get(AGENT)

    assert at(kept, "properties.settings") == {"port": 8080}
    assert kept["tags"] == {"a": "b"}
    assert "settings" not in json.dumps(cleared)
    assert agent.version() == "1.0.0.0"


@pytest.mark.usefixtures("agent")
def test_a_view_of_the_service_in_a_body_is_passed_over(arm: Arm) -> None:
    view = {"name": "x", "type": "y", "status": {"code": "0", "level": "Error", "message": "no"}}

    arm.done(arm.ask("PATCH", AGENT, {"properties": {"instanceView": view, "provisioningState": "Failed"}}))

    assert at(arm.get(AGENT), "properties.provisioningState") == "Succeeded"


def test_omitted_automatic_upgrade_is_what_the_preset_says(arm: Arm, desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("Other", "1.0")
    wanted = {"properties": {"publisher": SAMPLE, "type": "Agent"}}
    arm.done(arm.ask("PUT", AGENT, wanted))
    desk.service.policy_set(resource_group="rg", machine="m1", preset="arc-2025", follow=desk.heard)
    wanted = {"properties": {"publisher": SAMPLE, "type": "Other"}}
    arm.done(arm.ask("PUT", f"{EXTENSIONS}/other", wanted))

    assert at(arm.get(AGENT), "properties.enableAutomaticUpgrade") is False
    assert at(arm.get(f"{EXTENSIONS}/other"), "properties.enableAutomaticUpgrade") is True


def test_the_documentations_own_request_is_taken_and_its_answer_says_how(arm: Arm, desk: Desk) -> None:
    publisher = "Microsoft.Azure.Monitoring.DependencyAgent"
    desk.publish("DependencyAgentLinux", "9.5", publisher=publisher)
    body = {
        "name": "extensionName",
        "type": "Microsoft.Compute/HybridMachines/extensions",
        "location": "<location>",
        "properties": {
            "autoUpgradeMinorVersion": True,
            "enableAutomaticUpgrade": True,
            "publisher": publisher,
            "type": "DependencyAgentLinux",
            "typeHandlerVersion": "9.5",
        },
    }

    answer = arm.ask("PUT", AGENT, body, version="2019-12-01")

    assert answer.status_code == 202
    assert "never published" in answer.headers["x-ms-azcmlite-note"]
    assert at(arm.get(AGENT), "properties.enableAutomaticUpgrade") is True


def test_a_list_comes_in_pages_that_follow_each_other(
    arm: Arm, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectedmachine.frontends.rest.views.PAGE", 2)
    for number in range(5):
        desk.publish(f"Type{number}", "1.0")
        desk.create(f"e{number}", f"Type{number}")

    names, link = [], f"http://testserver{EXTENSIONS}?api-version=2024-07-10&$expand=instanceView"
    pages = 0
    while link:
        found = arm.client.get(link).json()
        names += [item["name"] for item in found["value"]]
        link = found.get("nextLink", "")
        assert link == "" or link.startswith(f"http://testserver{EXTENSIONS}?")
        pages += 1

    assert (names, pages) == (["e0", "e1", "e2", "e3", "e4"], 3)


@pytest.mark.usefixtures("desk")
def test_a_skip_token_that_was_never_given_out_is_refused(arm: Arm) -> None:
    refused(arm.ask("GET", f"{EXTENSIONS}?$skiptoken=***"), 400, "InvalidSkipToken")


# Refusals.


WRONG_BODIES = {
    '{"properties": {"nmae": 1}}': "properties.nmae",
    '{"properties": {"enableAutomaticUpgrade": "yes"}}': "properties.enableAutomaticUpgrade",
    '{"properties": {"settings": "text"}}': "properties.settings",
    '{"properties": {"settings": {}, "settings": {}}}': "body",
    "[]": "body",
    "{": "body",
    "": "body",
    "null": "body",
    '{"properties": {"settings": {"a": NaN}}}': "body",
    "[" * 100_000: "body",
}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_body_that_is_wrong_is_refused_by_name_and_changes_nothing(
    arm: Arm, agent: Desk, method: str
) -> None:
    before = agent.state()

    for body, target in WRONG_BODIES.items():
        error = refused(arm.ask(method, AGENT, body), 400, "InvalidRequestContent")
        assert error["target"] == target, body

    assert agent.state() == before


@pytest.mark.usefixtures("agent")
def test_a_body_that_is_not_utf_8_is_refused(arm: Arm) -> None:
    refused(arm.ask("PUT", AGENT, b'{"location": "\xff"}'), 400, "InvalidRequestContent")


@pytest.mark.usefixtures("agent")
def test_a_body_that_is_not_json_by_its_type_is_refused(arm: Arm) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    refused(arm.ask("PUT", AGENT, "{}", headers=headers), 400, "UnsupportedMediaType")


@pytest.mark.usefixtures("agent")
def test_a_condition_is_refused_rather_than_passed_over(arm: Arm) -> None:
    refused(arm.ask("PUT", AGENT, "{}", headers={"If-Match": '"1"'}), 400, "ConditionNotSupported")


@pytest.mark.usefixtures("agent")
def test_a_hint_goes_along_with_a_refusal(arm: Arm) -> None:
    wanted = {"properties": {"typeHandlerVersion": "7"}}

    error = refused(arm.ask("PATCH", AGENT, wanted), 404, "ResourceNotFound")

    assert error["additionalInfo"] == [{"type": "Hint", "info": {"hint": "There are: 1.1.0.0, 1.0.0.0."}}]


WRONG_UPGRADES: list[tuple[dict[str, object], int, str, str]] = [
    ({"extensionTargets": {f"{SAMPLE}.Nothing": {}}}, 404, "HCRP404", f"{SAMPLE}.Nothing"),
    ({"extensionTargets": {SAMPLE: {}}}, 404, "HCRP404", SAMPLE),
    ({}, 400, "InvalidRequestContent", "extensionTargets"),
    ({"extensionTargets": {}, "more": 1}, 400, "InvalidRequestContent", "more"),
    ({"extensionTargets": []}, 400, "InvalidRequestContent", "extensionTargets"),
]


@pytest.mark.usefixtures("agent")
def test_an_upgrade_that_is_wrong_is_refused_by_name(arm: Arm) -> None:
    for body, status, code, target in WRONG_UPGRADES:
        error = refused(arm.ask("POST", f"{MACHINE}/upgradeExtensions", body), status, code)
        assert error["target"] == target


@pytest.mark.usefixtures("desk")
def test_an_added_extension_needs_publisher_and_type(arm: Arm) -> None:
    body = {"extensions": [{"publisher": SAMPLE}]}

    error = refused(arm.ask("POST", f"{MACHINE}/addExtensions", body), 400, "InvalidRequestContent")

    assert error["target"] == "extensions.0.type"


@pytest.mark.usefixtures("desk")
def test_extensions_of_a_machine_that_is_not_there_are_not_found(arm: Arm) -> None:
    for method in ("GET", "DELETE"):
        refused(arm.ask(method, AGENT.replace("/m1/", "/m9/")), 404, "ResourceNotFound")
