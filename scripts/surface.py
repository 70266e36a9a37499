"""Writes ``docs/powershell-surface.md``: what Az.ConnectedMachine's cmdlets take, and what comes of it here.

    python3 scripts/surface.py [--check]

Needs Python 3.11 and a PowerShell engine. Ends with 1 when ``--check`` finds the page stale. The data and the
comparison are in ``tests/powershell/surface.json`` and ``surface.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys

from _environment import ROOT, ensure, powershell


def main(arguments: list[str]) -> int:
    """Write or check the page; return the exit code."""
    engine = powershell()
    if engine is None:
        print("This needs a PowerShell engine: set AZCMLITE_PWSH, or have pwsh on PATH.", file=sys.stderr)
        return 1
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests"), "AZCMLITE_PWSH": str(engine)}
    command = [str(ensure("test")), "-m", "powershell.surface", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
