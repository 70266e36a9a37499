"""Sinks of events: what is refused, and what is shown of them."""

from __future__ import annotations

from typing import Any

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import RG, Desk, Heard, QuickService, refused, values


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"os_log": False},
        {"os_log": True, "webhook": "http://a"},
        {"command": []},
        {"command": ["a\0b"]},
        {"webhook": "ftp://a/b"},
        {"webhook": "http://"},
        {"webhook": "http://user:word@a/"},
        {"webhook": "http://a/\r\nHost: b"},
        {"webhook": "http://a", "timeout": 0.0},
        {"webhook": "http://a", "timeout": 61.0},
        {"webhook": "http://a", "header": "X-Token"},
        {"webhook": "http://a", "secret": "a\nb"},
        {"webhook": "http://a", "secret": "a", "header": "X: y"},
        {"os_log": True, "secret": "a"},
        {"os_log": True, "machine": "m1"},
    ],
)
def test_a_sink_that_cannot_be_is_refused_and_not_kept(service: QuickService, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        service.event_sink_add(name="ops", follow=Heard(), **wrong)
    refused(error, "InvalidEventSink")
    assert values(service.event_sink_list()) == []


def test_more_than_a_host_is_shown_of_no_webhook(service: QuickService) -> None:
    service.event_sink_add(name="ops", webhook="https://a:8443/T0/key?x=y", secret="z", follow=Heard())
    (shown,) = values(service.event_sink_list())
    assert (shown["target"], shown["header"]) == ("https://a:8443/...", "Authorization")


def test_a_sink_of_one_machine_goes_with_it(desk: Desk) -> None:
    added = desk.service.event_sink_add(
        name="ops", os_log=True, resource_group=RG, machine="m1", follow=Heard()
    )
    assert (added["machine"], added["resourceGroup"]) == ("m1", RG)
    desk.service.machine_remove(resource_group=RG, name="m1", follow=Heard())
    assert values(desk.service.event_sink_list()) == []


def test_a_name_that_is_none_is_refused(service: QuickService) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        service.event_sink_add(name="a b", os_log=True, follow=Heard())
    refused(error, "InvalidName")
