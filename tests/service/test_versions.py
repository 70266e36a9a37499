"""Which version a request means, and when it moves an extension (section 4)."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import RG, SAMPLE, Desk, at, refused

DEFAULT = ("1.0.0.5", "1.1.0.0", "1.1.2.0", "1.2.0.0", "1.10.0.0", "2.0.0.0", "3.0.0.0-beta1")


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    """A machine whose gallery has ``DEFAULT``."""
    desk.publish("Agent", *DEFAULT)
    return desk


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (None, "2.0.0.0"),
        ("1", "1.10.0.0"),
        ("1.1", "1.1.2.0"),
        ("1.1.0", "1.1.0.0"),
        ("1.1.0.0", "1.1.0.0"),
        ("1.10", "1.10.0.0"),
        ("2.0.0.0", "2.0.0.0"),
        ("3.0.0.0-beta1", "3.0.0.0-beta1"),
        ("3.0-beta1", "3.0.0.0-beta1"),
    ],
)
def test_the_requested_parts_are_a_numeric_prefix(stocked: Desk, asked: str | None, meant: str) -> None:
    made = stocked.create(**({} if asked is None else {"typeHandlerVersion": asked}))

    assert at(made, "properties.typeHandlerVersion") == meant
    assert at(made, "properties.instanceView.typeHandlerVersion") == meant


@pytest.mark.parametrize("asked", ["1.3", "3.0", "0.9", "1.1.0.1", "2.0.0.0-beta1"])
def test_a_version_that_nobody_published_is_refused(stocked: Desk, asked: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.create(typeHandlerVersion=asked)

    assert "2.0.0.0" in refused(error, "ResourceNotFound").hint


@pytest.mark.parametrize("asked", ["9.5.x", "1.2.3.4.5", "-1", "newest", "1..2"])
def test_what_is_no_version_is_refused(stocked: Desk, asked: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.create(typeHandlerVersion=asked)

    refused(error, "InvalidVersion")


def test_a_withdrawn_version_is_passed_over(stocked: Desk) -> None:
    stocked.withdraw("Agent", "1.1.2.0")

    assert at(stocked.create(typeHandlerVersion="1.1"), "properties.typeHandlerVersion") == "1.1.0.0"


def test_a_withdrawn_version_that_is_installed_stays(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.1.2.0")
    stocked.withdraw("Agent", "1.1.2.0")

    assert at(stocked.create(typeHandlerVersion="1.1.2.0"), "properties.typeHandlerVersion") == "1.1.2.0"


def test_an_image_for_another_platform_is_passed_over(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("Agent", "1.1", os="windows")

    assert at(desk.create(), "properties.typeHandlerVersion") == "1.0.0.0"


def test_images_for_other_platforms_only_are_a_refusal(desk: Desk) -> None:
    desk.publish("Agent", "1.1", os="windows")

    with pytest.raises(ConnectedMachineError) as error:
        desk.create()

    refused(error, "PlatformMismatch")


def test_a_type_that_nobody_knows_is_refused(desk: Desk) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        desk.create()

    refused(error, "ResourceNotFound")


def test_a_type_that_only_a_gallery_knows_is_good(stocked: Desk) -> None:
    assert at(stocked.create(), "properties.publisher") == SAMPLE


def test_auto_upgrade_minor_version_widens_to_the_newest_minor_of_the_major(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.0", autoUpgradeMinorVersion=True)

    assert stocked.version() == "1.10.0.0"


def test_auto_upgrade_minor_version_widens_once(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.0", autoUpgradeMinorVersion=True)
    stocked.publish("Agent", "1.11")

    stocked.create(typeHandlerVersion="1.0", autoUpgradeMinorVersion=True)

    assert stocked.version() == "1.10.0.0"


def test_switching_auto_upgrade_minor_version_on_moves_nothing(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.0")

    stocked.patch(autoUpgradeMinorVersion=True)

    assert stocked.version() == "1.0.0.5"


def test_an_unchanged_request_never_takes_an_upgrade_back(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.1", enableAutomaticUpgrade=True)
    assert stocked.run_pass()["agent"]["reason"] == "Upgraded"

    for _ in range(3):
        stocked.create(typeHandlerVersion="1.1", enableAutomaticUpgrade=True)
        stocked.patch(typeHandlerVersion="1.1")

    assert stocked.version() == "1.10.0.0"
    assert [done["operation"] for done in stocked.history()] == ["ChangeVersion", "Install"]


def test_an_unchanged_request_does_not_follow_new_releases(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.1")
    stocked.publish("Agent", "1.1.3")

    stocked.create(typeHandlerVersion="1.1")

    assert stocked.version() == "1.1.2.0"


def test_a_changed_request_moves_up_and_across_majors(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.1")

    stocked.patch(typeHandlerVersion="2")

    assert stocked.version() == "2.0.0.0"


def test_a_changed_request_moves_down(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="2.0")

    stocked.create(typeHandlerVersion="1.0")

    assert stocked.version() == "1.0.0.5"
    assert stocked.heard.warnings == []
    assert "Downgraded" in str(stocked.history()[0]["message"])


def test_a_changed_request_that_means_the_installed_version_moves_nothing(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.1")

    stocked.patch(typeHandlerVersion="1.1.2")

    assert len(stocked.history()) == 1


def test_who_moves_an_enrolled_extension_down_is_told_that_a_pass_moves_it_on(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.10", enableAutomaticUpgrade=True)
    stocked.heard.warnings.clear()

    stocked.patch(typeHandlerVersion="1.1")

    assert stocked.version() == "1.1.2.0"
    (warning,) = stocked.heard.warnings
    assert "1.10.0.0" in warning
    assert "Add-AzConnectedMachineUpgradePin" in warning
    assert stocked.run_pass()["agent"]["toVersion"] == "1.10.0.0"


def test_enrolled_moves_within_the_installed_major_whatever_was_requested(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.0.0.5", enableAutomaticUpgrade=True)

    decision = stocked.run_pass()["agent"]

    assert (decision["reason"], decision["toVersion"]) == ("Upgraded", "1.10.0.0")
    assert stocked.run_pass()["agent"]["reason"] == "MajorOnly"


def test_not_enrolled_stays(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.0")

    assert stocked.run_pass()["agent"]["reason"] == "NotEnrolled"
    assert stocked.version() == "1.0.0.5"


def test_enrolled_of_a_publisher_that_does_not_support_it_stays(desk: Desk) -> None:
    desk.publish("Agent", "1.0", "1.1", supports=False)
    desk.create(typeHandlerVersion="1.0", enableAutomaticUpgrade=True)

    assert desk.run_pass()["agent"]["reason"] == "NotSupportedByPublisher"


def test_the_gallery_that_was_added_first_gives_the_image_of_two_equal_versions(desk: Desk) -> None:
    desk.service.gallery_add(name="second", path=str(desk.zips / "second"), follow=desk.heard)
    desk.publish("Agent", "1.0", gallery="second")
    desk.publish("Agent", "1.0", supports=False)

    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1", gallery="second")

    assert desk.run_pass()["agent"]["reason"] == "Upgraded"


def test_a_version_that_was_withdrawn_before_the_runner_came_is_no_dead_end(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.1")
    stocked.service.runs = False
    stocked.put(body={"properties": {"typeHandlerVersion": "1.2"}}, wait=False)
    stocked.withdraw("Agent", "1.2.0.0")
    stocked.service.runs = True
    stocked.run_pass()
    assert at(stocked.get(), "properties.instanceView.status.code") == "NoImage"
    assert at(stocked.get(), "properties.provisioningState") == "Succeeded"

    stocked.patch(settings={"a": 1})
    stocked.patch(typeHandlerVersion="1.10")

    assert stocked.version() == "1.10.0.0"
    assert [done["operation"] for done in stocked.history()] == ["ChangeVersion", "Configure", "Install"]


def test_a_wish_without_images_is_stated_again_when_they_are_there(windows: Desk) -> None:
    body = {"properties": {"publisher": "Microsoft.Azure.KeyVault", "type": "KeyVaultForWindows"}}
    windows.put("kv", body)
    windows.publish("KeyVaultForWindows", "3.1", publisher="Microsoft.Azure.KeyVault", os="windows")

    assert at(windows.put("kv", body), "properties.typeHandlerVersion") == "3.1.0.0"


def test_a_flag_alone_installs_nothing(windows: Desk) -> None:
    windows.put("kv", {"properties": {"publisher": "Microsoft.Azure.KeyVault"}})
    windows.publish("KeyVaultForWindows", "3.1", publisher="Microsoft.Azure.KeyVault", os="windows")

    windows.patch("kv", enableAutomaticUpgrade=True)

    assert windows.history() == []


def test_opting_out_is_accepted_when_the_requested_version_is_gone(windows: Desk) -> None:
    windows.put("kv", {"properties": {"publisher": "Microsoft.Azure.KeyVault", "typeHandlerVersion": "3.1"}})
    windows.publish("KeyVaultForWindows", "4.0", publisher="Microsoft.Azure.KeyVault", os="windows")

    after = windows.patch("kv", enableAutomaticUpgrade=False)

    assert at(after, "properties.enableAutomaticUpgrade") is False
    assert windows.service.upgrade_plan(resource_group=RG, machine="myVM")["value"][0]["reason"] == "NoImage"  # type: ignore[index]
