"""Fixtures of this room's tests: the routes alone, over a store with one simulated machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.service import Service
from connectedmachine.store import Store
from rest_arm.support import Arm, application, client_of
from service.support import RG, Desk, Heard, QuickService


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def desk(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A simulated Linux machine ``m1``; the services of the server do its work as the desk's own does."""
    monkeypatch.delenv("AZCMLITE_SUBSCRIPTION", raising=False)
    store = Store.open(home)
    service = QuickService(store, SystemClock())
    monkeypatch.setattr(Service, "start_runner", lambda _, machine: service.start_runner(machine))
    service.machine_connect(
        resource_group=RG, name="m1", location="westeurope", simulated=True, os_type="Linux", follow=Heard()
    )
    yield Desk(service, tmp_path / "zips")
    store.close()


@pytest.fixture
def arm(desk: Desk) -> Iterator[Arm]:
    with client_of(application(desk.service.store.home)) as client:
        yield Arm(client)
