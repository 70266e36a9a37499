"""Connecting machines: this host once, simulated ones freely."""

from __future__ import annotations

import sqlite3

import pytest

from connectedmachine.agent.host import this_host
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from connectedmachine.service.views import Json
from service.support import RG, Desk, Heard, QuickService, at, refused, values


def connect(service: QuickService, name: str = "host", **given: object) -> Json:
    return service.machine_connect(resource_group=RG, name=name, follow=Heard(), **given)  # type: ignore[arg-type]


def test_this_host_becomes_a_machine_with_what_it_is(service: QuickService) -> None:
    made = connect(service, location="westus", tags={"a": "b"})

    assert made["type"] == "Microsoft.HybridCompute/machines"
    assert made["id"] == (
        f"/subscriptions/{NIL_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/host"
    )
    assert (made["location"], made["tags"]) == ("westus", {"a": "b"})
    assert at(made, "properties.osType") == this_host().platform.os.value
    assert at(made, "properties.status") == "Connected"
    assert at(made, "properties.simulated") is False


def test_connecting_again_changes_location_and_tags_and_nothing_else(service: QuickService) -> None:
    first = connect(service, location="westus", tags={"a": "b"})

    assert connect(service) == first
    again = connect(service, location="eastus", tags={})

    assert again["location"] == "eastus"
    assert "tags" not in again
    assert again["id"] == first["id"]
    assert at(again, "properties.vmId") == at(first, "properties.vmId")


def test_a_second_machine_of_this_host_is_refused(service: QuickService, desk: Desk) -> None:
    connect(service)
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        connect(service, "other")

    assert "'host'" in refused(error, "MachineExists").hint
    assert desk.state() == before


def test_simulated_machines_are_free(service: QuickService) -> None:
    connect(service)
    for name, os in (("s1", "Linux"), ("s2", "windows"), ("s3", None)):
        connect(service, name, simulated=True, os_type=os)

    shown = values(service.machine_list())

    assert [(m["name"], at(m, "properties.simulated")) for m in shown] == [
        ("host", False),
        ("s1", True),
        ("s2", True),
        ("s3", True),
    ]
    assert at(shown[2], "properties.osType") == "windows"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": "m1"}, "MachineExists"),
        ({"name": "m1", "simulated": True, "os_type": "Windows"}, "MachineExists"),
        ({"name": "other", "os_type": "Linux"}, "InvalidRequestContent"),
        ({"name": "other", "simulated": True, "os_type": "Plan9"}, "InvalidRequestContent"),
        ({"name": "", "simulated": True}, "InvalidName"),
        ({"name": "a/b", "simulated": True}, "InvalidName"),
        ({"name": "a" * 55, "simulated": True}, "InvalidName"),
    ],
)
def test_what_cannot_be_connected_is_refused(desk: Desk, given: dict[str, object], code: str) -> None:
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        connect(desk.service, **given)  # type: ignore[arg-type]

    refused(error, code)
    assert desk.state() == before


def test_a_resource_group_that_cannot_be_named_so_is_refused(service: QuickService) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        service.machine_connect(resource_group="a/b", name="m", simulated=True, follow=Heard())

    refused(error, "InvalidName")


def test_subscriptions_and_resource_groups_keep_machines_apart(
    service: QuickService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for group in ("one", "two"):
        service.machine_connect(resource_group=group, name="m", simulated=True, follow=Heard())
    monkeypatch.setenv("AZCMLITE_SUBSCRIPTION", "11111111-1111-1111-1111-111111111111")
    service.machine_connect(resource_group="one", name="m", simulated=True, follow=Heard())

    assert len(values(service.machine_list())) == 1
    assert len(values(service.machine_list(subscription_id=NIL_SUBSCRIPTION))) == 2
    assert len(values(service.machine_list(subscription_id=NIL_SUBSCRIPTION, resource_group="ONE"))) == 1


def test_nothing_is_changed_on_a_machine_that_is_another_host(service: QuickService, desk: Desk) -> None:
    """As after a state folder was copied: reading is possible, work is refused before it is stored."""
    connect(service)
    desk.publish("Agent", "1.0")
    with sqlite3.connect(service.store.home / "store.db") as database:
        database.execute("UPDATE machines SET os_machine_id = 'another' WHERE name = 'host'")
    database.close()
    copied = desk.on("host")
    before = desk.state()

    for ask in (
        copied.create,
        copied.patch,
        copied.remove,
        copied.run_pass,
        lambda: copied.upgrade({}),
        lambda: copied.preview("remove"),
        lambda: service.upgrade_resolve(
            resource_group=RG, machine="host", name="agent", choice="back", follow=Heard()
        ),
    ):
        with pytest.raises(ConnectedMachineError) as error:
            ask()
        refused(error, "WrongHost")

    assert desk.state() == before
    assert service.extension_list(resource_group=RG, machine="host") == {"value": []}
