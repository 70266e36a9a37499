"""``python -m fuzzing``: what ``scripts/fuzz.py`` runs in its environment."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from fuzzing.running import TARGETS, Target, run

_SHOWN_FAILURES = 3


def main(arguments: list[str], targets: Mapping[str, Target] = TARGETS) -> int:
    """Run the targets, print a table; 1 when any input failed."""
    parser = argparse.ArgumentParser(prog="fuzz.py", description="Feeds parsers and the unpacker bad input.")
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N", help="inputs for each target")
    parser.add_argument("--only", choices=[*targets], action="append", help="one target; may be repeated")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other inputs")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first input")
    options = parser.parse_args(arguments)
    names = options.only or [*targets]
    print(f"{'target':<10} {'inputs':>8} {'accepted':>9} {'failures':>9} {'seconds':>8}", flush=True)
    failed = False
    for name in names:
        result = run(name, targets[name], seed=options.seed, first=options.first, inputs=options.inputs)
        counts = f"{result.inputs:>8} {result.accepted:>9} {len(result.failures):>9} {result.seconds:>8.1f}"
        print(f"{name:<10} {counts}", flush=True)
        for number, trace in [*result.failures.items()][:_SHOWN_FAILURES]:
            again = f"--only {name} --seed {options.seed} --first {number} --inputs 1"
            print(f"\n{trace}Again with: python3 scripts/fuzz.py {again}\n", file=sys.stderr)
        failed = failed or bool(result.failures)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
