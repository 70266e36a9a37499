"""Two who write at once: both are heard, and what excludes the other is refused to one of them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.world import GROUP, MACHINE, Listener, QuietService, World
from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import ConflictError
from connectedmachine.service import Service
from connectedmachine.store import Store
from packages import AGENT


def at_once(world: World, *acts: Callable[[QuietService], object]) -> list[object]:
    """Have each done by a service with a store of its own; returns answers and errors."""
    start = threading.Barrier(len(acts))

    def do(act: Callable[[QuietService], object]) -> object:
        store = Store.open(world.home)
        try:
            start.wait()
            return act(QuietService(store, SystemClock()))
        except ConflictError as error:
            return error
        finally:
            store.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def body(tag: str) -> str:
    properties = f'{{"publisher": "{AGENT.publisher}", "type": "{AGENT.type}"}}'
    return f'{{"tags": {{"from": "{tag}"}}, "properties": {properties}}}'


def test_no_write_is_lost(world: World) -> None:
    world.install(AGENT)

    def holds(name: str) -> Callable[[QuietService], object]:
        def add(service: QuietService) -> None:
            for number in range(20):
                service.hold_add(
                    resource_group=GROUP,
                    machine=MACHINE,
                    name="Agent",
                    version=f"{name}.{number}",
                    follow=Listener(),
                )

        return add

    at_once(world, holds("8"), holds("9"))
    assert len(world.store.policies.holds(world.machine.id, "Agent")) == 40


def test_a_flag_and_a_version_are_both_kept(world: World) -> None:
    world.install(AGENT)

    def patch(properties: str) -> Callable[[QuietService], object]:
        return lambda service: service.extension_patch(
            resource_group=GROUP,
            machine=MACHINE,
            name="Agent",
            body_text=f'{{"properties": {properties}}}',
            follow=Listener(),
            wait=False,
        )

    at_once(world, patch('{"enableAutomaticUpgrade": false}'), patch('{"settings": {"port": 0, "x": 1}}'))
    extension = world.extension(AGENT)
    assert not extension.automatic_upgrade
    assert extension.settings.public is not None
    assert '"x": 1' in extension.settings.public


def test_of_two_extensions_of_one_handler_one_is_refused(world: World) -> None:
    world.publish(AGENT)

    def create(name: str) -> Callable[[QuietService], object]:
        return lambda service: service.extension_put(
            resource_group=GROUP,
            machine=MACHINE,
            name=name,
            body_text=body(name),
            follow=Listener(),
            wait=False,
        )

    answers = at_once(world, create("first"), create("second"))
    refused = [answer for answer in answers if isinstance(answer, ConflictError)]
    assert [error.code for error in refused] == ["HCRP409"]
    assert len(world.store.extensions.of_machine(world.machine.id)) == 1


def test_of_two_version_changes_at_once_one_is_refused(world: World) -> None:
    world.install(AGENT)
    from dataclasses import replace

    versions = [world.publish(replace(AGENT, version=text)) for text in ("1.1.0.0", "1.2.0.0")]

    def change(version: str) -> Callable[[QuietService], object]:
        return lambda service: service.extension_patch(
            resource_group=GROUP,
            machine=MACHINE,
            name="Agent",
            body_text=f'{{"properties": {{"typeHandlerVersion": "{version}"}}}}',
            follow=Listener(),
            wait=False,
        )

    answers = at_once(world, *map(change, versions))
    assert [a.code for a in answers if isinstance(a, ConflictError)] == ["HCRP409"]
    world.run()
    assert world.version(AGENT) in versions
    assert len([c for c in world.ran(AGENT) if c.startswith("enable")]) == 2


def test_no_second_runner_is_started_while_one_has_the_lock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32":
        pytest.skip("there nobody can only look at a lock")
    started: list[str] = []
    monkeypatch.setattr("connectedmachine.agent.launch.launch", lambda _, machine: started.append(machine))
    service = Service(world.store, SystemClock())
    lock = EffectsLock(world.places.lock)

    assert lock.acquire()
    service.start_runner(world.machine)
    assert started == []

    lock.release()
    service.start_runner(world.machine)
    assert started == [world.machine.id]


def test_who_only_looks_at_the_lock_is_taken_for_nobody(world: World) -> None:
    start = threading.Barrier(4)
    lock = EffectsLock(world.places.lock)

    def look(_: int) -> bool:
        start.wait()
        return any(EffectsLock(world.places.lock).is_held() for _ in range(200))

    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(look, range(4)))
    assert lock.is_free()
