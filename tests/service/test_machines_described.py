"""Machines that are described and forgotten (decision 0013)."""

from __future__ import annotations

import pytest

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.service import requests
from connectedmachine.service.requests import MACHINE_DETAILS, MachineBody, MachineProperties
from service.support import RG, SAMPLE, Desk, Heard, QuickService, at, refused, values


def test_a_machine_is_forgotten_with_its_history_and_folder(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()
    desk.remove()
    folder = desk.service.places(desk.service.machine(None, RG, "m1")).machine
    assert folder.exists()

    done = desk.service.machine_remove(resource_group=RG, name="m1", follow=desk.heard)
    again = desk.service.machine_remove(resource_group=RG, name="m1", follow=desk.heard)

    assert (done, again) == ({"removed": True}, {"removed": False})
    assert values(desk.service.machine_list()) == []
    assert not folder.exists()


def test_a_machine_with_extensions_stays_in_somebodys_care(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()

    with pytest.raises(ConnectedMachineError) as error:
        desk.service.machine_remove(resource_group=RG, name="m1", follow=desk.heard)

    assert "agent" in refused(error, "CannotDeleteResource").message


def test_work_that_was_asked_for_while_a_removal_was_tried_is_done(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.service.runs = False
    desk.put(body={"properties": {"publisher": SAMPLE, "type": "Agent"}}, wait=False)
    desk.service.runs = True

    with pytest.raises(ConnectedMachineError):
        desk.service.machine_remove(resource_group=RG, name="m1", follow=desk.heard)

    assert desk.version() == "1.0.0.0"
    assert len(desk.history()) == 1
    assert desk.version() == "1.0.0.0"


def test_a_machine_is_not_forgotten_under_its_runner(desk: Desk) -> None:
    lock = EffectsLock(desk.service.places(desk.service.machine(None, RG, "m1")).lock)
    assert lock.acquire()

    try:
        with pytest.raises(ConnectedMachineError) as error:
            desk.service.machine_remove(resource_group=RG, name="m1", follow=desk.heard)
    finally:
        lock.release()

    refused(error, "HCRP409")
    assert len(values(desk.service.machine_list())) == 1


def test_an_extension_of_a_machine_that_went_meanwhile_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.publish("Agent", "1.0")
    parse = requests.ExtensionRequest

    def parse_while_it_goes(text: str, *, ignores_window: bool) -> requests.ExtensionRequest:
        desk.service.machine_remove(resource_group=RG, name="m1", follow=Heard())
        return parse(text, ignores_window=ignores_window)

    monkeypatch.setattr(requests, "ExtensionRequest", parse_while_it_goes)
    with pytest.raises(ConnectedMachineError) as error:
        desk.put(body={"properties": {"publisher": SAMPLE, "type": "Agent"}})

    refused(error, "ResourceNotFound")


def test_a_described_location_stays_with_a_warning(service: QuickService) -> None:
    heard = Heard()
    for location in ("westus", "eastus"):
        view = service.machine_put(
            resource_group=RG, name="m", body_text=f'{{"location": "{location}"}}', follow=heard
        )

    assert view["location"] == "westus"
    assert heard.warnings == ["The location of 'm' stays 'westus'."]


def test_details_given_again_as_null_are_gone(desk: Desk) -> None:
    for text in ('{"kind": "AWS", "properties": {"mssqlDiscovered": "true"}}', '{"kind": null}'):
        view = desk.service.machine_patch(resource_group=RG, name="m1", body_text=text, follow=desk.heard)

    assert "kind" not in view
    assert at(view, "properties.mssqlDiscovered") == "true"


def test_every_detail_is_a_member_of_the_body() -> None:
    members = {*MachineBody.model_fields, *MachineProperties.model_fields}

    assert set(MACHINE_DETAILS) <= members
