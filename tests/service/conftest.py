"""Fixtures of this room's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.store import Store
from service.support import RG, Desk, Heard, QuickService


@pytest.fixture(autouse=True)
def _no_settings_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZCMLITE_SUBSCRIPTION", raising=False)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[QuickService]:
    """On an empty store."""
    store = Store.open(tmp_path / "home")
    yield QuickService(store, SystemClock())
    store.close()


@pytest.fixture
def desk(service: QuickService, tmp_path: Path) -> Desk:
    """A simulated Linux machine ``m1``; nothing is published."""
    service.machine_connect(
        resource_group=RG, name="m1", location="westeurope", simulated=True, os_type="Linux", follow=Heard()
    )
    return Desk(service, tmp_path / "zips")


@pytest.fixture
def windows(service: QuickService, tmp_path: Path) -> Desk:
    """A simulated Windows machine ``myVM``; nothing is published."""
    service.machine_connect(
        resource_group=RG, name="myVM", location="WestUS", simulated=True, os_type="Windows", follow=Heard()
    )
    return Desk(service, tmp_path / "zips", machine="myVM")
