"""From what a handler says to its health, and from samples to a verdict (design page section 6)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.handler import HandlerStatus, Heartbeat, Readiness, StatusKind
from connectedmachine.model.health import Health, Sample, SourceHealth
from connectedmachine.upgrade.health import (
    excused,
    handler_health,
    handler_source,
    handler_state,
    judge,
    probe_source,
    worst,
)

GOOD, COMING, BAD, UNSEEN = Health.HEALTHY, Health.INITIALIZING, Health.UNHEALTHY, Health.UNKNOWN
WRITTEN, AGED = 1_700_000_000.0, 0.0
READY = Heartbeat(True, "0", "ready", 1.0)


def status(kind: StatusKind, written: float | None = WRITTEN, message: str = "says so") -> HandlerStatus:
    return HandlerStatus(kind, "0", message, written)


def health_of(
    report: HandlerStatus,
    heartbeat: Heartbeat | None = None,
    *,
    enabled: bool = True,
    has_settings: bool = True,
    reports_heartbeat: bool = False,
) -> Health:
    return handler_health(
        report,
        heartbeat,
        enabled=enabled,
        has_settings=has_settings,
        reports_heartbeat=reports_heartbeat,
    ).health


# A handler.


@pytest.mark.parametrize(
    ("kind", "health"),
    [
        (StatusKind.SUCCESS, GOOD),
        (StatusKind.WARNING, GOOD),
        (StatusKind.TRANSITIONING, COMING),
        (StatusKind.ERROR, BAD),
    ],
)
def test_what_a_status_says_is_the_handlers_health(kind: StatusKind, health: Health) -> None:
    assert health_of(status(kind)) is health


@pytest.mark.parametrize("kind", StatusKind)
@pytest.mark.parametrize("written", [AGED, 315_532_800.0], ids=["oldest time", "oldest time on FAT"])
def test_a_status_that_was_aged_by_this_enable_does_not_count(kind: StatusKind, written: float) -> None:
    assert health_of(status(kind, written=written)) is COMING


def test_no_status_yet_is_initializing() -> None:
    assert health_of(status(StatusKind.TRANSITIONING, written=None)) is COMING


def test_a_handler_without_settings_owes_no_status() -> None:
    assert health_of(status(StatusKind.TRANSITIONING, written=None), has_settings=False) is GOOD


def test_a_handler_without_settings_that_reports_an_error_is_believed() -> None:
    assert health_of(status(StatusKind.ERROR), has_settings=False) is BAD


def test_a_handler_that_is_not_enabled_is_unhealthy_whatever_it_says() -> None:
    assert health_of(status(StatusKind.SUCCESS), READY, enabled=False) is BAD


@pytest.mark.parametrize(
    "heartbeat",
    [None, Heartbeat(False, "0", "", 1.0), Heartbeat(True, "0", "", 600.1)],
    ids=["missing", "not ready", "stale"],
)
def test_a_promised_heartbeat_that_is_missing_stale_or_not_ready_is_unhealthy(
    heartbeat: Heartbeat | None,
) -> None:
    assert health_of(status(StatusKind.SUCCESS), heartbeat, reports_heartbeat=True) is BAD


@pytest.mark.parametrize(
    ("age", "state"),
    [(0.0, Readiness.READY), (600.0, Readiness.READY), (600.001, Readiness.UNRESPONSIVE)],
)
def test_a_heartbeat_counts_for_600_seconds(age: float, state: Readiness) -> None:
    said = handler_state(Heartbeat(True, "0", "", age), enabled=True, reports_heartbeat=True)
    assert said[0] is state


def test_nothing_of_an_earlier_and_worse_heartbeat_sticks() -> None:
    bad = Heartbeat(False, "-1", "The heartbeat is not JSON.", 1.0)
    assert handler_state(bad, enabled=True, reports_heartbeat=True) == (
        Readiness.NOT_READY,
        "-1",
        "The heartbeat is not JSON.",
    )
    assert handler_state(READY, enabled=True, reports_heartbeat=True) == (Readiness.READY, "0", "ready")


def test_a_heartbeat_that_was_not_promised_is_not_asked_for() -> None:
    assert health_of(status(StatusKind.SUCCESS), Heartbeat(False, "0", "", 9_999.0)) is GOOD


def test_a_ready_heartbeat_does_not_outweigh_the_status() -> None:
    assert health_of(status(StatusKind.ERROR), READY, reports_heartbeat=True) is BAD
    assert health_of(status(StatusKind.SUCCESS), READY, reports_heartbeat=True) is GOOD


def test_an_unhealthy_handler_says_why_in_its_own_words() -> None:
    said = handler_health(
        status(StatusKind.ERROR, message="no route to host"),
        None,
        enabled=True,
        has_settings=True,
        reports_heartbeat=False,
    )
    assert said.message == "no route to host"


# A machine at one moment.


def sample(observed: float = 0.0, /, **sources: Health) -> Sample:
    return Sample(observed, {name: SourceHealth(health, f"{name}!") for name, health in sources.items()})


@pytest.mark.parametrize(
    ("sources", "health"),
    [
        ((), GOOD),
        ((GOOD, GOOD), GOOD),
        ((GOOD, UNSEEN), UNSEEN),
        ((UNSEEN, COMING), COMING),
        ((COMING, BAD, UNSEEN), BAD),
    ],
)
def test_machine_health_is_the_worst_of_its_sources(sources: Sequence[Health], health: Health) -> None:
    named = {f"s{n}": source for n, source in enumerate(sources)}
    assert worst(sample(0.0, **named)).health is health


def test_the_message_names_every_source_that_decided_and_no_other() -> None:
    message = worst(sample(web=BAD, disk=COMING, port=BAD)).message
    assert message == "web is Unhealthy: web!; port is Unhealthy: port!"


def test_a_source_that_is_passed_over_does_not_count() -> None:
    assert worst(sample(a=BAD, b=GOOD), {"a"}).health is GOOD


def test_the_names_of_sources_are_apart() -> None:
    assert handler_source("Contoso.Sample.Agent") == "handler:contoso.sample.agent"
    assert probe_source("Agent") == "probe:Agent"


# The baseline.


def test_what_was_not_healthy_before_is_excused() -> None:
    before = sample(a=BAD, b=GOOD, c=COMING, d=UNSEEN, me=GOOD)
    assert excused(before, before, {"me"}) == {"a", "c", "d"}


def test_what_was_on_its_way_up_before_and_has_failed_since_is_not_excused() -> None:
    assert excused(sample(a=COMING, b=COMING), sample(a=BAD, b=COMING), ()) == {"b"}


def test_the_extension_that_is_upgraded_is_never_excused() -> None:
    assert excused(sample(me=BAD, other=BAD), sample(me=BAD, other=BAD), {"me"}) == {"other"}


# The verdict.


def series(*healths: Health, every: float = 10.0) -> list[Sample]:
    return [sample(number * every, me=health) for number, health in enumerate(healths)]


def verdict(
    samples: Sequence[Sample], *, stable_for: float = 30.0, healthy_for: float | None = None
) -> bool | None:
    return judge(samples, window=100.0, stable_for=stable_for, healthy_for=healthy_for).healthy


def test_there_is_no_verdict_without_a_sample() -> None:
    assert verdict([]) is None


@pytest.mark.parametrize("health", Health)
def test_there_is_no_verdict_before_the_deadline(health: Health) -> None:
    assert verdict(series(*[health] * 10)) is None


def test_healthy_all_along_is_good_at_the_deadline() -> None:
    assert verdict(series(*[GOOD] * 11)) is True


@pytest.mark.parametrize("health", [COMING, BAD])
def test_anything_known_but_healthy_at_the_deadline_is_not_good(health: Health) -> None:
    assert verdict(series(*[GOOD] * 10, health)) is False


def test_healthy_for_the_last_stable_seconds_is_good_whatever_was_before() -> None:
    assert verdict(series(*[BAD] * 7, *[GOOD] * 4)) is True


def test_healthy_for_less_than_that_is_not_good() -> None:
    judged = judge(series(*[BAD] * 8, *[GOOD] * 3), window=100.0, stable_for=30.0, healthy_for=None)
    assert judged.healthy is False
    assert "healthy for the last 20 s only, 30 s are asked for" in judged.message


@pytest.mark.parametrize("broken", range(7, 11))
def test_a_break_within_the_last_stable_seconds_is_not_good(broken: int) -> None:
    healths = [GOOD] * 11
    healths[broken] = BAD
    assert verdict(series(*healths)) is False


def test_a_stable_time_longer_than_the_window_means_all_of_it() -> None:
    assert verdict(series(*[GOOD] * 11), stable_for=500.0) is True
    assert verdict(series(COMING, *[GOOD] * 10), stable_for=500.0) is False


def test_healthy_for_ends_the_window_early() -> None:
    assert verdict(series(COMING, GOOD, GOOD), healthy_for=20.0) is None
    assert verdict(series(COMING, GOOD, GOOD, GOOD), healthy_for=20.0) is True


def test_healthy_for_never_ends_it_badly() -> None:
    assert verdict(series(GOOD, GOOD, BAD, BAD), healthy_for=20.0) is None


def test_an_excused_source_does_not_count_against_the_upgrade() -> None:
    samples = [sample(n * 10.0, me=GOOD, other=BAD) for n in range(11)]
    assert judge(samples, window=100.0, stable_for=30.0, healthy_for=None).healthy is False
    assert (
        judge(samples, window=100.0, stable_for=30.0, healthy_for=None, passed_over={"other"}).healthy is True
    )


def test_a_bad_verdict_names_the_source_that_decided() -> None:
    samples = [sample(n * 10.0, me=GOOD, web=BAD) for n in range(11)]
    assert "web is Unhealthy: web!" in judge(samples, window=100.0, stable_for=30.0, healthy_for=None).message


# What was not seen.


def test_observed_time_counts_not_the_number_of_samples() -> None:
    """However long no runner lived, its samples say how much of the window was observed."""
    assert verdict(series(GOOD, GOOD, GOOD, every=40.0)) is None
    assert verdict(series(GOOD, GOOD, GOOD, every=50.0)) is True


def test_an_unknown_sample_does_not_break_a_healthy_stretch() -> None:
    assert verdict(series(*[GOOD] * 8, UNSEEN, UNSEEN, GOOD)) is True


def test_an_unknown_sample_at_the_deadline_puts_it_off() -> None:
    assert verdict(series(*[GOOD] * 10, UNSEEN)) is None
    assert verdict(series(*[GOOD] * 10, UNSEEN, UNSEEN, GOOD)) is True
    assert verdict(series(*[GOOD] * 10, UNSEEN, UNSEEN, BAD)) is False


def test_a_stretch_that_began_unseen_is_looked_at_until_it_is_long_enough() -> None:
    assert verdict(series(*[UNSEEN] * 11, GOOD)) is None
    assert verdict(series(*[UNSEEN] * 11, *[GOOD] * 3)) is None
    assert verdict(series(*[UNSEEN] * 11, *[GOOD] * 4)) is True
    assert verdict(series(*[UNSEEN] * 11, GOOD, GOOD, BAD)) is False


def test_a_deadline_is_put_off_by_a_window_at_most() -> None:
    assert verdict(series(*[UNSEEN] * 20)) is None
    assert verdict(series(*[UNSEEN] * 21)) is False


HEALTHS = st.lists(st.sampled_from(Health), min_size=1, max_size=25)


@given(HEALTHS, st.data())
def test_a_sample_that_is_missing_never_rolls_back(healths: list[Health], data: st.DataObject) -> None:
    """Where a good sample could not be taken, the verdict is the same or is put off for a window."""
    missing = data.draw(st.sets(st.integers(0, len(healths) - 1)))
    less = [UNSEEN if n in missing and health is GOOD else health for n, health in enumerate(healths)]
    if verdict(series(*healths)) is not False and len(healths) <= 20:
        assert verdict(series(*less)) is not False


@given(HEALTHS)
def test_there_is_always_a_verdict_after_two_windows(healths: list[Health]) -> None:
    assert verdict(series(*healths, *[UNSEEN] * 20, healths[0])) is not None


@given(HEALTHS)
def test_a_good_verdict_needs_a_healthy_last_sample(healths: list[Health]) -> None:
    if verdict(series(*healths), healthy_for=20.0):
        assert healths[-1] is GOOD


@given(HEALTHS, st.integers(0, 10))
def test_one_bad_source_at_the_deadline_is_enough_to_roll_back(healths: list[Health], others: int) -> None:
    names = {f"other{n}": GOOD for n in range(others)}
    samples = [sample(n * 10.0, me=health, **names) for n, health in enumerate(healths)]
    samples.append(sample(max(100.0, len(healths) * 10.0), me=BAD, **names))
    assert verdict(samples) is False
