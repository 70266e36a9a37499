"""Importing the built module, as Install-Module brings it, over importing one in which there is nothing."""

from __future__ import annotations

from pathlib import Path

from build import write_module
from speed.engine import timed
from speed.measure import Result, take_turns

_EMPTY = """@{
    RootModule = 'Empty.psm1'
    ModuleVersion = '1.0.0'
    GUID = 'b6c1f8a2-4a0d-4a55-9b43-0f6f8a1f4f11'
    PowerShellVersion = '5.1'
    FunctionsToExport = @()
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @()
}
"""

_SCRIPT = """
$watch = [Diagnostics.Stopwatch]::StartNew()
Import-Module $env:BENCH_MODULE
Seconds $watch
"""


def module_import(engine: Path, folder: Path) -> Result:
    """Measure it in fresh engines."""
    empty = folder / "Empty.psd1"
    empty.write_text(_EMPTY, encoding="ascii")
    (folder / "Empty.psm1").touch()
    built = write_module(folder / "built")

    def seconds(module: Path) -> float:
        return timed(engine, _SCRIPT, {"BENCH_MODULE": str(module)})[0][0]

    turns = take_turns(lambda: seconds(built), lambda: seconds(empty), turns=15)
    return Result("module import", turns.ratio, 3, turns.detail)
