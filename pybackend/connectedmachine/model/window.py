"""Maintenance windows: when the version of what is installed may change.

A window is said in the local time of a time zone; ``upgrade.calendar`` says which moments it means.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from connectedmachine.model.errors import InvalidRequestError

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKS = ("First", "Second", "Third", "Fourth", "Last")
"""Of a month, as Azure's maintenance configurations have them: ``Second Tuesday``."""

LONGEST = timedelta(days=7)
SHORTEST = timedelta(minutes=1)
MOST_BLACKOUTS = 100

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_START = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


@dataclass(frozen=True)
class Blackout:
    """Local dates, the last included, on which a window does not open and at whose beginning it is cut."""

    first: date
    last: date

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}/{self.last}"


@dataclass(frozen=True)
class MaintenanceWindow:
    """A time that comes again, in which version changes may begin.

    Attributes:
        extension: The one that it is for, in place of the machine's; empty for the machine's own.
        time_zone: IANA's name of the zone whose clocks and calendar count.
        days: On which it opens, as positions in ``WEEKDAYS``.
        weeks: On which of those days of a month, by ``WEEKS``; empty for all of them.
        start: Local time at which it opens. One that a day does not have is the first moment after the gap;
            one that a day has twice counts the first time.
        duration: How long it stays open, in real time, across midnight and clock changes.
        spread: Each machine has its own beginning within this time after the start.
    """

    extension: str
    name: str
    time_zone: str
    days: tuple[int, ...]
    weeks: tuple[str, ...]
    start: time
    duration: timedelta
    blackouts: tuple[Blackout, ...] = ()
    spread: timedelta = timedelta()

    def __str__(self) -> str:
        days = "every day" if len(self.days) == len(WEEKDAYS) else ", ".join(WEEKDAYS[d] for d in self.days)
        weeks = f"{', '.join(self.weeks)} " if self.weeks else ""
        but = f", not on {', '.join(map(str, self.blackouts))}" if self.blackouts else ""
        return f"{weeks}{days} from {self.start:%H:%M} {self.time_zone} for {self.duration}{but}"


def checked_name(text: str) -> str:
    """Return a window's name.

    Raises:
        InvalidRequestError: ``InvalidName``.
    """
    if _NAME.fullmatch(text) is None:
        raise InvalidRequestError(
            "InvalidName",
            f"'{text}' is no name for a window.",
            target="windowName",
            hint="Use 1 to 64 letters, digits, dots, dashes and underscores.",
        )
    return text


def checked_zone(name: str) -> str:
    """Return a time zone's name as IANA's database has it.

    Raises:
        InvalidRequestError: ``InvalidWindow``: this host knows none of that name.
    """
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name).key
    # One that names a folder of the database, or leaves it, is no zone either.
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = "Use a name of IANA's database, such as Europe/Berlin for 'W. Europe Standard Time', or UTC."
        raise _invalid("timeZone", f"There is no time zone '{name}'", hint) from None


def parsed_days(names: Sequence[str]) -> tuple[int, ...]:
    """Positions in ``WEEKDAYS`` of names that may be cut to three letters; all seven when there are none.

    Raises:
        InvalidRequestError: ``InvalidWindow``.
    """
    known = {day.lower(): position for position, day in enumerate(WEEKDAYS)}
    known |= {day[:3]: position for day, position in known.items()}
    try:
        return tuple(sorted({known[name.lower()] for name in names})) or tuple(range(7))
    except KeyError as error:
        raise _invalid("days", f"{error} is no day", f"Use {', '.join(WEEKDAYS)}.") from None


def parsed_weeks(names: Sequence[str]) -> tuple[str, ...]:
    """Members of ``WEEKS``.

    Raises:
        InvalidRequestError: ``InvalidWindow``.
    """
    known = {week.lower(): week for week in WEEKS}
    try:
        chosen = {known[name.lower()] for name in names}
    except KeyError as error:
        raise _invalid("weeks", f"{error} is no week of a month", f"Use {', '.join(WEEKS)}.") from None
    return tuple(week for week in WEEKS if week in chosen)


def parsed_start(text: str) -> time:
    """The local time of ``22:00`` or ``22:00:30``.

    Raises:
        InvalidRequestError: ``InvalidWindow``.
    """
    match = _START.fullmatch(text)
    if match is None:
        raise _invalid("start", f"'{text}' is no time of day", "Use hours and minutes, such as 22:00.")
    hour, minute, second = (int(part or 0) for part in match.groups())
    return time(hour, minute, second)


def parsed_blackouts(texts: Sequence[str]) -> tuple[Blackout, ...]:
    """Dates and, with a slash between, ranges of them, in order.

    Raises:
        InvalidRequestError: ``InvalidWindow``.
    """
    hint = "Use a date such as 2026-12-24, or a range such as 2026-12-20/2027-01-03."
    if len(texts) > MOST_BLACKOUTS:
        raise _invalid("blackouts", f"{len(texts)} black-out dates are too many", "Use ranges.")
    found = set()
    for text in texts:
        first, slash, last = text.partition("/")
        try:
            blackout = Blackout(date.fromisoformat(first), date.fromisoformat(last if slash else first))
        except ValueError:
            raise _invalid("blackouts", f"'{text}' is no date and no range of dates", hint) from None
        if blackout.last < blackout.first:
            raise _invalid("blackouts", f"'{text}' ends before it begins", hint)
        found.add(blackout)
    return tuple(sorted(found, key=lambda blackout: (blackout.first, blackout.last)))


def checked_durations(duration: float, spread: float) -> tuple[timedelta, timedelta]:
    """How long a window is open, and within which part of that machines begin; seconds, to the second.

    Raises:
        InvalidRequestError: ``InvalidWindow``.
    """
    if not SHORTEST.total_seconds() <= duration <= LONGEST.total_seconds():
        raise _invalid("duration", "A window cannot be open for that long", "Use a minute to seven days.")
    if not 0 <= spread <= duration / 2:
        hint = "Use at most half of the duration, so that every machine has room to work."
        raise _invalid("spread", "Machines cannot be spread that far", hint)
    return timedelta(seconds=int(duration)), timedelta(seconds=int(spread))


def _invalid(target: str, problem: str, hint: str) -> InvalidRequestError:
    return InvalidRequestError("InvalidWindow", f"{problem}.", target=target, hint=hint)
