"""Pins hold on every path: a pass, a request, an upgrade by name, an operation under way (decision 21)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from connectedmachine.model.errors import ConflictError, ConnectedMachineError
from connectedmachine.service.views import Json
from service.support import RG, Desk, at, refused, values

MACHINE: dict[str, Any] = {"resource_group": RG, "machine": "m1"}


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """An enrolled extension at 1.0, and 1.1 and 1.2 in the gallery."""
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1", "1.2")
    return desk


def pin(desk: Desk, version: str, name: str = "agent", **given: object) -> Json:
    return desk.service.pin_add(**MACHINE, name=name, version=version, follow=desk.heard, **given)  # type: ignore[arg-type]


def unpin(desk: Desk, version: str | None = None) -> Json:
    return desk.service.pin_remove(**MACHINE, name="agent", version=version, follow=desk.heard)


def pins(desk: Desk) -> list[tuple[object, object]]:
    return [(p["kind"], p["version"]) for p in values(desk.service.pin_list(**MACHINE))]


# Pins themselves.


def test_pins_are_listed_replaced_and_removed(enrolled: Desk) -> None:
    shown = pin(enrolled, "1.1.0.0", reason="as tested")
    assert (shown["name"], shown["kind"], shown["version"]) == ("agent", "Exact", "1.1.0.0")
    pin(enrolled, "1.3", block=True)
    pin(enrolled, "1", name="AGENT")
    assert pins(enrolled) == [("Prefix", "1"), ("Block", "1.3")]
    assert unpin(enrolled, "1.3") == {"removed": True}
    assert unpin(enrolled, "1.3") == {"removed": False}
    assert unpin(enrolled) == {"removed": True}
    assert pins(enrolled) == []


@pytest.mark.parametrize("version", ["", "one", "1.2.3.4.5"])
def test_a_pin_without_a_version_is_refused(enrolled: Desk, version: str) -> None:
    before = enrolled.state()
    with pytest.raises(ConnectedMachineError) as error:
        pin(enrolled, version)
    refused(error, "InvalidVersion")
    assert enrolled.state() == before


def test_pins_go_with_their_extension(enrolled: Desk) -> None:
    pin(enrolled, "1.0")
    enrolled.remove()
    enrolled.create()
    assert pins(enrolled) == []
    assert enrolled.version() == "1.2.0.0"


# Passes.


def test_a_pass_takes_the_newest_version_that_is_allowed_and_says_what_keeps_it(enrolled: Desk) -> None:
    pin(enrolled, "1.1")
    assert enrolled.run_pass()["agent"]["toVersion"] == "1.1.0.0"
    decision = enrolled.run_pass()["agent"]
    assert decision["reason"] == "Pinned"
    assert "The pin to 1.1 excludes 1.2.0.0." in str(decision["message"])
    unpin(enrolled)
    assert enrolled.run_pass()["agent"]["toVersion"] == "1.2.0.0"


def test_a_pin_that_excludes_what_is_installed_moves_nothing(enrolled: Desk) -> None:
    enrolled.run_pass()
    pin(enrolled, "1.1")
    assert enrolled.run_pass()["agent"]["reason"] == "UpToDate"
    assert enrolled.version() == "1.2.0.0"


def test_a_wish_that_waited_for_its_first_image_is_installed_within_its_pin(desk: Desk) -> None:
    desk.create("known", "AzureMonitorLinuxAgent", publisher="Microsoft.Azure.Monitor")
    pin(desk, "1.1", name="known")
    desk.publish("AzureMonitorLinuxAgent", "1.1", "1.2", publisher="Microsoft.Azure.Monitor")
    assert desk.run_pass()["known"]["toVersion"] == "1.1.0.0"


# Requests.


@pytest.mark.parametrize(
    "ask",
    [
        lambda desk: desk.patch(typeHandlerVersion="1.2"),
        lambda desk: desk.create(typeHandlerVersion="1.2"),
        lambda desk: desk.upgrade({"Contoso.Sample.Agent": {"targetVersion": "1.2"}}),
        lambda desk: desk.preview("patch", body='{"properties": {"typeHandlerVersion": "1.2"}}'),
    ],
    ids=["patch", "put", "upgrade", "preview"],
)
def test_an_explicit_version_that_is_pinned_out_is_refused_by_name(
    enrolled: Desk, ask: Callable[[Desk], object]
) -> None:
    pin(enrolled, "1.1")
    before = enrolled.state()
    with pytest.raises(ConflictError) as error:
        ask(enrolled)
    found = refused(error, "VersionPinned")
    assert "pin to 1.1" in found.message
    assert "Remove-AzConnectedMachineUpgradePin" in found.hint
    assert enrolled.state() == before


def test_a_request_chooses_among_what_is_allowed(enrolled: Desk) -> None:
    pin(enrolled, "1.2", block=True)
    enrolled.patch(typeHandlerVersion="1")
    assert enrolled.version() == "1.1.0.0"


def test_the_newest_minor_of_a_request_is_the_newest_that_is_allowed(enrolled: Desk) -> None:
    pin(enrolled, "1.1")
    enrolled.patch(typeHandlerVersion="1.0.0", autoUpgradeMinorVersion=True)
    assert enrolled.version() == "1.1.0.0"


def test_the_same_request_every_night_is_no_business_of_a_pin(enrolled: Desk) -> None:
    enrolled.patch(typeHandlerVersion="1.2")
    pin(enrolled, "1.1")
    enrolled.patch(typeHandlerVersion="1.2")
    enrolled.patch(settings={"a": 1})
    assert enrolled.version() == "1.2.0.0"


def test_who_goes_back_to_an_older_version_is_told_of_the_pin_that_keeps_it(enrolled: Desk) -> None:
    enrolled.run_pass()
    enrolled.patch(typeHandlerVersion="1.1")
    assert (
        "Add-AzConnectedMachineUpgradePin -Version '1.1.0.0' keeps it there." in enrolled.heard.warnings[-1]
    )
    pin(enrolled, "1.1.0.0")
    assert enrolled.run_pass()["agent"]["reason"] == "Pinned"


def test_who_goes_back_within_a_pin_is_not_told_of_it(enrolled: Desk) -> None:
    enrolled.run_pass()
    pin(enrolled, "1.1")
    enrolled.heard.warnings.clear()
    enrolled.patch(typeHandlerVersion="1.1")
    assert enrolled.heard.warnings == []


# Extensions that share a version.


def test_the_pin_of_one_binds_all_that_share_its_version(desk: Desk) -> None:
    desk.publish("Several", "1.0", several=True)
    for name in ("one", "two"):
        desk.create(name, "Several", enableAutomaticUpgrade=True)
    desk.publish("Several", "1.1", several=True)
    pin(desk, "1.0", name="two")
    assert "pin to 1.0 on 'two'" in str(desk.run_pass("one")["one"]["message"])
    with pytest.raises(ConflictError) as error:
        desk.patch("one", typeHandlerVersion="1.1")
    refused(error, "VersionPinned")


# A pin that comes while something is under way.


@pytest.mark.parametrize("point", ["before fetch(new)", "after baseline(old)", "before disable(old)"])
def test_a_pin_that_comes_before_anything_is_touched_stops_an_upgrade_after_a_crash(
    enrolled: Desk, point: str
) -> None:
    enrolled.service.runs = False
    enrolled.service.upgrade_run(**MACHINE, follow=enrolled.heard, wait=False)
    enrolled.kill_runner(point)
    if point == "before disable(old)":
        # Killed a moment earlier: what came before is journalled, the intent of this step is not.
        forget_intent(enrolled)
    pin(enrolled, "1.0")
    enrolled.resume()
    (operation, *_) = enrolled.history()
    assert operation["outcome"] == "Cancelled"
    assert "The pin to 1.0 excludes 1.2.0.0" in str(operation["message"])
    assert not [s for s in steps(operation) if s.startswith(("disable", "update", "uninstall"))]
    assert enrolled.version() == "1.0.0.0"


def forget_intent(desk: Desk) -> None:
    connection = sqlite3.connect(desk.service.store.home / "store.db")
    with connection:
        assert connection.execute("DELETE FROM steps WHERE ended IS NULL").rowcount == 1
    connection.close()


def steps(operation: Json) -> list[str]:
    found = operation["steps"]
    assert isinstance(found, list)
    return [str(step["name"]) for step in found if step["outcome"] != "withdrawn"]


def test_a_pin_stops_what_a_user_asked_for_too_before_anything_is_touched(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.patch_body("agent", {"properties": {"typeHandlerVersion": "1.2"}}, wait=False)
    enrolled.kill_runner("after baseline(old)")
    pin(enrolled, "1.1")
    enrolled.resume()
    assert (enrolled.history()[0]["outcome"], enrolled.history()[0]["code"]) == ("Cancelled", "VersionPinned")
    assert enrolled.version() == "1.0.0.0"
    unpin(enrolled)
    enrolled.service.runs = True
    enrolled.patch(typeHandlerVersion="1.2")
    assert enrolled.version() == "1.2.0.0"


def test_a_pin_that_comes_before_the_operation_has_it_asked_for_no_more(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.patch_body("agent", {"properties": {"typeHandlerVersion": "1.2"}}, wait=False)
    pin(enrolled, "1.1")
    enrolled.resume()
    shown = enrolled.get()
    assert at(shown, "properties.provisioningState") == "Failed"
    assert at(shown, "properties.instanceView.status.code") == "VersionPinned"
    assert enrolled.version() == "1.0.0.0"
    enrolled.resume()
    assert len(enrolled.history()) == 1
    with pytest.raises(ConflictError) as error:
        enrolled.patch(typeHandlerVersion="1.2")
    refused(error, "VersionPinned")
    unpin(enrolled)
    enrolled.service.runs = True
    enrolled.patch(typeHandlerVersion="1.2")
    assert enrolled.version() == "1.2.0.0"


def test_a_first_install_that_is_pinned_out_before_it_begins_runs_no_command(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.service.runs = False
    desk.put("agent", {"properties": {"publisher": "Contoso.Sample", "type": "Agent"}}, wait=False)
    desk.kill_runner("before install(new)")
    forget_intent(desk)
    pin(desk, "2")
    desk.resume()
    (operation, *_) = desk.history()
    assert (operation["outcome"], steps(operation)) == ("Cancelled", ["fetch(new)", "discard(new)"])
