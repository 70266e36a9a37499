"""A store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectedmachine.store import Store
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
