"""A state folder that came from another host: it can be read, and nothing is done with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from agent.world import World
from connectedmachine.agent.hosting import hands_for
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.store.home import STORE_FILE
from packages import AGENT


@pytest.fixture
def moved(world: World) -> World:
    world.install(AGENT)
    world.publish(replace(AGENT, version="1.1.0.0"))
    with closing(sqlite3.connect(world.home / STORE_FILE)) as store, store:
        store.execute("UPDATE machines SET os_machine_id = 'another host'")
    return world


@pytest.mark.parametrize(
    "request_work",
    [
        World.ask_for_pass,
        lambda world: world.put(AGENT, "1.1"),
        lambda world: world.remove(AGENT),
    ],
)
def test_work_is_refused_and_no_wish_is_stored(moved: World, request_work: Callable[[World], object]) -> None:
    before = moved.extension(AGENT)
    with pytest.raises(PermissionDeniedError) as refused:
        request_work(moved)
    assert refused.value.code == "WrongHost"
    assert "AZCMLITE_HOME" in refused.value.hint
    assert moved.extension(AGENT) == before
    assert moved.store.passes.next_wanted(moved.machine.id) is None


def test_a_runner_gets_no_hands(moved: World) -> None:
    with pytest.raises(PermissionDeniedError) as refused:
        hands_for(moved.store, moved.machine, moved.clock)
    assert refused.value.code == "WrongHost"


def test_reading_works(moved: World) -> None:
    found = moved.service.extension_get(resource_group="rg", machine="m1", name="Agent")
    assert found["name"] == "Agent"
