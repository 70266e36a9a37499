"""A slice of what ``scripts/rest_load.py`` does, and that it would notice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from rest.load import Report, Seen, load

GOOD = Report(
    Seen(Counter({("PUT", 202): 2, ("GET", 200): 5}), Counter({"Succeeded": 2}), [0.1] * 7),
    [],
    0,
    (1, 1),
    1.0,
)


def test_many_clients_lose_nothing_and_everything_ends(tmp_path: Path) -> None:
    report = load(tmp_path, clients=8, requests=300, seed=1)
    assert report.is_good, str(report)
    assert report.seen.requests >= 300
    assert report.seen.started > 20


def test_what_is_amiss_is_noticed() -> None:
    assert GOOD.is_good
    assert not replace(GOOD, lost=["e1"]).is_good
    assert not replace(GOOD, unfinished=1).is_good
    assert not replace(GOOD, seen=replace(GOOD.seen, ends=Counter({"Succeeded": 1}))).is_good
    assert not replace(GOOD, seen=replace(GOOD.seen, ends=Counter({"Succeeded": 1, "Failed": 1}))).is_good
    assert not replace(GOOD, seen=replace(GOOD.seen, answers=Counter({("GET", 503): 1}))).is_good
    assert not replace(GOOD, seen=replace(GOOD.seen, surprises=["e1"])).is_good
