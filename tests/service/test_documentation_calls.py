"""The three calls of the documentation page of 2021, as the front ends hand them over."""

from __future__ import annotations

import json

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import DEPENDENCY, RG, Desk, at, refused

REST_BODY = """{    
    "name": "extensionName",
    "type": "Microsoft.Compute/HybridMachines/extensions",
    "location": "westus",
    "properties": {
        "autoUpgradeMinorVersion": true,
        "enableAutomaticUpgrade": true, 
        "publisher": "Microsoft.Azure.Monitoring.DependencyAgent",
        "type": "DependencyAgentWindows",
        "typeHandlerVersion": "9.5"
        }
}
"""  # noqa: W291 # word for word
POWERSHELL_BODY = json.dumps(
    {
        "location": "WestUS",
        "properties": {
            "publisher": DEPENDENCY,
            "type": "DependencyAgentWindows",
            "typeHandlerVersion": "9.5",
            "enableAutomaticUpgrade": True,
        },
    }
)
CLI_BODY = json.dumps(
    {"properties": {"publisher": DEPENDENCY, "typeHandlerVersion": "9.5", "enableAutomaticUpgrade": True}}
)
ALL = pytest.mark.parametrize("body", [REST_BODY, POWERSHELL_BODY, CLI_BODY], ids=["rest", "cmdlet", "cli"])


def publish(desk: Desk, *versions: str) -> None:
    desk.publish("DependencyAgentWindows", *versions, publisher=DEPENDENCY, os="windows", supports=None)


@ALL
def test_without_images_the_wish_is_stored_and_said_in_a_warning(windows: Desk, body: str) -> None:
    made = windows.put("extensionName", body)

    assert at(made, "properties.provisioningState") == "Succeeded"
    assert at(made, "properties.instanceView.status.code") == "NoImage"
    assert at(made, "properties.instanceView.status.level") == "Warning"
    assert at(made, "properties.typeHandlerVersion") == "9.5"
    assert at(made, "properties.enableAutomaticUpgrade") is True
    assert at(made, "properties.type") == "DependencyAgentWindows"
    assert any("No gallery offers" in warning for warning in windows.heard.warnings)
    assert windows.history() == []


@ALL
def test_a_pass_installs_it_when_an_image_appears(windows: Desk, body: str) -> None:
    windows.put("extensionName", body)
    assert windows.run_pass()["extensionName"]["reason"] == "NoImage"
    publish(windows, "9.5.10.2640", "10.0.0.1")

    decision = windows.run_pass()["extensionName"]

    assert (decision["reason"], decision["toVersion"]) == ("Installed", "9.5.10.2640")
    assert windows.version("extensionName") == "9.5.10.2640"
    assert at(windows.get("extensionName"), "properties.instanceView.status.level") == "Information"


@ALL
def test_with_images_the_newest_that_matches_is_installed_at_once(windows: Desk, body: str) -> None:
    publish(windows, "9.5.9.1", "9.5.10.2640", "10.0.0.1")

    made = windows.put("extensionName", body)

    assert at(made, "properties.typeHandlerVersion") == "9.5.10.2640"
    assert at(made, "properties.provisioningState") == "Succeeded"
    assert [done["operation"] for done in windows.history()] == ["Install"]


@ALL
def test_every_night_again_it_does_nothing(windows: Desk, body: str) -> None:
    publish(windows, "9.5.10.2640")
    windows.put("extensionName", body)
    publish(windows, "9.6.0.1")
    assert windows.run_pass()["extensionName"]["reason"] == "Upgraded"
    windows.heard.warnings.clear()

    again = windows.put("extensionName", body)

    assert at(again, "properties.typeHandlerVersion") == "9.6.0.1"
    assert len(windows.history()) == 2
    assert windows.heard.warnings == []


def test_the_rest_body_is_normalised_to_todays_resource(windows: Desk) -> None:
    made = windows.put("MyExtension", REST_BODY)

    assert made["name"] == "MyExtension", "the path names the extension, not the body"
    assert made["type"] == "Microsoft.HybridCompute/machines/extensions"
    assert made["location"] == "westus"
    assert str(made["id"]).endswith("/machines/myVM/extensions/MyExtension")
    assert at(made, "properties.autoUpgradeMinorVersion") is True


def test_the_rest_body_takes_the_newest_minor_once(windows: Desk) -> None:
    publish(windows, "9.5.10.2640", "9.6.0.1", "10.0.0.1")

    windows.put("extensionName", REST_BODY)

    assert windows.version("extensionName") == "9.6.0.1"


def test_a_stored_wish_takes_the_newest_minor_when_images_appear(windows: Desk) -> None:
    """``autoUpgradeMinorVersion`` means the same whether the image or the wish was there first."""
    windows.put("extensionName", REST_BODY)
    publish(windows, "9.5.10.2640", "9.6.0.1", "10.0.0.1")

    windows.run_pass()

    assert windows.version("extensionName") == "9.6.0.1"


@pytest.mark.parametrize(
    ("machine", "type_"), [("m1", "DependencyAgentLinux"), ("myVM", "DependencyAgentWindows")]
)
def test_the_missing_type_of_the_cli_words_is_the_catalogues_for_that_system(
    desk: Desk, windows: Desk, machine: str, type_: str
) -> None:
    made = desk.on(machine).put("DependencyAgentLinux", CLI_BODY)

    assert windows.machine == "myVM"
    assert at(made, "properties.type") == type_


def test_a_missing_location_is_the_machines(windows: Desk) -> None:
    assert windows.put("DependencyAgentLinux", CLI_BODY)["location"] == "WestUS"


@pytest.mark.parametrize("publisher", ["Contoso.Unknown", "Microsoft.SiteRecovery.Dra"])
def test_a_missing_type_is_asked_for_where_the_catalogue_has_not_exactly_one(
    desk: Desk, publisher: str
) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        desk.put("e", {"properties": {"publisher": publisher}})

    assert refused(error, "InvalidRequestContent").target == "type"


def test_whoever_enrols_while_nothing_runs_passes_is_told_so(windows: Desk) -> None:
    windows.put("extensionName", POWERSHELL_BODY)
    assert any("No upgrade pass has run" in warning for warning in windows.heard.warnings)

    windows.run_pass()
    windows.heard.warnings.clear()
    windows.patch("extensionName", enableAutomaticUpgrade=False)
    windows.patch("extensionName", enableAutomaticUpgrade=True)

    assert windows.heard.warnings == []


def test_what_the_catalogue_says_of_automatic_upgrade_holds_for_a_publish_that_says_nothing(
    windows: Desk,
) -> None:
    publish(windows, "9.5.1.0")

    images = windows.service.image_list(publisher=DEPENDENCY)

    assert [i["supportsAutomaticUpgrade"] for i in images["value"]] == [True]  # type: ignore[attr-defined]


def test_reads_do_not_care_about_case(windows: Desk) -> None:
    windows.put("extensionName", REST_BODY)

    found = windows.service.extension_get(resource_group=RG.upper(), machine="MYvm", name="EXTENSIONNAME")

    assert found["name"] == "extensionName"
