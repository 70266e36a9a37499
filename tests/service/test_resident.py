"""The resident agent asks for passes when they are due, and what it left to others is seen to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from agent.world import FakeClock
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.residency import Rhythm
from connectedmachine.model.decision import Decision, Reason
from connectedmachine.model.errors import ConflictError
from connectedmachine.store import Store
from service.support import RG, Desk, Heard, QuickService, refused

HOUR = 3600.0
RHYTHM = Rhythm(HOUR, 0.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def service(tmp_path: Path, clock: FakeClock) -> Iterator[QuickService]:
    store = Store.open(tmp_path / "home")
    yield QuickService(store, clock)
    store.close()


def passes(desk: Desk) -> int:
    rows = desk.service.store.passes._db.all("SELECT initiator FROM passes WHERE ended IS NOT NULL")
    return len(rows)


def test_a_machine_is_looked_at_at_once_and_then_once_in_an_interval(desk: Desk, clock: FakeClock) -> None:
    assert desk.service.agent_turn(RHYTHM, "agent") == 60.0
    assert passes(desk) == 1
    clock.pass_time(HOUR - 1)
    assert desk.service.agent_turn(RHYTHM, "agent") == 1.0
    assert passes(desk) == 1
    clock.pass_time(1)
    desk.service.agent_turn(RHYTHM, "agent")
    assert passes(desk) == 2


def test_a_pass_that_somebody_else_asked_for_counts(desk: Desk, clock: FakeClock) -> None:
    clock.pass_time(1)
    desk.run_pass()
    clock.pass_time(HOUR / 2)
    desk.service.agent_turn(RHYTHM, "agent")
    assert passes(desk) == 1


def test_a_decision_is_looked_at_again_when_it_says_and_once(desk: Desk, clock: FakeClock) -> None:
    desk.publish("Agent", "1.0")
    desk.create()
    desk.service.agent_turn(RHYTHM, "agent")
    store, machine = desk.service.store, desk.service.machine(None, RG, desk.machine)
    (last,) = [p for p in [store.passes.get(i) for i in _ids(store)] if p is not None]
    look = clock.now() + timedelta(minutes=5)
    store.passes.decide(last, Decision("agent", Reason.RETRY_NOT_DUE, "Later.", next_look=look), clock.now())
    assert desk.service.agent_turn(RHYTHM, "agent") == 60.0
    clock.pass_time(300)
    desk.service.agent_turn(RHYTHM, "agent")
    assert passes(desk) == 2
    assert desk.service.agent_turn(RHYTHM, "agent") == 60.0
    assert passes(desk) == 2
    assert store.passes.last_requested(machine.id) == look


def _ids(store: Store) -> list[str]:
    return [row["id"] for row in store.passes._db.all("SELECT id FROM passes")]


def test_a_clock_that_is_set_back_a_day_does_not_stop_the_passes(desk: Desk, clock: FakeClock) -> None:
    desk.service.agent_turn(RHYTHM, "agent")
    clock.pass_time(-86_400)
    desk.service.agent_turn(RHYTHM, "agent")
    assert passes(desk) == 2


def test_what_a_killed_runner_left_is_done_at_the_next_look(desk: Desk) -> None:
    desk.service.runs = False
    desk.service.agent_turn(RHYTHM, "agent")
    assert passes(desk) == 0
    desk.service.runs = True
    desk.service.agent_turn(RHYTHM, "agent")
    assert passes(desk) == 1


def test_a_machine_of_another_host_is_left_alone(service: QuickService) -> None:
    service.machine_connect(resource_group=RG, name="here", follow=Heard())
    service.store.machines._db.run("UPDATE machines SET os_machine_id = 'another'")
    assert service.agent_turn(RHYTHM, "agent") == 60.0
    assert _ids(service.store) == []


def test_jitter_is_always_the_same_for_one_machine_and_within_its_bounds() -> None:
    rhythm = Rhythm(HOUR, 600.0)
    pauses = {f"machine {n}": rhythm.pause(f"machine {n}").total_seconds() for n in range(100)}
    assert all(HOUR <= pause < HOUR + 600 for pause in pauses.values())
    assert len(set(pauses.values())) == 100
    assert all(rhythm.pause(name).total_seconds() == pause for name, pause in pauses.items())


def test_there_is_one_agent_and_it_counts_as_somebody_who_runs_passes(desk: Desk) -> None:
    assert desk.service.passes_run_by() is None
    seen: list[str | None] = []

    def wait(_seconds: float) -> bool:
        seen.append(desk.service.passes_run_by())
        with pytest.raises(ConflictError) as error:
            desk.service.agent_run(wait=lambda _: False, ready=lambda: None)
        refused(error, "AgentRunning")
        return True

    desk.service.agent_run(wait=wait, ready=lambda: None)
    assert seen == ["the resident agent"]
    assert desk.service.passes_run_by() is None


def test_whoever_enrols_under_an_agent_is_not_warned(desk: Desk) -> None:
    lock = EffectsLock(desk.service.agent_lock())
    assert lock.acquire()
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    lock.release()
    assert not [warning for warning in desk.heard.warnings if "pass" in warning]
