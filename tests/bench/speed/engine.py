"""The PowerShell engine as a program that times parts of a script by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = ROOT / "Az.ConnectedMachineLite.psd1"

_PRELUDE = """
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
function Seconds($Watch) { $Watch.Elapsed.TotalSeconds.ToString('R', [cultureinfo]::InvariantCulture) }
"""


def timed(engine: Path, script: str, variables: Mapping[str, str]) -> list[list[float]]:
    """Run ``script`` in a fresh engine and return the numbers it writes, line by line.

    Args:
        script: Writes ``Seconds $watch`` of stopwatches, one or more on a line.
        variables: Reach the script in the environment, so nothing has to be quoted.

    Raises:
        RuntimeError: The engine failed; the message has its standard error.
    """
    # -Command - would give each line a parse of its own.
    command = [str(engine), "-NoProfile", "-NonInteractive", "-Command", _PRELUDE + script]
    environment = {**os.environ, "NO_COLOR": "1", "AZCMLITE_PYTHON": sys.executable, **variables}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"The engine ended with {done.returncode}: {done.stderr.strip()}")
    return [[float(number) for number in line.split()] for line in done.stdout.splitlines()]
