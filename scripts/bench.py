"""Measures what the product costs beside the least it could cost, and prints the ratios as a table.

    python3 scripts/bench.py [MEASURE ...] [--json FILE]

Needs nothing but Python 3.11; the measures that need a PowerShell engine are left out without one. Each
works in a state folder of its own that is deleted afterwards. The measures are in ``tests/bench/speed``.
"""

from __future__ import annotations

import os
import subprocess
import sys

from _environment import ROOT, ensure, powershell


def main(arguments: list[str]) -> int:
    """Run the measures; return the exit code."""
    engine = powershell()
    python = ensure()
    tests = ROOT / "tests"
    path = [str(tests / "bench"), str(tests / "simulator"), str(tests), str(ROOT / "scripts")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
    command = [str(python), "-m", "speed", *arguments, *(["--engine", str(engine)] if engine else [])]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
