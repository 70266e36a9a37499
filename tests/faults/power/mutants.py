"""The product without one of its syncs: each must be noticed, or be kept for a reason that no disk shows.

A sync changes nothing but what is certain afterwards, so a product without it leaves the same trace, and more
disks are possible. Every line that asks for a sync is left out by itself; a sync of a function that no table
here names is a broken row.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from cuts.cutting import Row
from cuts.scenarios import SCENARIOS

from power.replay import Replay

_LOG = "SQLite's fsync of a log"
_FOLDER = "SQLite's fsync folder of a store"

NOTICED: Mapping[str, tuple[str, ...]] = {
    "install": (
        "gallery/gallery.py fetch",
        "gallery/unpack.py _fsync_tree",
        "gallery/unpack.py _swap",
        "handler/environment.py prepare_folder",
        "handler/settings.py write_settings",
        f"store/operations.py _append, {_LOG}",
    ),
    "upgrade, nothing twice": (
        "handler/layout.py _copy",
        "handler/layout.py move",
        "handler/status.py keep_status",
        f"agent/runner.py _pass, {_FOLDER}",
        f"store/operations.py _append, {_LOG}",
    ),
    "remove": ("handler/layout.py discard",),
}
"""By the scenario that breaks without them: the functions whose every sync is needed."""

KEPT: Mapping[str, str] = {
    f"agent/runner.py _begin, {_LOG}": "a removal that needed no handler was said to be done",
    f"agent/runner.py _begin, {_FOLDER}": "a wish begun anew ends alike; of a pass it is noticed",
    f"agent/runner.py _pass, {_LOG}": "an operation that was seen to begin does not begin a second time",
    "gallery/damage.py write_contents": "an undo without package or room goes by this list",
    f"agent/operator.py _finish, {_LOG}": "an end that was said does not come a second time",
    f"store/passes.py end, {_LOG}": "as above, of a pass and its decisions",
    f"store/operations.py add_sample, {_LOG}": "a window that was watched for long is not watched anew",
}
"""Nothing breaks without these: what was told to somebody would be told again."""

_OF_SQLITE = "store/store.py close"
"""The last one out moves the log into the store: SQLite's own order, not ours to change."""


def function_of(site: str) -> str:
    """A site without its line."""
    head, _, rest = site.partition(":")
    return head + rest.lstrip("0123456789")


def leave_out(root: Path, name: str) -> Row:
    """Leave out each sync that must be noticed in a scenario; broken is what was not, or is in no table."""
    began = time.monotonic()
    row = Row(f"{name}, a sync left out")
    replay = Replay(root, SCENARIOS[name])
    known = {function for functions in NOTICED.values() for function in functions} | set(KEPT)
    try:
        for site, syncs in replay.sites().items():
            function = function_of(site)
            if function not in known and not function.startswith(_OF_SQLITE):
                row.complain(f"nobody knows {site}")
            if function in NOTICED[name]:
                row.cuts += 1
                if replay.without(syncs) is None:
                    row.complain(f"nobody noticed that {site} was left out")
        row.calls = len(replay.trace.cuts) - 1
        row.states = replay.distinct
    finally:
        replay.close()
    row.seconds = time.monotonic() - began
    return row
