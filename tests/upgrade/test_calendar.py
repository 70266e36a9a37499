"""Which moments maintenance windows mean: days, weeks, clock changes, black-outs, each machine's place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation.calendars import ZONES, run

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.window import (
    Blackout,
    MaintenanceWindow,
    checked_durations,
    checked_zone,
    parsed_blackouts,
    parsed_days,
    parsed_start,
    parsed_weeks,
)
from connectedmachine.upgrade.calendar import (
    closed,
    closes_at,
    is_open,
    moment_of,
    next_opening,
    stays_for,
)
from connectedmachine.upgrade.jitter import share

EVERY_DAY = tuple(range(7))
HOUR = timedelta(hours=1)
NIGHT = MaintenanceWindow("", "night", "Europe/Berlin", EVERY_DAY, (), time(22), 6 * HOUR)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type] # no zone is among the parts


def opening_after(
    window: MaintenanceWindow, now: datetime, machine_id: str = "m"
) -> tuple[datetime, datetime]:
    """The next opening, seen from outside: when it opens, and when it then closes."""
    begin = next_opening([window], now, machine_id)
    assert begin is not None
    assert not is_open([window], begin - timedelta(seconds=1), machine_id)
    end = closes_at([window], begin, machine_id)
    assert end is not None
    assert is_open([window], end - timedelta(seconds=1), machine_id)
    assert not is_open([window], end, machine_id)
    return begin, end


def test_generated_calendars_start_nothing_outside_and_use_every_window() -> None:
    found = run(300, 20261125)
    assert (found.outside, found.unused) == (0, 0)
    assert found.windows > 2000
    assert found.starts >= found.windows


def test_without_a_window_it_is_always_open() -> None:
    assert is_open([], utc(2026, 1, 1), "m")
    assert closed([], utc(2026, 1, 1), "m") is None


def test_a_window_goes_on_across_midnight() -> None:
    assert opening_after(NIGHT, utc(2026, 1, 15, 12)) == (utc(2026, 1, 15, 21), utc(2026, 1, 16, 3))


def test_the_days_are_those_on_which_it_opens() -> None:
    saturday = replace(NIGHT, days=(5,))
    assert opening_after(saturday, utc(2026, 1, 15, 12)) == (utc(2026, 1, 17, 21), utc(2026, 1, 18, 3))


def test_the_second_tuesday_and_the_last_one() -> None:
    second = replace(NIGHT, days=(1,), weeks=("Second",))
    assert opening_after(second, utc(2026, 9, 1))[0].date() == date(2026, 9, 8)
    last = replace(NIGHT, days=(1,), weeks=("Last",))
    assert opening_after(last, utc(2026, 9, 1))[0].date() == date(2026, 9, 29)


def test_a_start_that_the_day_does_not_have_is_the_first_moment_after_the_gap() -> None:
    gap = replace(NIGHT, start=time(2, 30), duration=HOUR)
    assert opening_after(gap, utc(2026, 3, 28, 12)) == (utc(2026, 3, 29, 1), utc(2026, 3, 29, 2))


def test_a_start_that_comes_twice_opens_once_and_the_first_time() -> None:
    twice = replace(NIGHT, start=time(2, 30), duration=HOUR / 2)
    assert opening_after(twice, utc(2026, 10, 24, 12)) == (utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1))
    assert opening_after(twice, utc(2026, 10, 25, 1))[0] == utc(2026, 10, 26, 1, 30)


def test_the_duration_is_real_time_when_clocks_change() -> None:
    begin, end = opening_after(NIGHT, utc(2026, 3, 28, 12))
    assert (begin, end - begin) == (utc(2026, 3, 28, 21), 6 * HOUR)


def test_a_day_that_a_zone_left_out_opens_after_it() -> None:
    assert moment_of(datetime(2011, 12, 30, 12), ZoneInfo("Pacific/Apia")) == utc(2011, 12, 30, 10)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2037, 1, 1)).map(lambda local: local.replace(microsecond=0)),
    st.sampled_from(ZONES),
)
def test_a_local_time_is_the_first_moment_that_shows_it_or_later(local: datetime, zone: str) -> None:
    clock = ZoneInfo(zone)
    moment = moment_of(local, clock)
    assert moment.astimezone(clock).replace(tzinfo=None) >= local
    assert (moment - timedelta(seconds=1)).astimezone(clock).replace(tzinfo=None) < local


def test_on_a_blackout_date_it_does_not_open() -> None:
    holidays = replace(NIGHT, blackouts=(Blackout(date(2026, 12, 20), date(2027, 1, 3)),))
    assert opening_after(holidays, utc(2026, 12, 20, 12))[0] == utc(2027, 1, 4, 21)


def test_a_window_is_cut_where_a_blackout_date_begins() -> None:
    eve = replace(NIGHT, blackouts=(Blackout(date(2026, 12, 24), date(2026, 12, 24)),))
    assert opening_after(eve, utc(2026, 12, 23, 12)) == (utc(2026, 12, 23, 21), utc(2026, 12, 23, 23))


def test_a_year_of_blackout_dates_is_said_in_words() -> None:
    never = replace(NIGHT, blackouts=(Blackout(date(2026, 1, 1), date(2028, 1, 1)),))
    found = closed([never], utc(2026, 6, 1), "m")
    assert found is not None
    assert (found.opens, found.message) == (None, "No maintenance window opens within the next 400 days.")


def test_a_zone_that_this_host_has_lost_keeps_its_window_closed() -> None:
    lost = replace(NIGHT, time_zone="Nowhere/Gone")
    assert not is_open([lost], utc(2026, 1, 15, 22), "m")
    assert next_opening([lost], utc(2026, 1, 15, 22), "m") is None


@settings(max_examples=20)
@given(st.text(min_size=1), st.sampled_from([timedelta(), HOUR, 3 * HOUR]))
def test_each_machine_keeps_its_own_beginning_within_the_spread(machine_id: str, spread: timedelta) -> None:
    window = replace(NIGHT, spread=spread)
    begin, end = opening_after(window, utc(2026, 1, 15, 12), machine_id)
    again, _ = opening_after(window, utc(2026, 1, 16, 12), machine_id)
    assert utc(2026, 1, 15, 21) <= begin <= utc(2026, 1, 15, 21) + spread
    assert (again - begin, end) == (24 * HOUR, utc(2026, 1, 16, 3))


def test_machines_are_spread_over_the_whole_of_it() -> None:
    shares = [share(f"machine {number}") for number in range(200)]
    assert min(shares) < 0.05
    assert max(shares) > 0.95


def test_what_a_blackout_date_leaves_of_a_window_is_spread_over_its_first_half() -> None:
    eve = replace(NIGHT, blackouts=(Blackout(date(2026, 12, 24), date(2026, 12, 24)),), spread=3 * HOUR)
    begins = [opening_after(eve, utc(2026, 12, 23, 12), f"machine {n}")[0] for n in range(50)]
    assert max(begins) <= utc(2026, 12, 23, 22)


def test_of_several_windows_any_opens_and_the_last_closes() -> None:
    early = replace(NIGHT, start=time(20), duration=3 * HOUR)
    assert next_opening([NIGHT, early], utc(2026, 1, 15, 12), "m") == utc(2026, 1, 15, 19)
    assert closes_at([NIGHT, early], utc(2026, 1, 15, 21, 30), "m") == utc(2026, 1, 16, 3)


def test_a_runner_stays_for_an_opening_before_the_next_pass() -> None:
    now = utc(2026, 1, 15)
    assert stays_for(now + HOUR, now, 3600.0)
    assert not stays_for(now + HOUR, now, 3599.0)
    assert not stays_for(None, now, 86_400.0)


@pytest.mark.parametrize(
    ("parse", "target"),
    [
        (lambda: checked_zone("W. Europe Standard Time"), "timeZone"),
        (lambda: checked_zone("Europe"), "timeZone"),
        (lambda: checked_zone("../../etc/passwd"), "timeZone"),
        (lambda: checked_zone(""), "timeZone"),
        (lambda: parsed_days(["Caturday"]), "days"),
        (lambda: parsed_weeks(["Fifth"]), "weeks"),
        (lambda: parsed_start("24:00"), "start"),
        (lambda: parsed_start("\u0661\u0662:00"), "start"),
        (lambda: parsed_blackouts(["2026-02-30"]), "blackouts"),
        (lambda: parsed_blackouts(["2026-12-24/2026-12-23"]), "blackouts"),
        (lambda: parsed_blackouts(["2026-12-24"] * 101), "blackouts"),
        (lambda: checked_durations(59, 0), "duration"),
        (lambda: checked_durations(7 * 86_400 + 1, 0), "duration"),
        (lambda: checked_durations(3600, 1801), "spread"),
        (lambda: checked_durations(float("nan"), 0), "duration"),
    ],
)
def test_what_is_no_window_is_refused_by_name(parse: object, target: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        parse()  # type: ignore[operator] # each case is a function
    assert (error.value.code, error.value.target) == ("InvalidWindow", target)
    assert error.value.hint


def test_days_weeks_and_dates_are_read_as_people_write_them() -> None:
    assert parsed_days(["sun", "Monday"]) == (0, 6)
    assert parsed_days([]) == EVERY_DAY
    assert parsed_weeks(["last", "Second"]) == ("Second", "Last")
    assert parsed_start("2:05") == time(2, 5)
    assert [str(b) for b in parsed_blackouts(["2026-12-30/2027-01-02", "2026-05-01"])] == [
        "2026-05-01",
        "2026-12-30/2027-01-02",
    ]
