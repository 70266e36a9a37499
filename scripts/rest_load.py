"""Lets many clients at one machine's extensions through the REST API, and prints a table of what came of it.

    python3 scripts/rest_load.py [--clients 64] [--requests 10000] [--seed N]

Needs nothing but Python 3.11. Works in a state folder of its own, which it deletes. Ends with 1 when anything
was not as it must be: an answer of 5xx, a change that was acknowledged and lost, an operation without an end.
"""

from __future__ import annotations

import os
import subprocess
import sys

from _environment import ROOT, ensure


def main(arguments: list[str]) -> int:
    """Run the load; return the exit code."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests")}
    command = [str(ensure("test")), "-m", "rest.load", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
