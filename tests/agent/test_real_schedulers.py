"""The host's own schedulers take a task, show it and let it go: on hosts that are there for tests."""

from __future__ import annotations

import os
import sys

import pytest

from connectedmachine.agent.schedule.choice import available, facts, scheduler
from connectedmachine.model.schedule import SchedulerKind, Task, Timing

FACTS = facts()


@pytest.mark.skipif("AZCMLITE_TEST_SCHEDULERS" not in os.environ, reason="it changes the host")
@pytest.mark.parametrize("kind", [*SchedulerKind])
def test_a_task_is_taken_shown_and_let_go(kind: SchedulerKind) -> None:
    if kind not in available(FACTS):
        pytest.skip(f"no {kind} here")
    task = Task(
        name="azcmlite-test",
        description="A test of Az.ConnectedMachineLite",
        command=(sys.executable, "-I", "-c", "pass", 'a "quoted" 100% $word'),
        timing=Timing(1440, 210, 15),
        offset=3,
        privileged=FACTS.privileged,
    )
    way = scheduler(kind, FACTS)
    way.register(task)
    try:
        way.register(task)
        assert way.has(task.name)
        found = way.found(task.name)
    finally:
        assert way.unregister(task.name)
    assert found is not None
    assert (found.name, found.scheduler, found.description) == (task.name, kind, task.description)
    assert found.command[0] == sys.executable
    assert found.next_run is not None
    assert found.last_result is None
    assert not way.has(task.name)
    assert not way.unregister(task.name)
