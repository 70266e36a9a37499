"""Versions, types and publishers, with a subscription in the path and without (REST reference, section 2)."""

from __future__ import annotations

import pytest

from rest_arm.support import LOCATION, PROVIDER, Arm, refused
from service.support import Desk, at

PUBLISHERS = f"{LOCATION}/publishers"
TYPES = f"{PUBLISHERS}/Contoso.Sample/extensionTypes"
VERSIONS = f"{TYPES}/Agent/versions"
V1 = f"{PROVIDER}/locations/westeurope/publishers/Contoso.Sample/extensionTypes/Agent/versions"


@pytest.fixture(autouse=True)
def _published(desk: Desk) -> None:
    desk.publish("Agent", "1.2", "1.10")
    desk.publish("Agent", "1.10", os="windows")
    desk.publish("Agent", "1.9")
    desk.withdraw("Agent", "1.9")


def test_versions_come_newest_first_without_withdrawn_ones(arm: Arm) -> None:
    assert [at(item, "properties.version") for item in arm.values(VERSIONS)] == ["1.10.0.0", "1.2.0.0"]


def test_names_come_back_in_lower_case(arm: Arm) -> None:
    [newest, _] = arm.values(VERSIONS)

    assert newest["id"] == (f"{LOCATION}/publishers/contoso.sample/extensionTypes/agent/versions/1.10.0.0")
    assert newest["properties"] == {
        "publisher": "contoso.sample",
        "extensionType": "agent",
        "version": "1.10.0.0",
        "operatingSystem": "Linux, Windows",
        "architecture": ["any"],
        "extensionUris": [],
    }


def test_one_version_is_found_by_any_spelling(arm: Arm) -> None:
    assert at(arm.get(f"{VERSIONS}/1.2"), "properties.version") == "1.2.0.0"


def test_the_older_paths_answer_the_older_form(arm: Arm) -> None:
    [newest, _] = arm.values(V1)
    one = arm.get(f"{V1}/1.10")

    assert one == newest
    assert str(one["id"]).startswith(f"{PROVIDER}/locations/westeurope/publishers/contoso.sample/")
    assert one["properties"] == {
        "version": "1.10.0.0",
        "extensionType": "agent",
        "publisher": "contoso.sample",
    }


def test_publishers_and_types_are_those_of_catalogue_and_galleries(arm: Arm) -> None:
    publishers = [item["name"] for item in arm.values(PUBLISHERS)]

    assert publishers == sorted(str(name) for name in publishers)
    assert {"contoso.sample", "microsoft.azure.monitor"} <= set(publishers)
    assert arm.values(TYPES) == [{"id": f"{PUBLISHERS}/contoso.sample/extensionTypes/agent", "name": "agent"}]


def test_a_type_of_the_catalogue_without_an_image_has_no_versions(arm: Arm) -> None:
    path = f"{PUBLISHERS}/Microsoft.Azure.Monitor/extensionTypes/AzureMonitorLinuxAgent/versions"

    assert arm.values(path) == []


def test_what_nobody_knows_is_not_found(arm: Arm) -> None:
    for path in (
        f"{VERSIONS}/7",
        f"{VERSIONS}/1.9",
        f"{TYPES}/Nothing/versions",
        f"{PUBLISHERS}/Nobody/extensionTypes",
        f"{V1}/7",
    ):
        refused(arm.ask("GET", path), 404, "ResourceNotFound")
