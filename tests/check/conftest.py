"""Fixtures of the package check's tests."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.service.checks import Request, check
from connectedmachine.service.package_check import Finding
from packages import end_processes

Check = Callable[..., dict[str, Finding]]
NO_LIMITS: Mapping[str, float] = {}


class Listener:
    """Follows until it is told to give up at a step."""

    def __init__(self, give_up_at: str = "never") -> None:
        self.steps: list[str] = []
        self.warnings: list[str] = []
        self._give_up_at = give_up_at

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        assert activity.startswith("Checking ")
        assert 0 <= percent < 100
        self.steps.append(status)

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def cancelled(self) -> bool:
        return self._give_up_at in self.steps


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where throw-away machines come to stand."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    end_processes(folder)


@pytest.fixture
def checked(scratch: Path) -> Check:
    """Check a package with short windows; asserts that nothing of it is left, and returns its findings."""

    def run(path: Path, *, limits: Mapping[str, float] = NO_LIMITS, **given: object) -> dict[str, Finding]:
        listener = Listener()
        request = Request(path, **{"window": 0.6, **given})  # type: ignore[arg-type]
        found = check(request, SystemClock(), listener, limits)
        assert list(scratch.iterdir()) == []
        assert end_processes(scratch) == []
        assert listener.warnings == []
        return {one.name: one for one in found}

    return run
