"""The service as front ends use it: the runner is a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.service import Service
from connectedmachine.store import Store
from service.support import RG, SAMPLE, Desk, QuickService, at, values


class DetachedService(QuickService):
    """Starts the runner as ``Service`` does."""

    start_runner = Service.start_runner


@pytest.fixture
def detached(desk: Desk) -> Iterator[Desk]:
    """The machine of ``desk`` through a connection of its own."""
    store = Store.open(desk.service.store.home)
    yield Desk(DetachedService(store, SystemClock()), desk.zips)
    store.close()


def test_a_wish_is_fulfilled_by_another_process_while_this_one_follows(detached: Desk) -> None:
    detached.publish("Agent", "1.0", "1.1")

    made = detached.create(typeHandlerVersion="1.0", enableAutomaticUpgrade=True)
    decision = detached.run_pass()["agent"]

    assert at(made, "properties.provisioningState") == "Succeeded"
    assert at(made, "properties.typeHandlerVersion") == "1.0.0.0"
    assert (decision["reason"], detached.version()) == ("Upgraded", "1.1.0.0")


def test_a_request_that_does_not_wait_returns_before_the_work(detached: Desk) -> None:
    detached.publish("Agent", "1.0")

    made = detached.put(body={"properties": {"publisher": SAMPLE, "type": "Agent"}}, wait=False)
    assert at(made, "properties.provisioningState") in ("Creating", "Succeeded")
    again = detached.put(body={"properties": {"publisher": SAMPLE, "type": "Agent"}})

    assert at(again, "properties.typeHandlerVersion") == "1.0.0.0"
    assert len(detached.history()) == 1, "the same wish again waits for what is under way"


def test_a_removal_is_followed_to_its_end(detached: Desk) -> None:
    detached.publish("Agent", "1.0")
    detached.create()

    detached.remove()

    assert values(detached.service.extension_list(resource_group=RG, machine="m1")) == []


def test_open_uses_the_callers_state_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZCMLITE_HOME", str(tmp_path / "state"))

    service = Service.open()

    assert service.store.home == tmp_path / "state"
    assert (tmp_path / "state" / "store.db").exists()
    service.store.close()
