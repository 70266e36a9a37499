"""Bodies of requests: what is unknown or of another type is refused by name (section 9)."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import SAMPLE, Desk, refused

GOOD = f'"publisher": "{SAMPLE}", "type": "Agent"'


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    desk.publish("Agent", "1.0")
    return desk


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ('{"kind": "x", "properties": {%s}}', "kind"),
        ('{"identity": {}, "properties": {%s}}', "identity"),
        ('{"publisher": "x", "properties": {%s}}', "publisher"),
        ('{"properties": {%s, "enableAutomaticUpgrades": true}}', "properties.enableAutomaticUpgrades"),
        ('{"properties": {%s, "settingsText": "{}"}}', "properties.settingsText"),
        ('{"properties": {%s, "suppressFailures": true}}', "properties.suppressFailures"),
    ],
)
def test_an_unknown_member_is_refused_by_name(stocked: Desk, body: str, target: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.put("agent", body % GOOD)

    found = refused(error, "InvalidRequestContent")
    assert found.target == target
    assert target in found.message


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ('{"location": 1, "properties": {%s}}', "location"),
        ('{"tags": ["a"], "properties": {%s}}', "tags"),
        ('{"tags": {"a": 1}, "properties": {%s}}', "tags.a"),
        ('{"properties": {%s, "typeHandlerVersion": 9.5}}', "properties.typeHandlerVersion"),
        ('{"properties": {%s, "enableAutomaticUpgrade": "true"}}', "properties.enableAutomaticUpgrade"),
        ('{"properties": {%s, "enableAutomaticUpgrade": 1}}', "properties.enableAutomaticUpgrade"),
        ('{"properties": {%s, "autoUpgradeMinorVersion": "True"}}', "properties.autoUpgradeMinorVersion"),
        ('{"properties": {%s, "forceUpdateTag": 7}}', "properties.forceUpdateTag"),
        ('{"properties": {%s, "settings": "{}"}}', "properties.settings"),
        ('{"properties": {%s, "settings": []}}', "properties.settings"),
        ('{"properties": {%s, "protectedSettings": 1}}', "properties.protectedSettings"),
        ('{"properties": {"publisher": [], "type": "Agent"}}', "properties.publisher"),
        ('{"properties": null}', "properties"),
        ('{"properties": []}', "properties"),
        ('{"properties": "x"}', "properties"),
    ],
)
def test_a_member_of_another_type_is_refused_by_name(stocked: Desk, body: str, target: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.put("agent", body.replace("%s", GOOD))

    found = refused(error, "InvalidRequestContent")
    assert found.target == target
    assert target in found.message


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "7",
        "{",
        '{"properties": {}',
        '{"properties": {}} {}',
        '{"properties": {}, "properties": {}}',
        '{"properties": {"settings": {"a": NaN}}}',
        '{"properties": {"settings": {"a": Infinity}}}',
        '{"location": "\ud800"}',
        "[" * 100_000,
        '{"properties": {"settings": ' + '{"a":' * 100_000,
    ],
)
def test_what_is_not_one_json_object_is_refused(stocked: Desk, body: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.put("agent", body)

    refused(error, "InvalidRequestContent")


@pytest.mark.parametrize(
    ("name", "type_", "publisher"),
    [
        ("", "Agent", SAMPLE),
        ("a/b", "Agent", SAMPLE),
        ("..", "Agent", SAMPLE),
        ("a" * 129, "Agent", SAMPLE),
        ("agent", "../Agent", SAMPLE),
        ("agent", "Agent", "Contoso/Sample"),
        ("agent", "Agent.", SAMPLE),
    ],
)
def test_a_name_that_cannot_be_one_is_refused(stocked: Desk, name: str, type_: str, publisher: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.put(name, {"properties": {"publisher": publisher, "type": type_}})

    refused(error, "InvalidName")


@pytest.mark.parametrize(("member", "value"), [("publisher", "Contoso.Other"), ("type", "Clock")])
def test_another_handler_for_an_extension_that_exists_is_refused(
    stocked: Desk, member: str, value: str
) -> None:
    stocked.create()

    with pytest.raises(ConnectedMachineError) as error:
        stocked.patch(**{member: value})

    assert refused(error, "PropertyChangeNotAllowed").target == member


def test_the_same_handler_in_other_letters_is_the_same(stocked: Desk) -> None:
    stocked.create()

    stocked.put("AGENT", {"properties": {"publisher": SAMPLE.lower(), "type": "AGENT"}})

    assert len(stocked.history()) == 1


def test_a_creation_without_publisher_is_refused(stocked: Desk) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.put("agent", {"properties": {"type": "Agent"}})

    assert refused(error, "InvalidRequestContent").target == "publisher"
