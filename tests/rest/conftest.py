"""Fixtures of this room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from rest.support import Door


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """The application with nothing set."""
    return Door(tmp_path / "home")
