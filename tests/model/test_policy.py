"""Policy: where each value comes from, and what a user may set."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.handler import AGENT_COMMANDS, Command
from connectedmachine.model.policy import (
    ARC_2021,
    ARC_2025,
    DAY,
    VALUE_NAMES,
    Hold,
    Policy,
    checked_value,
    effective,
)
from connectedmachine.model.version import Version, VersionRequest

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ONE, TWO = Version.parse("1.0"), Version.parse("2.0")
LATER = ("retry_longest", "retry_limit", "retry_for", "retry_jitter")


def test_without_a_word_the_page_of_2021_is_in_force() -> None:
    policy, sources = effective({}, {})
    assert policy == ARC_2021
    assert set(sources.values()) == {"arc-2021 preset"}
    assert set(sources) == set(VALUE_NAMES)


def test_the_page_of_2021_watches_five_minutes_and_retries_every_three_days() -> None:
    assert (ARC_2021.health_window, ARC_2021.stable_for) == (300.0, 30.0)
    assert (ARC_2021.retry_interval, ARC_2021.retry_growth) == (3 * DAY, 1.0)
    assert (ARC_2021.healthy_for, ARC_2021.enrol_by_default) == (None, False)
    assert ARC_2021.manual_health_window == 0.0


def test_the_arc_of_2025_enrols_by_default_watches_nothing_and_retries_from_an_hour() -> None:
    assert ARC_2025.enrol_by_default
    assert (ARC_2025.health_window, ARC_2025.retry_interval) == (0.0, 3600.0)


def test_the_extension_goes_before_the_machine_and_the_machine_before_the_preset() -> None:
    policy, sources = effective(
        {"health_window": 60.0, "stable_for": 5.0}, {"health_window": 10.0, "healthy_for": None}
    )
    assert (policy.health_window, policy.stable_for, policy.healthy_for) == (10.0, 5.0, None)
    assert (sources["health_window"], sources["stable_for"], sources["healthy_for"]) == (
        "extension",
        "machine",
        "extension",
    )
    assert sources["retry_interval"] == "arc-2021 preset"


def test_a_preset_fills_what_no_level_sets() -> None:
    policy, sources = effective({"preset": "arc-2025"}, {"retry_interval": 7.0})
    assert policy == replace(ARC_2025, retry_interval=7.0)
    assert (sources["preset"], sources["health_window"]) == ("machine", "arc-2025 preset")


def test_an_extension_may_have_a_preset_of_its_own() -> None:
    policy, sources = effective({"preset": "arc-2025"}, {"preset": "arc-2021"})
    assert policy == ARC_2021
    assert sources["preset"] == "extension"


@pytest.mark.parametrize("preset", ["arc-2021", "arc-2025"])
def test_a_preset_is_taken_by_its_name(preset: str) -> None:
    assert checked_value("preset", preset) == preset


@pytest.mark.parametrize("preset", ["arc-2022", "", "ARC-2021", 2021, None, ["arc-2021"]])
def test_another_preset_is_refused_and_the_hint_names_all(preset: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        checked_value("preset", preset)
    assert caught.value.code == "InvalidPolicy"
    assert "arc-2021, arc-2025" in caught.value.hint


@given(st.floats(0, 365 * DAY) | st.integers(0, 365 * int(DAY)))
def test_a_duration_up_to_a_year_is_taken_in_seconds(value: float) -> None:
    assert checked_value("health_window", value) == float(value)


@pytest.mark.parametrize(
    "value", [-1, -0.001, 365 * DAY + 1, float("nan"), float("inf"), True, "60", None, [60]]
)
def test_what_is_no_such_duration_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        checked_value("health_window", value)
    assert (caught.value.code, caught.value.target) == ("InvalidPolicy", "health_window")


def test_commands_have_the_time_that_azure_gives_them() -> None:
    assert {str(command): ARC_2021.timeout(command) for command in AGENT_COMMANDS} == {
        "install": 900.0,
        "update": 900.0,
        "enable": 300.0,
        "disable": 900.0,
        "uninstall": 300.0,
    }


def test_each_command_has_a_timeout_of_its_own() -> None:
    policy, _ = effective({f"{command}_timeout": float(n) for n, command in enumerate(AGENT_COMMANDS, 1)}, {})
    assert [policy.timeout(command) for command in AGENT_COMMANDS] == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_reset_of_state_has_the_time_of_an_enable() -> None:
    policy, _ = effective({"enable_timeout": 7.0}, {})
    assert policy.timeout(Command.RESET_STATE) == 7.0


def test_a_policy_of_a_journal_without_later_values_has_the_default_ones() -> None:
    written = {
        name: value
        for name, value in asdict(ARC_2021).items()
        if not name.endswith("_timeout") and name not in LATER
    }
    assert Policy(**written) == ARC_2021


@pytest.mark.parametrize("command", AGENT_COMMANDS)
def test_a_command_without_time_is_refused(command: Command) -> None:
    with pytest.raises(InvalidRequestError):
        checked_value(f"{command}_timeout", 0)


@pytest.mark.parametrize("name", ["sample_interval", "rollback_pause", "retry_interval"])
def test_what_would_make_a_busy_loop_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        checked_value(name, 0)


def test_a_hold_covers_one_version_or_all() -> None:
    every, one = Hold("e", None, None, "", NOW), Hold("e", VersionRequest.parse("1.0.0.0"), None, "", NOW)
    assert every.applies(ONE, NOW)
    assert every.applies(TWO, NOW)
    assert one.applies(ONE, NOW)
    assert not one.applies(TWO, NOW)


def test_a_hold_on_a_short_version_covers_all_below_it() -> None:
    hold = Hold("e", VersionRequest.parse("1.2"), None, "", NOW)
    covered = [text for text in ("1.2", "1.2.7", "1.2.0-beta", "1.20", "1.3") if _holds(hold, text)]
    assert covered == ["1.2", "1.2.7", "1.2.0-beta"]


def _holds(hold: Hold, text: str) -> bool:
    return hold.applies(Version.parse(text), NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retry_growth", 0.5),
        ("retry_growth", float("nan")),
        ("retry_limit", 2.5),
        ("retry_limit", -1),
        ("retry_limit", True),
        ("retry_jitter", 1.1),
        ("enrol_by_default", 1),
        ("enrol_by_default", "true"),
    ],
)
def test_a_number_out_of_its_bounds_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        checked_value(name, value)
    assert (caught.value.code, caught.value.target) == ("InvalidPolicy", name)


def test_a_hold_without_an_end_never_ends_and_one_with_ends_then() -> None:
    assert Hold("e", None, None, "", NOW).applies(ONE, NOW + timedelta(days=36_500))
    hold = Hold("e", None, NOW, "", NOW)
    assert hold.applies(ONE, NOW - timedelta(microseconds=1))
    assert not hold.applies(ONE, NOW)
