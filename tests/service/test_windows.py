"""Maintenance windows: what is taken, shown and refused, and what a request outside of them comes to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.window import WEEKDAYS
from connectedmachine.service.views import Json
from service.support import RG, Desk, at, refused, values

MACHINE = {"resource_group": RG, "machine": "m1"}
DAYS_AWAY = [WEEKDAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]]


@pytest.fixture
def installed(desk: Desk) -> Desk:
    """An extension at 1.0, and 1.1 in the gallery."""
    desk.publish("Agent", "1.0")
    desk.create()
    desk.publish("Agent", "1.1")
    return desk


def add(desk: Desk, name: str | None = None, **given: object) -> Json:
    window = {"window_name": "w", "time_zone": "UTC", "start": "12:00", "duration": 3600.0, **given}
    return desk.service.window_add(**MACHINE, name=name, follow=desk.heard, **window)  # type: ignore[arg-type]


def remove(desk: Desk, name: str | None = None) -> Json:
    return desk.service.window_remove(**MACHINE, window_name="w", name=name, follow=desk.heard)


def listed(desk: Desk, name: str | None = None) -> list[tuple[object, object]]:
    return [(w["name"], w["windowName"]) for w in values(desk.service.window_list(**MACHINE, name=name))]


def test_a_window_is_shown_as_it_was_given(installed: Desk) -> None:
    given: dict[str, Any] = {
        "days": ["tue"],
        "weeks": ["second"],
        "blackouts": ["2026-12-24"],
        "spread": 600.0,
    }
    shown = add(installed, time_zone="Europe/Berlin", start="9:30", **given)
    assert (shown["timeZone"], shown["start"]) == ("Europe/Berlin", "09:30:00")
    assert (shown["days"], shown["weeks"], shown["blackouts"]) == (["Tuesday"], ["Second"], ["2026-12-24"])
    assert (shown["durationSeconds"], shown["spreadSeconds"]) == (3600.0, 600.0)
    assert values(installed.service.window_list(**MACHINE)) == [shown]


def test_a_window_says_whether_it_is_open_and_what_comes_next(desk: Desk) -> None:
    always = add(desk, start="00:00", duration=7 * 86_400.0)
    assert always["isOpen"] is True
    assert str(always["nextOpening"]) < str(always["closes"])
    later = add(desk, days=DAYS_AWAY)
    assert (later["isOpen"], later["closes"]) == (False, None)
    never = add(desk, blackouts=["2000-01-01/2100-01-01"])
    assert (never["isOpen"], never["nextOpening"]) == (False, None)


def test_each_level_has_its_windows_and_the_same_name_replaces(installed: Desk) -> None:
    add(installed)
    add(installed, "agent")
    add(installed, "AGENT", window_name="W", start="13:00")
    assert listed(installed) == [(None, "w"), ("agent", "W")]
    assert listed(installed, "agent") == [("agent", "W")]
    assert remove(installed, "agent") == {"removed": True}
    assert remove(installed, "agent") == {"removed": False}
    assert listed(installed) == [(None, "w")]


def test_the_windows_of_an_extension_go_with_it(installed: Desk) -> None:
    add(installed, "agent")
    installed.remove()
    assert listed(installed) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"window_name": ""}, "InvalidName"),
        ({"time_zone": "Eastern Standard Time"}, "InvalidWindow"),
        ({"start": "noon"}, "InvalidWindow"),
        ({"duration": 30.0}, "InvalidWindow"),
        ({"days": ["Someday"]}, "InvalidWindow"),
        ({"spread": 3600.0}, "InvalidWindow"),
        ({"name": "nobody"}, "HCRP404"),
    ],
)
def test_a_window_that_cannot_be_is_refused(installed: Desk, given: dict[str, Any], code: str) -> None:
    before = installed.state()
    with pytest.raises(ConnectedMachineError) as error:
        add(installed, **given)
    refused(error, code)
    assert installed.state() == before


def test_who_waits_for_a_version_outside_its_window_is_told_when_it_comes(installed: Desk) -> None:
    add(installed, days=DAYS_AWAY)
    shown = installed.patch(typeHandlerVersion="1.1")
    assert at(shown, "properties.typeHandlerVersion") == "1.0.0.0"
    assert at(shown, "properties.provisioningState") == "Succeeded"
    assert at(shown, "properties.instanceView.status.code") == "OutsideWindow"
    [warning] = [text for text in installed.heard.warnings if "maintenance window" in text]
    assert warning.startswith("'agent' stays as it is until then. The change to 1.1.0.0 waits.")


def test_a_target_of_a_type_waits_in_the_same_way(installed: Desk) -> None:
    add(installed, days=DAYS_AWAY)
    target = {"Contoso.Sample.Agent": {"targetVersion": "1.1"}}
    installed.upgrade(target)
    assert installed.version() == "1.0.0.0"
    assert any("maintenance window" in text for text in installed.heard.warnings)
    installed.service.extension_upgrade(
        resource_group=RG,
        machine="m1",
        targets_text='{"Contoso.Sample.Agent": {"targetVersion": "1.1"}}',
        ignore_window=True,
        follow=installed.heard,
    )
    assert installed.version() == "1.1.0.0"


def test_the_installed_version_as_target_ends_the_wait(installed: Desk) -> None:
    add(installed, days=DAYS_AWAY)
    installed.upgrade({"Contoso.Sample.Agent": {"targetVersion": "1.1"}})
    installed.upgrade({"Contoso.Sample.Agent": {"targetVersion": "1.0"}})
    remove(installed)
    installed.resume()
    assert installed.version() == "1.0.0.0"


def test_a_request_that_a_client_polls_for_ends_though_its_version_waits(installed: Desk) -> None:
    add(installed, days=DAYS_AWAY)
    accepted = installed.service.request_accept(
        resource_group=RG,
        machine="m1",
        verb="patch",
        name="agent",
        body_text='{"properties": {"typeHandlerVersion": "1.1"}}',
        follow=installed.heard,
    )
    shown = installed.service.request_get(id=str(accepted["id"]))
    assert shown["status"] == "Succeeded"
    assert installed.version() == "1.0.0.0"


def test_what_waited_moves_when_the_last_window_is_removed(installed: Desk) -> None:
    add(installed, days=DAYS_AWAY)
    installed.patch(typeHandlerVersion="1.1")
    remove(installed)
    assert installed.version() == "1.1.0.0"
    assert at(installed.get(), "properties.instanceView.status.code") != "OutsideWindow"


def test_extensions_that_share_a_version_wait_for_each_others_windows(desk: Desk) -> None:
    desk.publish("Agent", "1.0", several=True)
    desk.create("one", enableAutomaticUpgrade=True)
    desk.create("two", enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1", several=True)
    add(desk, "two", days=DAYS_AWAY)
    assert {d["reason"] for d in desk.run_pass().values()} == {"OutsideWindow"}
