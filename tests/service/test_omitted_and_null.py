"""PUT and PATCH over an existing extension: what is omitted stays, an explicit null clears (section 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.service.views import Json
from connectedmachine.store.secrets import Secrets
from service.support import RG, SAMPLE, Desk, at, refused

FULL: dict[str, object] = {
    "location": "westus",
    "tags": {"owner": "ops"},
    "properties": {
        "publisher": SAMPLE,
        "type": "Agent",
        "typeHandlerVersion": "1.0",
        "autoUpgradeMinorVersion": True,
        "enableAutomaticUpgrade": True,
        "forceUpdateTag": "one",
        "settings": {"a": 1},
        "protectedSettings": {"key": "s3cret"},
    },
}
Write = Callable[[Desk, dict[str, object]], Json]


def _put(desk: Desk, body: dict[str, object]) -> Json:
    return desk.put("agent", body)


def _patch(desk: Desk, body: dict[str, object]) -> Json:
    return desk.patch_body("agent", body)


BOTH = pytest.mark.parametrize("write", [_put, _patch], ids=["put", "patch"])


@pytest.fixture
def made(desk: Desk) -> Desk:
    """A machine with an extension that has everything set, at the newest version of its major."""
    desk.publish("Agent", "1.0")
    desk.put("agent", FULL)
    return desk


def secret(desk: Desk, name: str = "agent") -> str | None:
    """The protected settings, read back as only the agent can."""
    store = desk.service.store
    machine = desk.service.machine(None, RG, desk.machine)
    extension = store.extensions.find(machine.id, name)
    assert extension is not None
    sealed = extension.settings.protected
    return None if sealed is None else Secrets(store.home).decrypt(sealed, f"{machine.id}/{extension.name}")


@BOTH
def test_a_body_that_gives_nothing_changes_nothing(made: Desk, write: Write) -> None:
    before = made.get()

    assert write(made, {}) == before
    assert write(made, {"properties": {}}) == before
    assert secret(made) == '{"key": "s3cret"}'
    assert len(made.history()) == 1


@BOTH
@pytest.mark.parametrize(
    ("member", "shown"),
    [
        ("enableAutomaticUpgrade", False),
        ("autoUpgradeMinorVersion", False),
        ("forceUpdateTag", None),
        ("settings", None),
    ],
)
def test_null_clears_a_property_and_no_other(made: Desk, write: Write, member: str, shown: object) -> None:
    before = at(made.get(), "properties")
    assert isinstance(before, dict)

    after = at(write(made, {"properties": {member: None}}), "properties")

    assert isinstance(after, dict)
    name = "settingsText" if member == "settings" else member
    assert after.get(name) == shown
    others = before.keys() - {name, "instanceView"}  # new settings are applied, which has its own time
    assert {key: after[key] for key in others} == {key: before[key] for key in others}
    assert secret(made) == '{"key": "s3cret"}'


@BOTH
def test_null_clears_protected_settings_and_keeps_the_public_ones(made: Desk, write: Write) -> None:
    after = write(made, {"properties": {"protectedSettings": None}})

    assert secret(made) is None
    assert at(after, "properties.settingsText") == '{"a": 1}'


@BOTH
def test_new_settings_replace_the_old_and_keep_the_protected_ones(made: Desk, write: Write) -> None:
    after = write(made, {"properties": {"settings": {"b": 2}}})

    assert at(after, "properties.settingsText") == '{"b": 2}'
    assert secret(made) == '{"key": "s3cret"}'


@BOTH
def test_null_clears_tags_and_omitting_them_keeps_them(made: Desk, write: Write) -> None:
    assert write(made, {"properties": {"settings": {"b": 2}}})["tags"] == {"owner": "ops"}
    assert write(made, {"tags": {"owner": "dev"}})["tags"] == {"owner": "dev"}
    assert "tags" not in write(made, {"tags": None})


@BOTH
def test_null_clears_the_requested_version_so_the_newest_is_meant(made: Desk, write: Write) -> None:
    made.publish("Agent", "1.5", "2.0")

    after = write(made, {"properties": {"typeHandlerVersion": None, "autoUpgradeMinorVersion": False}})

    assert at(after, "properties.typeHandlerVersion") == "2.0.0.0"


@BOTH
def test_false_is_a_value_and_not_an_omission(made: Desk, write: Write) -> None:
    after = write(made, {"properties": {"enableAutomaticUpgrade": False, "autoUpgradeMinorVersion": False}})

    assert at(after, "properties.enableAutomaticUpgrade") is False
    assert at(after, "properties.autoUpgradeMinorVersion") is False


@pytest.mark.parametrize(("preset", "enrolled"), [("arc-2021", False), ("arc-2025", True)])
def test_the_preset_decides_about_enrolment_at_creation(desk: Desk, preset: str, enrolled: bool) -> None:
    desk.service.policy_set(resource_group=RG, machine="m1", preset=preset, follow=desk.heard)
    desk.publish("Agent", "1.0")

    made = desk.create()

    assert at(made, "properties.enableAutomaticUpgrade") is enrolled
    assert at(made, "properties.autoUpgradeMinorVersion") is False


def test_the_preset_says_nothing_about_an_extension_that_exists(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()
    desk.service.policy_set(resource_group=RG, machine="m1", preset="arc-2025", follow=desk.heard)

    assert at(desk.create(), "properties.enableAutomaticUpgrade") is False


def test_what_is_given_at_creation_beats_the_preset(desk: Desk) -> None:
    desk.service.policy_set(resource_group=RG, machine="m1", preset="arc-2025", follow=desk.heard)
    desk.publish("Agent", "1.0")

    assert at(desk.create(enableAutomaticUpgrade=False), "properties.enableAutomaticUpgrade") is False


def test_a_patch_never_creates(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        desk.patch("agent", publisher=SAMPLE, type="Agent")

    assert refused(error, "HCRP404").target == "agent"
    assert desk.state() == before


def test_a_new_version_keeps_the_settings(made: Desk) -> None:
    made.publish("Agent", "1.1")
    made.patch(typeHandlerVersion="1.1")

    assert made.version() == "1.1.0.0"
    assert at(made.get(), "properties.settingsText") == '{"a": 1}'
    assert secret(made) == '{"key": "s3cret"}'


def test_what_a_client_read_can_be_sent_back(made: Desk) -> None:
    """The service's own members are accepted and ignored (REST reference, section 2)."""
    read = made.get()
    properties = at(read, "properties")
    assert isinstance(properties, dict)
    sent = {**read, "systemData": {"createdBy": "x"}, "resourceGroup": "elsewhere"}
    sent["properties"] = {
        **{key: value for key, value in properties.items() if key != "settingsText"},
        "settings": {"a": 1},
        "provisioningState": "Failed",
        "instanceView": {"status": {"level": "Error"}},
    }

    # The installed version is now the requested one, in four numbers: a wish of its own, at its own time.
    assert {**made.put("agent", sent), "systemData": read["systemData"]} == read
    assert secret(made) == '{"key": "s3cret"}'
    assert len(made.history()) == 1


@BOTH
def test_the_same_again_changes_nothing_that_is_stored(made: Desk, write: Write) -> None:
    """Not the settings' number, and no time either."""
    before = made.get("agent")
    assert write(made, FULL) == before


@BOTH
def test_the_same_again_while_there_is_no_image_renews_no_time(desk: Desk, write: Write) -> None:
    wish: dict[str, object] = {
        "properties": {
            "publisher": "Microsoft.Azure.Monitoring.DependencyAgent",
            "type": "DependencyAgentLinux",
        }
    }
    before = desk.put("agent", wish)
    assert write(desk, wish) == before
