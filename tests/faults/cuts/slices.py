"""A part of ``scripts/faults.py``, for the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_PLACES = ("tests", "tests/faults", "pybackend")


def faults(tmp_path: Path, *arguments: str) -> list[dict[str, object]]:
    """The rows of a run, which must find nothing broken."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in _PLACES)}
    table = tmp_path / "table.json"
    # In a process of its own: it forks, which pytest's threads would not survive.
    command = [sys.executable, "-m", "cuts", "--json", str(table), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows: list[dict[str, object]] = json.loads(table.read_text())
    assert [row["broken"] for row in rows] == [0] * len(rows)
    return rows
