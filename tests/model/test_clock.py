"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.clock import from_text, to_text

OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)


@given(MOMENTS)
def test_a_moment_is_read_back_as_it_was_written(moment: datetime) -> None:
    assert from_text(to_text(moment)) == moment


@given(MOMENTS, MOMENTS)
def test_texts_sort_as_moments_do(first: datetime, second: datetime) -> None:
    assert (to_text(first) < to_text(second)) is (first < second)


def test_the_text_is_utc_with_microseconds() -> None:
    eastern = timezone(timedelta(hours=-5))
    moment = datetime(2026, 11, 25, 20, 30, tzinfo=eastern)
    assert to_text(moment) == "2026-11-26T01:30:00.000000Z"


def test_a_time_without_an_offset_is_utc() -> None:
    assert from_text("2026-11-25T08:00:00") == datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-25T09:00:00+01:00", "2026-11-25T08:00:00Z"])
def test_an_offset_is_honoured(text: str) -> None:
    assert from_text(text) == datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "tomorrow", "25.11.2026", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)
