"""Machine resources (decision 0013)."""

from __future__ import annotations

import pytest

from rest_arm.support import GROUP, MACHINE, MACHINES, PROVIDER, Arm, refused
from service.support import Desk, at

pytestmark = pytest.mark.usefixtures("desk")
M2 = f"{MACHINES}/m2"


def test_a_machine_is_shown_as_a_tracked_resource(arm: Arm) -> None:
    found = arm.get(f"{MACHINE}?$expand=instanceView")

    assert (found["id"], found["type"]) == (MACHINE, "Microsoft.HybridCompute/machines")
    assert found["location"] == "westeurope"
    assert (found["resources"], at(found, "properties.osType")) == ([], "linux")
    assert "resourceGroup" not in found


def test_machines_are_listed_by_group_and_by_subscription(arm: Arm) -> None:
    arm.ask("PUT", M2.replace("/rg/", "/other/"), {"location": "westus"})

    assert [m["name"] for m in arm.values(MACHINES)] == ["m1"]
    assert [m["name"] for m in arm.values(f"{PROVIDER}/machines")] == ["m2", "m1"]


def test_a_put_makes_a_simulated_machine(arm: Arm) -> None:
    made = arm.ask("PUT", M2, {"location": "westus", "properties": {"osType": "Windows"}, "tags": {"a": "b"}})

    assert made.status_code == 200
    assert at(made.json(), "properties.simulated") is True
    assert (made.json()["location"], at(made.json(), "properties.osType")) == ("westus", "windows")
    assert arm.get(M2) == made.json()


def test_what_describes_a_machine_is_kept_and_null_clears_it(arm: Arm) -> None:
    described = {
        "identity": {"type": "SystemAssigned"},
        "kind": "VMware",
        "properties": {"locationData": {"name": "Redmond"}, "parentClusterResourceId": "/x"},
    }
    arm.ask("PATCH", MACHINE, described)
    arm.ask("PATCH", MACHINE, {"properties": {"parentClusterResourceId": None}})

    found = arm.get(MACHINE)

    assert (found["identity"], found["kind"]) == ({"type": "SystemAssigned"}, "VMware")
    assert at(found, "properties.locationData") == {"name": "Redmond"}
    assert "parentClusterResourceId" not in str(found)


def test_what_would_do_something_in_azure_is_said_to_do_nothing_here(arm: Arm) -> None:
    answer = arm.ask("PATCH", MACHINE, {"properties": {"agentUpgrade": {"enableAutomaticUpgrade": True}}})

    assert (
        answer.headers["x-ms-azcmlite-warning"] == "'agentUpgrade' is kept and shown; it has no effect here."
    )


def test_what_a_client_got_of_a_machine_it_may_put_back(arm: Arm) -> None:
    arm.ask("PATCH", MACHINE, {"properties": {"locationData": {"name": "Redmond"}}, "tags": {"a": "b"}})
    before = arm.ask("GET", MACHINE).text

    assert arm.ask("PUT", MACHINE, before).text == before


def test_a_patch_never_makes_a_machine(arm: Arm) -> None:
    refused(arm.ask("PATCH", M2, {"tags": {}}), 404, "ResourceNotFound")


def test_a_machine_keeps_its_operating_system(arm: Arm) -> None:
    refused(arm.ask("PUT", MACHINE, {"properties": {"osType": "windows"}}), 409, "MachineExists")


def test_a_member_that_no_machine_has_is_refused_by_name(arm: Arm) -> None:
    error = refused(arm.ask("PUT", M2, {"properties": {"colour": "red"}}), 400, "InvalidRequestContent")

    assert error["target"] == "properties.colour"


def test_a_name_that_no_machine_may_have_is_refused(arm: Arm) -> None:
    refused(arm.ask("PUT", f"{MACHINES}/a%20b", {"location": "x"}), 400, "InvalidName")


@pytest.mark.parametrize(
    ("version", "status"),
    [("2024-07-10", 200), ("2024-11-10-preview", 200), ("2025-02-19-preview", 204), ("2026-07-15", 204)],
)
def test_which_answer_says_deleted_depends_on_the_version(arm: Arm, version: str, status: int) -> None:
    arm.ask("PUT", M2, {"location": "x"})

    assert arm.ask("DELETE", M2, version=version).status_code == status
    refused(arm.ask("GET", M2), 404, "ResourceNotFound")
    assert arm.ask("DELETE", M2, version=version).status_code == 204


def test_a_machine_with_extensions_is_not_deleted(arm: Arm, desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()

    refused(arm.ask("DELETE", MACHINE), 409, "CannotDeleteResource")

    assert desk.version() == "1.0.0.0"


# What az asks for besides.


def test_subscriptions_groups_and_locations_are_those_of_the_machines(arm: Arm) -> None:
    other = M2.replace("/rg/", "/other/").replace("00000000-0000-0000-0000-000000000000", "mine")
    arm.ask("PUT", other, {"location": "westus"})

    listed = [s["subscriptionId"] for s in arm.values("/subscriptions")]

    assert listed == ["00000000-0000-0000-0000-000000000000", "mine"]
    assert arm.get("/subscriptions/MINE")["subscriptionId"] == "mine"
    assert [g["name"] for g in arm.values("/subscriptions/mine/resourceGroups")] == ["other"]
    assert [item["name"] for item in arm.values("/subscriptions/mine/locations")] == ["local", "westus"]


def test_a_group_has_the_location_that_az_takes_for_a_new_extension(arm: Arm) -> None:
    found = arm.get(GROUP.replace("resourceGroups", "resourcegroups"))

    assert (found["name"], found["location"]) == ("rg", "westeurope")


def test_a_group_and_a_subscription_without_machines_are_not_found(arm: Arm) -> None:
    refused(arm.ask("GET", GROUP.replace("/rg", "/none")), 404, "ResourceGroupNotFound")
    refused(arm.ask("GET", "/subscriptions/none"), 404, "SubscriptionNotFound")


def test_the_provider_is_registered(arm: Arm) -> None:
    assert arm.get(PROVIDER)["registrationState"] == "Registered"
    assert arm.ask("POST", f"{PROVIDER}/register", version="2016-02-01").status_code == 200
