"""A store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectedmachine.store import Store
from connectedmachine.store import home as places
from store.support import a_machine


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """A store with one machine."""
    opened = Store.open(home)
    opened.machines.save(a_machine())
    yield opened
    opened.close()


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine-wide place of this test's own; nothing is named, and the caller has no privileges."""
    place = tmp_path / "shared"
    monkeypatch.delenv("AZCMLITE_HOME", raising=False)
    monkeypatch.setattr(places, "_machine_wide", lambda: place)
    monkeypatch.setattr(places, "is_privileged", lambda: False)
    monkeypatch.setattr(places, "_user_place", lambda: tmp_path / "user")
    return place
