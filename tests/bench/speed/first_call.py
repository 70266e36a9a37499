"""The first call of a session, over starting a bare Python and one echo through it from the same engine."""

from __future__ import annotations

from pathlib import Path

from speed.engine import MANIFEST, timed
from speed.extension import GET, prepare
from speed.measure import Result, take_turns

_COST = f"""
Import-Module $env:BENCH_MODULE
$watch = [Diagnostics.Stopwatch]::StartNew()
$null = {GET}
Seconds $watch
"""

_ECHO = """import sys
for line in sys.stdin.buffer:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
"""

_FLOOR = """
$watch = [Diagnostics.Stopwatch]::StartNew()
$start = [Diagnostics.ProcessStartInfo]::new($env:AZCMLITE_PYTHON, "-I -X utf8 `"$env:BENCH_ECHO`"")
$start.UseShellExecute = $false
$start.RedirectStandardInput = $true
$start.RedirectStandardOutput = $true
$process = [Diagnostics.Process]::Start($start)
$process.StandardInput.WriteLine('{"jsonrpc":"2.0","id":"1","method":"echo","params":{}}')
$process.StandardInput.Flush()
$null = $process.StandardOutput.ReadLine()
Seconds $watch
$process.StandardInput.Close()
$process.WaitForExit()
"""


def first_call(engine: Path, folder: Path) -> Result:
    """Measure it in fresh engines."""
    prepare()
    echo = folder / "echo.py"
    echo.write_text(_ECHO, encoding="ascii")
    variables = {"BENCH_MODULE": str(MANIFEST), "BENCH_ECHO": str(echo)}
    turns = take_turns(
        lambda: timed(engine, _COST, variables)[0][0],
        lambda: timed(engine, _FLOOR, variables)[0][0],
        turns=15,
    )
    return Result("first call", turns.ratio, 3, turns.detail)
