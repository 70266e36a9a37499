"""Checks everything: sets up, lints, checks types and the import rule, runs all tests.

    python3 scripts/test.py [--require-powershell] [arguments for pytest ...]

Needs nothing but Python 3.11. All checks are run even when one fails, as many at once as there are cores;
pytest comes last. Tests run on all cores unless the arguments say how (``-n``, ``-p no:xdist``). Without a
PowerShell engine its tests are skipped, and the last lines say how many; with ``--require-powershell`` that
is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from _environment import ROOT, ensure, powershell

# Which folders for which platform: tests that need POSIX skip themselves elsewhere, which mypy cannot know.
_PLATFORMS = {"linux": [], "win32": ["pybackend", "scripts"], "darwin": ["pybackend", "scripts"]}
_NO_ENGINE = "no PowerShell engine: AZCMLITE_PWSH is not set, and neither pwsh nor powershell is on PATH"


def main(arguments: list[str]) -> int:
    """Run all checks with ``arguments`` for pytest; return the exit code."""
    required = "--require-powershell" in arguments
    arguments = [argument for argument in arguments if argument != "--require-powershell"]
    engine = powershell()
    if required and engine is None:
        print(f"--require-powershell: {_NO_ENGINE}.", file=sys.stderr)
        return 1
    python = ensure("test")
    environment = dict(os.environ) | ({"AZCMLITE_PWSH": str(engine)} if engine else {})
    # import-linter draws with characters that a Windows code page may not have.
    readable = environment | {"PYTHONIOENCODING": "utf-8"}

    failed = _failed(_checks(python), readable)
    tests = _run("pytest", [str(python), "-m", "pytest", *_spread(arguments), *arguments], environment)
    if engine is None:
        count = _count_powershell_tests(python, arguments)
        print(f"PowerShell tests skipped: {count} ({_NO_ENGINE})", flush=True)
    if failed:
        print(f"Failed besides the tests: {', '.join(failed)}", flush=True)
    return tests or (1 if failed else 0)


def _checks(python: Path) -> dict[str, list[str]]:
    """The checks before the tests: what each is called, and its command."""
    ruff, mypy = ([str(python), "-m", tool] for tool in ("ruff", "mypy"))
    types = {
        # One cache each: with a shared one every change of platform starts from nothing.
        f"mypy for {name}": [*mypy, "--platform", name, "--cache-dir", f".mypy_cache/{name}", *folders]
        for name, folders in _PLATFORMS.items()
    }
    return {
        "ruff check": [*ruff, "check"],
        "ruff format": [*ruff, "format", "--check"],
        **types,
        "lint-imports": [str(python.with_name("lint-imports")), "--no-cache"],
    }


def _failed(checks: dict[str, list[str]], environment: dict[str, str]) -> list[str]:
    """Run the checks, show each one's output whole, and return the names of those that failed."""

    def check(command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        return done.returncode, done.stdout

    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (code, output) in zip(checks, pool.map(check, checks.values()), strict=True):
            print(f"[test] {name}\n{output}", end="", flush=True)
            if code != 0:
                failed.append(name)
    return failed


def _spread(arguments: list[str]) -> list[str]:
    """How to use all cores, unless ``arguments`` say how tests are spread.

    Most of a test is waiting for a process that it started, so there are more tests at once than cores.
    """
    said = any(argument.startswith(("-n", "--numprocesses", "-pno:xdist")) for argument in arguments)
    return [] if said or "no:xdist" in arguments else ["-n", str((os.cpu_count() or 1) + 1)]


def _count_powershell_tests(python: Path, arguments: list[str]) -> int:
    listing = subprocess.run(
        [str(python), "-m", "pytest", *arguments, "--collect-only", "--verbosity=-1", "-m", "powershell"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return sum("::" in line for line in listing.stdout.splitlines())


def _run(name: str, command: list[str], environment: dict[str, str]) -> int:
    print(f"[test] {name}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
