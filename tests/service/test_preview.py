"""``extension_preview``: what a request would do, in words; it does nothing and makes nothing."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import SAMPLE, Desk, refused

HANDLER = {"publisher": SAMPLE, "type": "Agent"}


def test_of_an_installation(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    before = desk.state()
    properties = {**HANDLER, "enableAutomaticUpgrade": True, "protectedSettings": {"a": 1}}

    said = desk.preview("put", body={"properties": properties})

    assert said == "install Contoso.Sample.Agent 1.0.0.0, enable automatic upgrade"
    assert desk.state() == before, "not even the key that encrypts protected settings"
    assert desk.heard.warnings == []


def test_of_a_wish_without_an_image(windows: Desk) -> None:
    said = windows.preview("put", body={"properties": {"publisher": "Microsoft.Azure.KeyVault"}})

    assert said == "install Microsoft.Azure.KeyVault.KeyVaultForWindows when a version is published"


@pytest.mark.parametrize("verb", ["put", "patch"])
@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"typeHandlerVersion": "1.1"}, "change Contoso.Sample.Agent from 1.0.0.0 to 1.1.0.0"),
        ({"enableAutomaticUpgrade": True}, "enable automatic upgrade"),
        ({"settings": {"a": 1}}, "apply new settings"),
        ({"forceUpdateTag": "x"}, "apply new settings"),
        (
            {"typeHandlerVersion": "1.1", "enableAutomaticUpgrade": True, "settings": {"a": 1}},
            "change Contoso.Sample.Agent from 1.0.0.0 to 1.1.0.0,"
            " enable automatic upgrade, apply new settings",
        ),
        ({"typeHandlerVersion": "1.0"}, "change nothing on the machine"),
        ({}, "change nothing on the machine"),
    ],
)
def test_of_a_change(desk: Desk, verb: str, properties: dict[str, object], words: str) -> None:
    desk.publish("Agent", "1.0", "1.1")
    desk.create(typeHandlerVersion="1.0")
    before = desk.state()

    assert desk.preview(verb, body={"properties": properties}) == words
    assert desk.state() == before


def test_of_an_opt_out(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)

    said = desk.preview("patch", body={"properties": {"enableAutomaticUpgrade": False}})

    assert said == "disable automatic upgrade"


def test_of_a_removal(desk: Desk, windows: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()
    windows.put("kv", {"properties": {"publisher": "Microsoft.Azure.KeyVault"}})

    assert desk.preview("remove") == "remove 1.0.0.0"
    assert windows.preview("remove", "kv") == "remove (nothing is installed)"


@pytest.mark.parametrize(
    ("verb", "body", "code"),
    [
        ("patch", {}, "HCRP404"),
        ("remove", {}, "HCRP404"),
        ("put", {}, "InvalidRequestContent"),
        ("put", {"properties": {**HANDLER, "typeHandlerVersion": "7"}}, "ResourceNotFound"),
        ("put", {"properties": {**HANDLER, "colour": "red"}}, "InvalidRequestContent"),
    ],
)
def test_what_would_be_refused_is_refused(desk: Desk, verb: str, body: dict[str, object], code: str) -> None:
    desk.publish("Agent", "1.0")

    with pytest.raises(ConnectedMachineError) as error:
        desk.preview(verb, body=body)

    refused(error, code)
