"""A slice of what ``faults.full`` does: a disk that takes nothing more from any durable call on."""

from __future__ import annotations

from pathlib import Path

import pytest

if not Path("/proc/self/fd").exists():
    pytest.skip("the taps need /proc", allow_module_level=True)

from faults.full import run


@pytest.mark.parametrize(
    ("scenario", "fault", "stride"),
    [
        ("upgrade", "disk full", 29),
        ("undo", "disk full but for the store", 23),
        ("upgrade", "read-only", 43),
        ("configure", "disk full but for the store", 7),
        ("remove", "disk full but for the store", 9),
        ("install", "over quota", 19),
    ],
)
def test_one_version_works_the_reason_is_clear_and_the_next_pass_with_room_succeeds(
    tmp_path: Path, scenario: str, fault: str, stride: int
) -> None:
    [row] = run(tmp_path, [scenario], [fault], stride)
    assert row.cuts >= 2
    assert row.broken == []
