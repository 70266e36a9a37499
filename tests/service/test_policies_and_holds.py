"""Policies with where each value comes from, holds, and probes: what is taken, kept and refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.policy import VALUE_NAMES, Hold
from connectedmachine.service.views import Json
from service.support import RG, Desk, at, refused, values

MACHINE = {"resource_group": RG, "machine": "m1"}


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """An enrolled extension at 1.0, and 1.1 in the gallery."""
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1")
    return desk


def set_policy(desk: Desk, name: str | None = None, **given: object) -> Json:
    return desk.service.policy_set(**MACHINE, name=name, follow=desk.heard, **given)  # type: ignore[arg-type]


def policy(desk: Desk, name: str | None = None) -> dict[str, tuple[object, object]]:
    shown = desk.service.policy_get(**MACHINE, name=name)["values"]
    assert isinstance(shown, list)
    return {item["name"]: (item["value"], item["source"]) for item in shown}


# Policies.


def test_the_default_is_the_documentation_of_2021(desk: Desk) -> None:
    shown = policy(desk)

    assert {source for _, source in shown.values()} == {"arc-2021 preset"}
    assert {name: value for name, (value, _) in shown.items()} == {
        "preset": "arc-2021",
        "healthWindow": 300.0,
        "stableFor": 30.0,
        "healthyFor": None,
        "retryInterval": 259_200.0,
        "retryGrowth": 1.0,
        "manualHealthWindow": 0.0,
        "sampleInterval": 5.0,
        "rollbackPause": 60.0,
        "passInterval": 86_400.0,
        "enrolByDefault": False,
        "installTimeout": 900.0,
        "updateTimeout": 900.0,
        "enableTimeout": 300.0,
        "disableTimeout": 900.0,
        "uninstallTimeout": 300.0,
        "retryLongest": 0.0,
        "retryLimit": 0,
        "retryFor": 0.0,
        "retryJitter": 0.1,
    }


def test_each_value_says_which_level_it_comes_from(enrolled: Desk) -> None:
    set_policy(enrolled, health_window=60, stable_for=10)
    set_policy(enrolled, "agent", stable_for=5)

    shown = policy(enrolled, "agent")

    assert shown["healthWindow"] == (60.0, "machine")
    assert shown["stableFor"] == (5.0, "extension")
    assert shown["retryInterval"] == (259_200.0, "arc-2021 preset")
    assert policy(enrolled)["stableFor"] == (10.0, "machine")


def test_null_gives_a_value_back_and_omission_keeps_it(enrolled: Desk) -> None:
    set_policy(enrolled, health_window=60, stable_for=10)
    set_policy(enrolled, "agent", stable_for=5)

    set_policy(enrolled, "agent", stable_for=None)
    set_policy(enrolled, health_window=None)

    assert policy(enrolled, "agent")["stableFor"] == (10.0, "machine")
    assert policy(enrolled)["healthWindow"] == (300.0, "arc-2021 preset")


def test_a_preset_changes_what_is_not_set_on_its_own(desk: Desk) -> None:
    set_policy(desk, health_window=60)
    set_policy(desk, preset="arc-2025")

    shown = policy(desk)

    assert shown["preset"] == ("arc-2025", "machine")
    assert shown["healthWindow"] == (60.0, "machine")
    assert shown["retryInterval"] == (3600.0, "arc-2025 preset")
    assert shown["enrolByDefault"] == (True, "arc-2025 preset")


@pytest.mark.parametrize(
    "given",
    [
        {"preset": "arc-2030"},
        {"preset": 1},
        {"health_window": -1},
        {"health_window": float("nan")},
        {"health_window": float("inf")},
        {"health_window": True},
        {"stable_for": "30"},
        {"stable_for": 366 * 86_400},
        {"retry_interval": 0},
        {"sample_interval": 0},
        {"rollback_pause": 0},
        {"install_timeout": 0},
        {"uninstall_timeout": -1},
        {"retry_growth": 0.5},
        {"retry_limit": 1.5},
        {"retry_jitter": 2},
        {"retry_longest": -1},
        {"enrol_by_default": "yes"},
    ],
)
def test_a_value_out_of_bounds_is_refused_with_all_others(desk: Desk, given: Mapping[str, object]) -> None:
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        set_policy(desk, manual_health_window=7, **given)  # type: ignore[arg-type]

    assert refused(error, "InvalidPolicy").target == next(iter(given))
    assert desk.state() == before


def test_every_value_of_a_policy_can_be_set_on_a_machine_and_on_an_extension(enrolled: Desk) -> None:
    given: dict[str, object] = dict.fromkeys(VALUE_NAMES, 7)
    given |= {"preset": "arc-2025", "enrol_by_default": True, "retry_jitter": 0.5}

    for name, source in ((None, "machine"), ("agent", "extension")):
        set_policy(enrolled, name, **given)

        shown = policy(enrolled, name)
        assert {value for _, value in shown.values()} == {source}
        assert [value for value, _ in shown.values()] == [given[name] for name in VALUE_NAMES]


def test_a_machine_enrols_by_default_what_is_created_there_from_then_on(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create("before", "Agent")
    set_policy(desk, enrol_by_default=True)
    desk.publish("Clock", "1.0")

    desk.create("after", "Clock")

    flags = {name: at(desk.get(name), "properties.enableAutomaticUpgrade") for name in ("before", "after")}
    assert flags == {"before": False, "after": True}


def test_the_policy_of_an_extension_goes_with_it(enrolled: Desk) -> None:
    set_policy(enrolled, "agent", stable_for=5)
    enrolled.remove()
    enrolled.create()

    assert policy(enrolled, "agent")["stableFor"] == (30.0, "arc-2021 preset")


# Holds.


def hold(desk: Desk, **given: str | None) -> Json:
    return desk.service.hold_add(**MACHINE, name="agent", follow=desk.heard, **given)  # type: ignore[arg-type]


def release(desk: Desk, version: str | None = None) -> Json:
    return desk.service.hold_remove(**MACHINE, name="agent", version=version, follow=desk.heard)


def test_a_hold_keeps_an_extension_until_it_is_released(enrolled: Desk) -> None:
    shown = hold(enrolled, reason="quarter end")
    assert (shown["name"], shown["version"], shown["until"]) == ("agent", None, None)

    decision = enrolled.run_pass()["agent"]
    assert decision["reason"] == "Held"
    assert "quarter end" in str(decision["message"])
    assert decision["nextLook"] is None

    assert release(enrolled) == {"removed": True}
    assert release(enrolled) == {"removed": False}
    assert enrolled.run_pass()["agent"]["reason"] == "Upgraded"


def test_a_hold_on_one_version_lets_the_others_pass(enrolled: Desk) -> None:
    hold(enrolled, version="1.1")
    enrolled.publish("Agent", "1.2")

    assert enrolled.run_pass()["agent"]["toVersion"] == "1.2.0.0"


def test_a_hold_on_a_short_version_passes_over_all_that_begin_with_it(enrolled: Desk) -> None:
    enrolled.publish("Agent", "1.2", "1.2.7")

    assert hold(enrolled, version="1.2")["version"] == "1.2"
    assert enrolled.run_pass()["agent"]["toVersion"] == "1.1.0.0"
    assert release(enrolled, "1.2") == {"removed": True}


def test_a_first_install_passes_over_what_is_held(desk: Desk) -> None:
    desk.create("known", "AzureMonitorLinuxAgent", publisher="Microsoft.Azure.Monitor")
    desk.service.hold_add(**MACHINE, name="known", version="1.2", follow=desk.heard)
    desk.publish("AzureMonitorLinuxAgent", "1.1", "1.2", publisher="Microsoft.Azure.Monitor")

    assert desk.run_pass()["known"]["toVersion"] == "1.1.0.0"


def test_a_hold_that_is_over_is_shown_as_such_until_it_is_removed(enrolled: Desk) -> None:
    assert hold(enrolled)["expired"] is False
    until = datetime.now(UTC) - timedelta(days=1)
    machine = enrolled.service.machine(None, RG, "m1")
    enrolled.service.store.policies.hold(machine.id, Hold("agent", None, until, "", until))

    (shown,) = values(enrolled.service.hold_list(**MACHINE))

    assert shown["expired"] is True
    assert enrolled.run_pass()["agent"]["reason"] == "Upgraded"


def test_all_holds_of_an_extension_or_a_machine_are_removed_at_once(enrolled: Desk) -> None:
    enrolled.publish("Clock", "1.0")
    enrolled.create("clock", "Clock")
    for version in (None, "1.1"):
        hold(enrolled, version=version)
    enrolled.service.hold_add(**MACHINE, name="clock", follow=enrolled.heard)

    def clear(name: str | None) -> Json:
        return enrolled.service.hold_clear(**MACHINE, name=name, follow=enrolled.heard)

    assert clear("agent") == {"removed": True}
    assert [item["name"] for item in values(enrolled.service.hold_list(**MACHINE))] == ["clock"]
    assert clear(None) == {"removed": True}
    assert clear(None) == {"removed": False}


def test_a_hold_with_an_end_says_when_it_is_looked_at_again(enrolled: Desk) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    shown = hold(enrolled, until=until)

    assert datetime.fromisoformat(str(shown["until"])) == datetime.fromisoformat(until)
    assert enrolled.run_pass()["agent"]["nextLook"] == shown["until"]


def test_a_hold_does_not_keep_what_a_user_asks_for(enrolled: Desk) -> None:
    hold(enrolled)

    enrolled.patch(typeHandlerVersion="1.1")

    assert enrolled.version() == "1.1.0.0"


def test_the_same_hold_again_changes_its_end_and_reason(enrolled: Desk) -> None:
    hold(enrolled, reason="one")
    hold(enrolled, reason="two")

    assert [item["reason"] for item in values(enrolled.service.hold_list(**MACHINE))] == ["two"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"version": "one"}, "InvalidVersion"),
        ({"until": "tomorrow"}, "InvalidRequestContent"),
        ({"until": "2020-01-01T00:00:00Z"}, "InvalidRequestContent"),
        ({"until": "9999-12-31T23:59:59-12:00"}, "InvalidRequestContent"),
    ],
)
def test_a_hold_that_cannot_be_is_refused(enrolled: Desk, given: dict[str, str], code: str) -> None:
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        hold(enrolled, **given)

    refused(error, code)
    assert enrolled.state() == before


def test_holds_go_with_their_extension(enrolled: Desk) -> None:
    hold(enrolled)
    enrolled.remove()

    assert enrolled.service.hold_list(**MACHINE) == {"value": []}


# Probes.


def probe(desk: Desk, name: str = "p", **given: object) -> Json:
    return desk.service.probe_add(**MACHINE, name=name, follow=desk.heard, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "kind", "target"),
    [
        ({"command": ["/bin/true", "--flag"]}, "Command", "/bin/true --flag"),
        ({"tcp": "localhost:443"}, "Tcp", "localhost:443"),
        ({"tcp": "[::1]:443"}, "Tcp", "[::1]:443"),
        ({"http": "https://localhost:8443/health?x=1"}, "Http", "https://localhost:8443/health?x=1"),
        ({"process_name": "agent"}, "Process", "agent"),
        ({"service_name": "dbus.service"}, "Service", "dbus.service"),
    ],
)
def test_each_kind_of_probe_is_kept_as_given(
    desk: Desk, given: dict[str, object], kind: str, target: str
) -> None:
    shown = probe(desk, "p", **given, interval=2, timeout=3)

    assert (shown["kind"], shown["target"]) == (kind, target)
    assert (shown["intervalSeconds"], shown["timeoutSeconds"]) == (2.0, 3.0)
    assert shown["lastSample"] is None
    assert values(desk.service.probe_list(**MACHINE)) == [shown]


def test_a_probe_of_the_same_name_replaces_and_remove_removes(desk: Desk) -> None:
    probe(desk, "p", tcp="localhost:1")
    probe(desk, "P", tcp="localhost:2")
    assert [p["target"] for p in values(desk.service.probe_list(**MACHINE, name="p"))] == ["localhost:2"]

    def remove() -> Json:
        return desk.service.probe_remove(**MACHINE, name="p", follow=desk.heard)

    assert remove() == {"removed": True}
    assert remove() == {"removed": False}
    with pytest.raises(ConnectedMachineError) as error:
        desk.service.probe_list(**MACHINE, name="p")
    refused(error, "ResourceNotFound")


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"tcp": "localhost:1", "http": "http://localhost"},
        {"command": []},
        {"command": [""]},
        {"command": ["a\0b"]},
        {"tcp": "localhost"},
        {"tcp": "localhost:0"},
        {"tcp": "localhost:65536"},
        {"tcp": ":80"},
        {"tcp": "http://localhost:80"},
        {"http": "ftp://localhost"},
        {"http": "http://"},
        {"http": "http://localhost:99999"},
        {"http": "localhost"},
        {"process_name": ""},
        {"process_name": "  "},
        {"service_name": "--no-pager"},
        {"service_name": "a\nb"},
        {"tcp": "localhost:1", "interval": 0},
        {"tcp": "localhost:1", "interval": float("nan")},
        {"tcp": "localhost:1", "interval": 3601},
        {"tcp": "localhost:1", "timeout": -1},
    ],
)
def test_a_probe_that_cannot_work_is_refused(desk: Desk, given: dict[str, object]) -> None:
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        probe(desk, "p", **given)

    refused(error, "InvalidProbe")
    assert desk.state() == before


@pytest.mark.parametrize("name", ["", "a/b", "a b", "a" * 65])
def test_a_probe_name_that_cannot_be_one_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        probe(desk, name, tcp="localhost:1")

    refused(error, "InvalidName")
