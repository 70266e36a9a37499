"""``python -m simulation``: what ``scripts/simulate.py`` runs in its environment."""

from __future__ import annotations

import argparse
import json
import re
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from pathlib import Path

from simulation import calendars
from simulation.fleet import Fleet
from simulation.running import Fleets, Schedules, run_calendars, run_fleet, run_schedules

_SHOWN_DEAD_ENDS = 5


def main(arguments: list[str]) -> int:
    """Play what was asked for, print tables; 1 when a schedule was a dead end or a calendar not kept to."""
    options = _parser().parse_args(arguments)
    machines, extensions = options.fleet
    schedules = run_schedules(options.seed, options.first, options.schedules)
    if options.schedules:
        _show_schedules(schedules)
    lived, seconds = run_calendars(options.seed, options.calendars)
    if options.calendars:
        _show_calendars(lived, seconds)
    fleet = run_fleet(Fleet(machines, extensions, options.weeks, options.seed))
    if machines:
        _show_fleet(fleet, extensions, options.weeks)
    for number, what in [*schedules.dead_ends.items()][:_SHOWN_DEAD_ENDS]:
        again = f"--seed {options.seed} --first {number} --schedules 1 --calendars 0 --fleet 0x1"
        print(f"\n{what}\nAgain with: python3 scripts/simulate.py {again}", file=sys.stderr)
    if options.json:
        figures = {"schedules": asdict(schedules), "calendars": asdict(lived), "fleet": asdict(fleet)}
        text = json.dumps(figures, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 1 if schedules.dead_ends or lived.outside or lived.unused else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulate.py", description="Plays machines in memory by the product's own code."
    )
    parser.add_argument("--schedules", type=int, default=10_000, metavar="N", help="fault schedules")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first schedule")
    parser.add_argument("--calendars", type=int, default=1_000, metavar="N", help="maintenance windows")
    parser.add_argument("--fleet", type=_size, default=(50, 10), metavar="MxE", help="machines x extensions")
    parser.add_argument("--weeks", type=int, default=8, metavar="W", help="how long the fleet lives")
    parser.add_argument("--seed", type=int, default=1, help="another seed plays otherwise")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    return parser


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})x(\d{1,3})", text, re.ASCII)
    if match is None:
        raise ArgumentTypeError(f"'{text}' is not machines x extensions, such as 1000x10")
    return int(match[1]), int(match[2])


def _show_schedules(played: Schedules) -> None:
    print(f"{'schedules':>10} {'faults':>9} {'operations':>11} {'dead ends':>10} {'seconds':>8}")
    counts = f"{played.schedules:>10} {played.faults:>9} {played.operations:>11} {len(played.dead_ends):>10}"
    print(f"{counts} {played.seconds:>8.1f}", flush=True)


def _show_calendars(lived: calendars.Result, seconds: float) -> None:
    print(f"\n{'calendars':>10} {'windows':>9} {'starts':>11} {'outside':>8} {'unused':>7} {'seconds':>8}")
    counts = f"{lived.calendars:>10} {lived.windows:>9} {lived.starts:>11} {lived.outside:>8}"
    print(f"{counts} {lived.unused:>7} {seconds:>8.1f}", flush=True)


def _show_fleet(lived: Fleets, extensions: int, weeks: int) -> None:
    print(f"\nfleet of {lived.machines} machines x {extensions} extensions x {weeks} weeks")
    print(f"{'decisions':>10} {'operations':>11} {'rolled back':>12} {'seconds':>8} {'MiB':>6}")
    counts = f"{lived.decisions:>10} {lived.operations:>11} {lived.rolled_back:>12}"
    print(f"{counts} {lived.seconds:>8.1f} {lived.memory / 2**20:>6.0f}")
    print(f"digest {lived.digest}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
