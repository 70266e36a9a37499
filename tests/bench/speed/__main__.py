"""Runs the measures one after another, prints them as a table, and writes them as JSON if asked."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from speed.first_call import first_call
from speed.fleet import fleet
from speed.measure import Result
from speed.module_import import module_import
from speed.piped_update import piped_update
from speed.planning import planning
from speed.rest import rest_get, rest_load, rest_put, rest_start
from speed.upgrading import undo, upgrade
from speed.warm_get import warm_get

WITH_ENGINE: dict[str, Callable[[Path, Path], Result]] = {
    "module-import": module_import,
    "first-call": first_call,
    "warm-get": warm_get,
    "piped-update": piped_update,
}
"""Measures that are given a PowerShell engine and an empty folder."""

WITHOUT_ENGINE: dict[str, Callable[[Path], Result]] = {
    "planning": lambda _: planning(),
    "upgrade": upgrade,
    "undo": undo,
    "fleet": lambda _: fleet(),
    "rest-get": rest_get,
    "rest-put": rest_put,
    "rest-load": rest_load,
    "rest-start": rest_start,
}
"""Measures that are given an empty folder."""


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return the exit code, which no ratio changes."""
    parser = argparse.ArgumentParser(
        prog="bench.py", description="Measures cost over floor; lower is better."
    )
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help="which ones (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to FILE")
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    known = [*WITH_ENGINE, *WITHOUT_ENGINE]
    if unknown := set(chosen.measures) - set(known):
        parser.error(f"no such measure: {', '.join(sorted(unknown))} (there are: {', '.join(known)})")

    results = []
    for name in [name for name in known if name in (chosen.measures or known)]:
        if name in WITH_ENGINE and chosen.engine is None:
            print(f"{name:<28} left out: no PowerShell engine was found", flush=True)
            continue
        result = _measured(name, chosen.engine)
        results.append(result)
        print(_line(result), flush=True)
    if chosen.json:
        text = json.dumps([result.to_json() for result in results], indent=2)
        chosen.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _measured(name: str, engine: Path) -> Result:
    """Run one measure in a state root of its own."""
    with tempfile.TemporaryDirectory(prefix="azcmlite-bench-") as folder:
        os.environ["AZCMLITE_HOME"] = str(Path(folder) / "home")
        work = Path(folder) / "work"
        work.mkdir()
        return WITH_ENGINE[name](engine, work) if name in WITH_ENGINE else WITHOUT_ENGINE[name](work)


def _line(result: Result) -> str:
    verdict = "" if result.ratio <= result.goal else "  OVER"
    return f"{result.measure:<28} {result.ratio:6.2f}  (goal {result.goal:g}){verdict:<6}  {result.detail}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
