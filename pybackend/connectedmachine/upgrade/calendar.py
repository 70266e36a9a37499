"""Which moments a machine's maintenance windows mean. Pure.

Every day on which a window opens gives one opening: from its start, at the machine's own place in the
spread, for its duration in real time. An opening on a black-out date is none, and one that comes to a
black-out date ends where that date begins. Computed in UTC; the zone's clocks are asked only for the
moment that a local time means.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from connectedmachine.model.window import WEEKS, MaintenanceWindow
from connectedmachine.upgrade.jitter import share

HORIZON = timedelta(days=400)
"""How far ahead an opening is looked for: more than a year, so that a yearly one is found."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
# No zone is further from UTC than a day, and none ever left out more than one.
_MARGIN = 2 * _DAY


@dataclass(frozen=True)
class Opening:
    """From ``begin`` to just before ``end``, a machine may begin to change versions; both in UTC."""

    begin: datetime
    end: datetime


@dataclass(frozen=True)
class Closed:
    """No window is open. ``opens``: when the next one does, ``None`` when none does within the horizon."""

    message: str
    opens: datetime | None


def is_open(windows: Sequence[MaintenanceWindow], now: datetime, machine_id: str) -> bool:
    """Say whether version changes may begin at ``now``; without any window they always may."""
    return not windows or closes_at(windows, now, machine_id) is not None


def closes_at(windows: Sequence[MaintenanceWindow], now: datetime, machine_id: str) -> datetime | None:
    """When the last of the openings that cover ``now`` ends; ``None`` when none does."""
    ends = [
        opening.end
        for window in windows
        for opening in openings(window, machine_id, now - window.duration, now)
        if opening.begin <= now < opening.end
    ]
    return max(ends, default=None)


def next_opening(windows: Sequence[MaintenanceWindow], now: datetime, machine_id: str) -> datetime | None:
    """The first moment after ``now`` at which an opening begins; ``None`` when none does within 400 days."""
    horizon = now + HORIZON
    found = None
    for window in windows:
        begins = (opening.begin for opening in openings(window, machine_id, now, horizon))
        first = next((begin for begin in begins if begin > now), None)
        if first is not None and (found is None or first < found):
            found = horizon = first
    return found


def closed(windows: Sequence[MaintenanceWindow], now: datetime, machine_id: str) -> Closed | None:
    """Why no version change may begin at ``now``; ``None`` when one may."""
    if is_open(windows, now, machine_id):
        return None
    opens = next_opening(windows, now, machine_id)
    if opens is None:
        return Closed("No maintenance window opens within the next 400 days.", None)
    return Closed(f"The next maintenance window opens at {opens:%Y-%m-%d %H:%M:%S} UTC.", opens)


def openings(
    window: MaintenanceWindow, machine_id: str, first: datetime, last: datetime
) -> Iterator[Opening]:
    """The openings of a window, in order: all that begin from ``first`` to ``last``, and some around them."""
    zone = _zone(window.time_zone)
    if zone is None:
        return
    part = share(machine_id)
    day, end = (first - _MARGIN - window.spread).date(), (last + _MARGIN).date()
    while day <= end:
        if _opens_on(window, day):
            opening = _opening(window, zone, day, part)
            if opening is not None:
                yield opening
        day += _DAY


def _opens_on(window: MaintenanceWindow, day: date) -> bool:
    if day.weekday() not in window.days:
        return False
    if not window.weeks:
        return True
    # A fifth one is the last and nothing else.
    ordinal, is_last = (day.day - 1) // 7, day.day + 7 > monthrange(day.year, day.month)[1]
    return WEEKS[ordinal] in window.weeks or (is_last and WEEKS[-1] in window.weeks)


def _opening(window: MaintenanceWindow, zone: tzinfo, day: date, part: float) -> Opening | None:
    start = moment_of(datetime.combine(day, window.start), zone)
    end = start + window.duration
    # A start that the day does not have may be on the next one.
    opened = start.astimezone(zone).date()
    if any(b.first <= day <= b.last or b.first <= opened <= b.last for b in window.blackouts):
        return None
    for blackout in window.blackouts:
        if not day < blackout.first <= (end + _MARGIN).date():
            continue
        cut = moment_of(datetime.combine(blackout.first, time()), zone)
        if start < cut < end:
            end = cut
    # What a black-out date leaves of it may be short: half of that is always left to work in.
    spread = min(window.spread, (end - start) / 2)
    return Opening(start + timedelta(seconds=int(spread.total_seconds() * part)), end)


def moment_of(local: datetime, zone: tzinfo) -> datetime:
    """The first moment, in UTC and whole seconds, at which clocks of a zone show ``local`` or later.

    Args:
        local: Without a zone, and without microseconds.
    """
    later = local.replace(tzinfo=zone).astimezone(UTC)
    if later.astimezone(zone).replace(tzinfo=None) == local:
        return later
    # It is in a gap, which lies between what it would be by the clocks after it and by those before it.
    earlier = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while later - earlier > _SECOND:
        middle = earlier + timedelta(seconds=(later - earlier) // _SECOND // 2)
        if middle.astimezone(zone).replace(tzinfo=None) >= local:
            later = middle
        else:
            earlier = middle
    return later


def _zone(name: str) -> tzinfo | None:
    """A time zone; ``None`` where this host has lost it, so that the window stays closed."""
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def stays_for(opens: datetime | None, now: datetime, interval: float) -> bool:
    """Say whether a runner stays until ``opens``, because no pass may come before it is over.

    Args:
        interval: Seconds from one pass to the next, as they are expected.
    """
    return opens is not None and opens - now <= timedelta(seconds=interval)
