"""Environments of their own for real clients: made once per test run, shared by its processes.

Nothing of a client is installed beside the product, so neither can lend the other a library.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SDK = {
    "8.0.0": ["azure-mgmt-hybridcompute==8.0.0"],
    "9.0.0": ["azure-mgmt-hybridcompute==9.0.0"],
    "newest": ["azure-mgmt-hybridcompute>=10"],
}
_BESIDE_SDK = ["azure-identity", "aiohttp"]
# `az rest` needs the core alone; what the other thousand commands need would take a gigabyte.
AZ = [["azure-cli-core"], ["--no-deps", "azure-cli"]]
_LONGEST = 180.0


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` fills, made by the first process of this run that asks for it."""
    # Processes of one run (pytest-xdist) have sibling folders, and share what lies beside these.
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"client-{name}"
    ready = folder / "ready"
    try:
        folder.mkdir()
    except FileExistsError:
        _wait(folder, ready)
    else:
        make(folder)
        ready.touch()
    return folder


def made(tmp_path_factory: pytest.TempPathFactory, name: str, *packages: list[str]) -> Path:
    """The folder of a virtual environment in which ``packages`` are installed, one list after another.

    Fails the test with what pip said when it cannot be made.
    """

    def make(folder: Path) -> None:
        _run(sys.executable, "-I", "-m", "venv", str(folder))
        for wanted in packages:
            _run(str(python(folder)), "-I", "-m", "pip", "install", "-qq", "--no-input", *wanted)

    return once(tmp_path_factory, name, make)


def sdk(tmp_path_factory: pytest.TempPathFactory, version: str) -> Path:
    """The environment of one SDK version, with the credential library that its users use."""
    return made(tmp_path_factory, f"sdk-{version}", [*SDK[version], *_BESIDE_SDK])


def program(folder: Path, name: str) -> Path:
    """A program of an environment."""
    return folder / ("Scripts" if os.name == "nt" else "bin") / (f"{name}.exe" if os.name == "nt" else name)


def python(folder: Path) -> Path:
    """The Python of an environment."""
    return program(folder, "python")


def _wait(folder: Path, ready: Path) -> None:
    """Another process of this run makes it."""
    end = time.monotonic() + _LONGEST
    while not ready.exists():
        if time.monotonic() > end:
            pytest.fail(f"{folder} was not finished by the process that began it.")
        time.sleep(0.1)


def _run(*command: str) -> None:
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.fail(f"{' '.join(command)} failed:\n{made.stdout}{made.stderr}")
