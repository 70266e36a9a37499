"""What the tests of all rooms have in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def python_on_path() -> Iterator[None]:
    """Sample handlers find their Python on PATH, and are started thousands of times: let it be a program.

    Version managers put a script there, which takes longer to find a Python than a handler to do its work.
    """
    before = os.environ["PATH"]
    folder = Path(sys.base_prefix) if sys.platform == "win32" else Path(sys.base_prefix, "bin")
    os.environ["PATH"] = f"{folder}{os.pathsep}{before}"
    yield
    os.environ["PATH"] = before
