"""Plays machines in memory by the product's own code: schedules of faults, calendars, a fleet.

    python3 scripts/simulate.py [--schedules N] [--calendars N] [--fleet MxE] [--weeks W] [--seed N]
                                [--json FILE]

Needs nothing but Python 3.11. Prints tables. Ends with 1 when a machine did not come to work again after its
faults had stopped, and says how that schedule is played again; and when something began outside of its
maintenance window, or a window that could be used was not. The program is in ``tests/simulator/simulation``.
"""

from __future__ import annotations

import os
import subprocess
import sys

from _environment import ROOT, ensure


def main(arguments: list[str]) -> int:
    """Run the simulator; return the exit code."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "simulator")}
    command = [str(ensure()), "-m", "simulation", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
