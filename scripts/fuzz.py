"""Feeds the parsers and the unpacker what no tool would write, and prints a table of what came of it.

    python3 scripts/fuzz.py [--inputs N] [--only TARGET] [--seed N] [--first N]

Needs nothing but Python 3.11. Ends with 1 when an input made anything happen but what must: a refusal by
name, or a reading within its limits. The targets are in ``tests/fuzz/fuzzing``.
"""

from __future__ import annotations

import os
import subprocess
import sys

from _environment import ROOT, ensure


def main(arguments: list[str]) -> int:
    """Run the fuzzer; return the exit code."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "fuzz")}
    command = [str(ensure()), "-m", "fuzzing", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
