"""``connectedmachine window`` and ``--ignore-window`` as a process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from frontends.cli_harness import MACHINE, Cli
from packages import NOOP, end_processes

DAYS_AWAY = f"{datetime.now(UTC) + timedelta(days=3):%A}"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Cli]:
    """A machine with an extension at 1.0, and 1.1 in the gallery."""
    made = Cli(tmp_path)
    made.connect()
    for version in ("1.0.0.0", "1.1.0.0"):
        made.publish(replace(NOOP, version=version))
    named = ("-n", "noop", "--publisher", NOOP.publisher, "--type", NOOP.type, "--version", "1.0")
    made.run("extension", "create", *MACHINE, *named).json()
    yield made
    end_processes(tmp_path)


def test_a_version_waits_for_its_window_unless_the_window_is_ignored(agent: Cli) -> None:
    window = ("--time-zone", "Europe/Berlin", "--start", "22:00", "--duration", "6h", "--days", DAYS_AWAY)
    agent.run("window", "add", *MACHINE, "--window-name", "nights", *window).json()
    table = agent.run("window", "list", *MACHINE, "-o", "table").out.splitlines()
    assert table[-1].split()[:4] == ["nights", "Europe/Berlin", DAYS_AWAY, "22:00:00"]
    update = ("extension", "update", *MACHINE, "-n", "noop", "--type-handler-version", "1.1")
    waits = agent.run(*update)
    assert waits.json()["properties"]["typeHandlerVersion"] == "1.0.0.0"
    assert "maintenance window opens at" in waits.err
    moved = agent.run(*update, "--ignore-window").json()
    assert moved["properties"]["typeHandlerVersion"] == "1.1.0.0"
    assert agent.run("window", "remove", *MACHINE, "--window-name", "nights").code == 0
    assert agent.run("window", "list", *MACHINE).json() == []
