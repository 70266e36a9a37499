"""Cuts the runner off at every durable call of every kind of operation, and prints what came of it.

    python3 scripts/faults.py [--json FILE] [--scenario NAME] [--mode MODE] [--stride N]

Each cut is followed by a recovery, which must end in a version that works and a history that is whole. Ends
with 1 when one did not. Without a mode the runner is killed, of an upgrade and an undo its successor is, too,
and the power goes off with what was not synced: twenty minutes on two cores. The other modes are a full disk
(``disk``), and the harness against a product without one of its commits (``mutants``) or syncs (``syncs``).
``--stride N`` takes every N-th cut. All of it is in ``tests/faults``.
"""

from __future__ import annotations

import os
import subprocess
import sys

from _environment import ROOT, ensure

_PLACES = ("tests", "tests/faults", "pybackend")


def main(arguments: list[str]) -> int:
    """Run the harness; return the exit code."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in _PLACES)}
    command = [str(ensure("test")), "-m", "cuts", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
