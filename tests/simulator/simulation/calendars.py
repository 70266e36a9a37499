"""Generated calendars and clocks: nothing starts outside a window, and every reachable window is used.

Each calendar is lived through for three weeks by a machine that is up and down and always has something
due once per window. When windows are open is said by an oracle that knows nothing of the product's
arithmetic: it walks along the clock on the wall of each zone, a quarter of an hour at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from operator import add
from random import Random
from zoneinfo import ZoneInfo

from connectedmachine.model.window import LONGEST, WEEKS, Blackout, MaintenanceWindow
from connectedmachine.upgrade.calendar import closes_at, is_open, next_opening, stays_for

# Half an hour, a quarter and two hours of daylight saving; gaps at midnight; and the day of Samoa's zone.
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Antarctica/Troll",
)
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LIVED = 21 * DAY
INTERVAL = DAY.total_seconds()
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Result:
    """``windows``: openings that were reachable; ``unused``: those of them in which nothing started."""

    calendars: int = 0
    windows: int = 0
    starts: int = 0
    outside: int = 0
    unused: int = 0

    def and_(self, other: Result) -> Result:
        """The two together."""
        return Result(*map(add, astuple(self), astuple(other)))


def run(count: int, seed: int, first: int = 0) -> Result:
    """Live through ``count`` calendars from number ``first`` on; the same seed is the same calendars."""
    windows = starts = outside = unused = 0
    for number in range(first, first + count):
        random = Random(f"{seed}/{number}")  # it is to be repeated, not to be secret
        machine_id = f"machine-{random.randrange(1000)}"
        calendar = [_window(random, name) for name in "abc"[: random.choice((1, 1, 1, 2, 3))]]
        begin = FIRST + timedelta(seconds=random.randrange(365 * 86_400))
        changes = _changes(calendar[0].time_zone)
        if changes and number % 2:
            # Half of them live through a change of the clocks, with a window that opens about then.
            change, shown = random.choice(changes)
            begin = change - timedelta(seconds=random.randrange(19 * 86_400))
            start = (shown + QUARTER * random.randint(-8, 8)).time()
            calendar[0] = replace(calendar[0], start=start, days=tuple(range(7)), weeks=())
        ups = _ups(random, begin)
        opened = _merged([span for window in calendar for span in oracle(window, machine_id, begin)])
        began = _live(calendar, machine_id, ups)
        reachable = [(a, b) for a, b in opened if any(max(a, up) < min(b, down) for up, down in ups)]
        windows += len(reachable)
        starts += len(began)
        outside += sum(not any(a <= start < b for a, b in opened) for start in began)
        unused += sum(not any(a <= start < b for start in began) for a, b in reachable)
        # A clock may show any other moment, too: the first and the last of each opening are the hard ones.
        for a, b in opened:
            if begin < a and b < begin + LIVED:
                outside += is_open(calendar, a - SECOND, machine_id) + is_open(calendar, b, machine_id)
                unused += not is_open(calendar, a, machine_id)
                unused += not is_open(calendar, b - SECOND, machine_id)
    return Result(count, windows, starts, outside, unused)


def _window(random: Random, name: str) -> MaintenanceWindow:
    quarters = random.choice((1, 4, 8, 16, 24, 96, 97, 200, int(LONGEST / QUARTER)))
    duration = QUARTER * random.randint(1, quarters)
    weeks = tuple(w for w in WEEKS if random.random() < 0.4) if random.random() < 0.3 else ()
    # Around midnight and in the small hours is where clocks change.
    quarter = random.choice((random.randrange(96), random.randrange(16), 95 - random.randrange(8)))
    first = FIRST.date() + timedelta(days=random.randrange(380))
    blackouts = tuple(
        Blackout(day, day + timedelta(days=random.choice((0, 0, 1, 6, 30))))
        for day in (first + timedelta(days=random.randrange(20)) for _ in range(random.choice((0, 0, 1, 4))))
    )
    return MaintenanceWindow(
        "",
        name,
        random.choice(ZONES),
        tuple(sorted(random.sample(range(7), random.randint(1, 7)))),
        weeks,
        time(*divmod(quarter * 15, 60)),
        duration,
        blackouts,
        duration * random.choice((0, 0, 0.1, 0.5)),
    )


def _ups(random: Random, begin: datetime) -> list[Span]:
    """When the machine is up: now and then, most of the time, or always."""
    longest_up, longest_down = random.choice(((6, 60), (48, 12), (400, 1), (24 * 30, 0)))
    moment, end, spans = begin, begin + LIVED, []
    while moment < end:
        down = min(end, moment + timedelta(seconds=random.randint(1, longest_up * 3600)))
        spans.append((moment, down))
        moment = down + timedelta(seconds=random.randint(0, longest_down * 3600) + 1)
    return spans


def _live(calendar: Sequence[MaintenanceWindow], machine_id: str, ups: Sequence[Span]) -> list[datetime]:
    """When something starts: it looks at every boot and once a day, and stays as a runner does."""
    starts = []
    done_until = ups[0][0]
    for up, down in ups:
        now = max(up, done_until)
        while now < down:
            if is_open(calendar, now, machine_id):
                starts.append(now)
                closes = closes_at(calendar, now, machine_id)
                assert closes is not None
                now = done_until = closes
                continue
            opens = next_opening(calendar, now, machine_id)
            daily = now + timedelta(seconds=INTERVAL)
            now = opens if opens is not None and stays_for(opens, now, INTERVAL) else daily
    return starts


# The oracle.


def oracle(window: MaintenanceWindow, machine_id: str, begin: datetime) -> list[Span]:
    """The openings of a window around the weeks that are lived through."""
    clock = _wall_clock(window.time_zone)
    position = int((begin - LONGEST - 3 * DAY - FIRST) / QUARTER) + _BEFORE
    day, last = clock[position].date() + DAY, (begin + LIVED + 2 * DAY).date()
    spans = []
    while day <= last:
        # The first moment at which the clock shows the start, or something later.
        start = datetime.combine(day, window.start)
        while clock[position] < start:
            position += 1
        if _names(window, day) and not _black(window, day, clock[position].date()):
            spans.append(_span(window, clock, position, machine_id))
        position += _TWENTY_HOURS
        day += DAY
    return spans


def _span(window: MaintenanceWindow, clock: list[datetime], position: int, machine_id: str) -> Span:
    quarters = 1 if window.blackouts else int(window.duration / QUARTER)
    while quarters < window.duration / QUARTER and not _black(window, clock[position + quarters].date()):
        quarters += 1
    begin, length = FIRST + (position - _BEFORE) * QUARTER, quarters * QUARTER
    part = int.from_bytes(hashlib.sha256(machine_id.encode()).digest()[:4], "big") / 2**32
    late = int(min(window.spread.total_seconds(), length.total_seconds() / 2) * part)
    return begin + timedelta(seconds=late), begin + length


def _names(window: MaintenanceWindow, day: date) -> bool:
    if day.weekday() not in window.days:
        return False
    return not window.weeks or any(word in window.weeks for word in _words(day))


@cache
def _words(day: date) -> list[str]:
    """What a day is called among those of its name in the month, by counting them."""
    same = [d for n in range(31) if (d := day.replace(day=1) + n * DAY).month == day.month]
    same = [d for d in same if d.weekday() == day.weekday()]
    position = same.index(day)
    return [*WEEKS[:4][position : position + 1], *(["Last"] if day == same[-1] else [])]


def _black(window: MaintenanceWindow, *days: date) -> bool:
    return any(b.first <= day <= b.last for b in window.blackouts for day in days)


_BEFORE = int(20 * DAY / QUARTER)
_TWENTY_HOURS = 80  # no clock comes to the same time of the next day sooner


@cache
def _wall_clock(name: str) -> list[datetime]:
    """What the clock on the wall shows at each quarter of an hour, from twenty days before the first."""
    zone, quarters = ZoneInfo(name), int(440 * DAY / QUARTER)
    moments = (FIRST + (n - _BEFORE) * QUARTER for n in range(quarters))
    return [moment.astimezone(zone).replace(tzinfo=None) for moment in moments]


@cache
def _changes(name: str) -> list[tuple[datetime, datetime]]:
    """When the clock on the wall is changed within the year, and what it shows then."""
    clock = _wall_clock(name)
    positions = range(_BEFORE + 1, _BEFORE + int(365 * DAY / QUARTER))
    return [
        (FIRST + (n - _BEFORE) * QUARTER, clock[n]) for n in positions if clock[n] - clock[n - 1] != QUARTER
    ]


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
