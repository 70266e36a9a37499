"""Planning 100,000 enrolled extensions on one core; the floor is one second."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Architecture, ExtensionImage, OSType, Platform
from connectedmachine.model.policy import ARC_2021, Backoff, Hold
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.plan import plan
from connectedmachine.upgrade.subject import Subject
from speed.measure import Result

COUNT = 100_000
_HANDLERS = 200
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PLATFORM = Platform(OSType.LINUX, Architecture.X64)


def planning() -> Result:
    """Measure it; the best of three, since nothing but the machine's other work makes it slower."""
    subjects, images = _subjects(), Images(_images())
    seconds = []
    moves = 0
    for _ in range(3):
        began = time.process_time()
        planned = [
            plan(
                subject,
                images,
                machine_id=f"/machines/{number % 1000}",
                platform=_PLATFORM,
                policy=ARC_2021,
                supported={},
                now=_NOW,
            )
            for number, subject in enumerate(subjects)
        ]
        seconds.append(time.process_time() - began)
        moves = sum(one.move is not None for one in planned)
    return Result(
        "planning 100,000 extensions",
        min(seconds),
        1,
        f"{min(seconds):.2f} s over 1 s; {moves:,} of them move; {_HANDLERS} handlers with 10 images each",
    )


def _images() -> list[ExtensionImage]:
    return [
        ExtensionImage(
            gallery="default",
            handler=HandlerName("Contoso.Bench", f"Handler{handler}"),
            version=Version((1 + minor // 8, minor % 8, 0, 0)),
            platform=_PLATFORM,
            supports_automatic_upgrade=True,
            sha256="0" * 64,
            length=1,
            published="2026-01-01T00:00:00Z",
        )
        for handler in range(_HANDLERS)
        for minor in range(10)
    ]


def _subjects() -> list[Subject]:
    """A fleet in the middle of a release: a half is behind, some of those are held, some failed before."""
    newest = Version((1, 7, 0, 0))
    hold = Hold("", None, None, "frozen", _NOW)
    backoff = Backoff(newest, 1, _NOW - timedelta(hours=1), _NOW - timedelta(hours=1))
    return [
        Subject(
            name=f"extension{number}",
            handler=HandlerName("Contoso.Bench", f"Handler{number % _HANDLERS}"),
            requested=VersionRequest((1,)),
            installed=newest if number % 2 else Version((1, number % 7, 0, 0)),
            enrolled=True,
            holds=(hold,) if number % 20 == 0 else (),
            backoffs=(backoff,) if number % 20 == 10 else (),
        )
        for number in range(COUNT)
    ]
