"""What PowerShell tests share: an engine or a skip with its reason, a home of their own, unwell backends."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from powershell.engine import MANIFEST, NO_ENGINE, Ended, Shell, find_engine, load_engine, run_engine

Run = Callable[..., Ended]
UNWELL = Path(__file__).with_name("unwell_backend.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.powershell)
        if find_engine() is None:
            item.add_marker(pytest.mark.skip(reason=NO_ENGINE))


def environment_for(home: Path) -> dict[str, str]:
    """What the engine gets: this Python as the backend's, and a state root of the test's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZCMLITE_")}
    return {**kept, "AZCMLITE_PYTHON": sys.executable, "AZCMLITE_HOME": str(home)}


@contextmanager
def open_shell(environment: Mapping[str, str]) -> Iterator[Shell]:
    """A runspace of this process with the module imported; skips where the engine cannot be loaded."""
    reason = load_engine()
    if reason is not None:
        pytest.skip(reason)
    # .NET has a copy of the environment of its own, made when it was loaded.
    from System import Environment

    names = [name for name in environment if name.startswith("AZCMLITE_")]
    for name in names:
        Environment.SetEnvironmentVariable(name, environment[name])
    shell = Shell()
    yield shell
    shell.close()
    for name in names:
        Environment.SetEnvironmentVariable(name, None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state root of the test's own."""
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """What the engine gets; tests may change it."""
    return environment_for(home)


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Run a script with the module imported in an engine as a program."""

    def run(script: str, **more: str) -> Ended:
        text = f"Import-Module '{MANIFEST}'\n{script}"
        return run_engine(["-Command", text], {**environment, **more}, cwd=tmp_path)

    return run


@pytest.fixture
def shell(environment: dict[str, str]) -> Iterator[Shell]:
    """A runspace with the module, a backend and a home of this test's own."""
    with open_shell(environment) as shell:
        yield shell


@pytest.fixture(scope="module")
def shared_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The same for all tests of a file, where they leave each other alone."""
    with open_shell(environment_for(tmp_path_factory.mktemp("shared") / "home")) as shell:
        yield shell


@pytest.fixture
def unwell(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Path]:
    """Have the backend be one that behaves as ``unwell_backend.py`` says; returns its folder for notes."""

    def use(behaviour: str) -> Path:
        notes = tmp_path / "notes"
        notes.mkdir()
        words = [sys.executable, str(UNWELL), behaviour, str(notes)]
        if sys.platform == "win32":
            program = tmp_path / "python.cmd"
            program.write_text("@" + " ".join(f'"{word}"' for word in words) + " %*\r\n", encoding="ascii")
        else:
            program = tmp_path / "python"
            program.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in words) + ' "$@"\n')
            program.chmod(0o700)
        environment["AZCMLITE_PYTHON"] = str(program)
        return notes

    return use
