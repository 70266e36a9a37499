"""Events: written with what they are about, and delivered at least once, beside the work."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
from jsonschema import Draft202012Validator

import connectedmachine
from agent.world import FakeClock, PowerCutError, World
from connectedmachine.agent.events.courier import KEPT, Courier, delivering
from connectedmachine.model.errors import NotFoundError, RunnerError
from packages import AGENT, override

SCHEMA = Draft202012Validator(
    json.loads((Path(connectedmachine.__file__).with_name("schemas") / "event.json").read_text("utf-8"))
)
NEXT = replace(AGENT, version="1.1.0.0")


@dataclass
class Hook:
    """A web server that takes events, answers ``status``, and may hold every answer back."""

    url: str
    status: int = 204
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    answers: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.headers.append(dict(self.headers))
            found.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            found.came.set()
            found.answers.wait()
            self.send_response(found.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Hook(f"http://127.0.0.1:{server.server_port}/events?key=x")
        found.answers.set()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.answers.set()
        server.shutdown()
        thread.join()


def add(world: World, name: str = "ops", **what: Any) -> dict[str, Any]:
    return world.service.event_sink_add(name=name, follow=world.listener, **what)


def posted(world: World) -> list[dict[str, Any]]:
    """What is in the outbox."""
    later = world.clock.now() + timedelta(days=365)
    return [json.loads(parcel.body) for parcel in world.store.events.due(later, timedelta(hours=1))]


def deliver(world: World) -> None:
    Courier(world.store, world.clock).deliver()


# What is said.


def test_an_upgrade_that_rolls_back_is_told_with_the_decisions_own_reason(world: World) -> None:
    world.install(AGENT)
    add(world, os_log=True)
    world.publish(replace(NEXT, fails=("enable",)))
    reasons = world.run_pass()
    begun, ended = posted(world)
    (decision,) = world.store.passes.latest(world.machine.id).values()
    assert (begun["event"], begun["reason"]) == ("Begun", "OperationInProgress")
    assert (begun["fromVersion"], begun["toVersion"]) == (AGENT.version, "1.1.0.0")
    assert (ended["event"], ended["reason"]) == ("RolledBack", reasons["Agent"])
    assert ended["message"] == decision.message
    assert begun["installedVersion"] == ended["installedVersion"] == AGENT.version
    assert ended["operationId"] == decision.operation_id
    assert ended["id"] != begun["id"]
    for event in (begun, ended):
        SCHEMA.validate(event)


def test_a_pending_rollback_is_told_once_for_each_try(timeless: World) -> None:
    world = timeless
    world.install(AGENT)
    add(world, os_log=True)
    world.publish(replace(NEXT, fails=("enable",)))
    override(world.state(AGENT), AGENT.version, fails=["enable"])
    world.run_pass()
    assert [event["event"] for event in posted(world)] == ["Begun", "RollbackPending"]
    world.run()
    assert [event["event"] for event in posted(world)] == ["Begun", "RollbackPending"]


def test_nobody_is_told_of_what_another_machine_does(world: World) -> None:
    world.service.machine_connect(
        resource_group="rg", name="other", simulated=True, os_type="Linux", follow=world.listener
    )
    add(world, os_log=True, resource_group="rg", machine="other")
    world.install(AGENT)
    assert posted(world) == []


def test_a_runner_killed_before_it_delivers_leaves_that_to_the_next(world: World, hook: Hook) -> None:
    add(world, webhook=hook.url)

    def cut(point: str) -> None:
        if point == "after end":
            raise PowerCutError

    world.publish(AGENT)
    world.put(AGENT)
    with pytest.raises(PowerCutError):
        world.run(cut)
    assert hook.bodies == []
    deliver(world)
    deliver(world)
    assert [body["event"] for body in hook.bodies] == ["Begun", "Succeeded"]
    assert posted(world) == []


def test_a_sink_that_hangs_keeps_nothing_waiting(world: World, hook: Hook) -> None:
    hook.answers.clear()
    add(world, webhook=hook.url, timeout=60.0)
    world.publish(AGENT)
    world.put(AGENT)
    with delivering(world.home, every=0.01, patience=0.0):
        world.run()
        assert hook.came.wait(60)
        assert world.version(AGENT) == AGENT.version
        assert not hook.answers.is_set()


# How it is delivered.


def post(world: World) -> str:
    """Put one event into the outbox; returns its id."""
    world.publish(AGENT)
    world.put(AGENT)

    def stop(_point: str) -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        world.run(stop)
    (event,) = posted(world)
    return str(event["id"])


def test_a_webhook_gets_the_event_and_the_secret_which_is_sealed(timeless: World, hook: Hook) -> None:
    shown = add(timeless, webhook=hook.url, header="X-Token", secret="s3cret-word")
    event = post(timeless)
    deliver(timeless)
    assert [body["id"] for body in hook.bodies] == [event]
    assert hook.headers[0]["X-Token"] == "s3cret-word"
    assert hook.headers[0]["Content-Type"] == "application/json"
    kept = b"".join(path.read_bytes() for path in timeless.home.glob("store.db*"))
    assert b"s3cret-word" not in kept
    assert "s3cret-word" not in str(shown)
    assert "key=x" not in str(shown)


@pytest.mark.parametrize("status", [500, 302])
def test_a_webhook_that_does_not_take_it_is_asked_again_later_and_in_vain_for_three_days(
    timeless: World, hook: Hook, status: int
) -> None:
    clock = timeless.clock
    assert isinstance(clock, FakeClock)
    add(timeless, webhook=hook.url)
    event = post(timeless)
    hook.status = status
    deliver(timeless)
    deliver(timeless)
    assert len(hook.bodies) == 1
    assert str(status) in str(timeless.service.event_sink_list(name="ops"))
    clock.pass_time(60)
    deliver(timeless)
    assert [body["id"] for body in hook.bodies] == [event, event]
    clock.pass_time(-86_400)  # a clock that is set back puts nothing off
    deliver(timeless)
    assert len(hook.bodies) == 3
    clock.pass_time(86_400 + KEPT.total_seconds())
    deliver(timeless)
    assert len(hook.bodies) == 3
    assert posted(timeless) == []


def test_of_two_couriers_one_delivers(timeless: World) -> None:
    add(timeless, os_log=True)
    post(timeless)
    sent: list[str] = []
    inner = Courier(timeless.store, timeless.clock, lambda *_: sent.append("inner"))

    def outer(*_: object) -> None:
        sent.append("outer")
        inner.deliver()

    Courier(timeless.store, timeless.clock, outer).deliver()
    assert sent == ["outer"]


def test_a_command_gets_the_event_on_its_standard_input(timeless: World) -> None:
    kept = timeless.root / "kept.json"
    program = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"
    add(timeless, command=[sys.executable, "-c", program, str(kept)])
    event = post(timeless)
    deliver(timeless)
    assert json.loads(kept.read_text())["id"] == event
    assert posted(timeless) == []


def test_a_command_that_does_not_end_is_ended_with_what_it_started(timeless: World) -> None:
    started = timeless.root / "started"
    program = (
        "import pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(started)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)"
    )
    add(timeless, command=[sys.executable, "-c", program], timeout=2.0)
    with pytest.raises(RunnerError, match="did not end within 2 s"):
        timeless.service.event_sink_test(name="ops")
    if sys.platform != "win32":
        child = psutil.Process(int(started.read_text())) if started.exists() else None
        assert child is None or child.wait(timeout=60) is None


@pytest.mark.parametrize("command", [["/nonexistent/program"], [sys.executable, "-c", "raise SystemExit(7)"]])
def test_a_command_that_fails_says_so(timeless: World, command: list[str]) -> None:
    add(timeless, command=command)
    with pytest.raises(RunnerError) as failed:
        timeless.service.event_sink_test(name="ops")
    assert failed.value.code == "EventNotDelivered"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has a log of its own kind")
def test_the_log_of_the_system_gets_one_line_for_people_and_programs(tmp_path: Path) -> None:
    import socket

    from connectedmachine.agent.events import _os_log_posix

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "log"))
        _os_log_posix.write("RolledBack agent", is_failure=True, address=tmp_path / "log")
        assert channel.recv(1000).startswith(b"<28>azcmlite[")
        _os_log_posix.write("Succeeded agent", is_failure=False, address=tmp_path / "log")
        assert channel.recv(1000).endswith(b"]: Succeeded agent")
    with pytest.raises(OSError, match="refused"):
        _os_log_posix.write("nobody", is_failure=False, address=tmp_path / "log")


def test_a_sink_that_is_removed_takes_what_is_on_its_way_along(timeless: World) -> None:
    add(timeless, os_log=True)
    post(timeless)
    timeless.service.event_sink_remove(name="OPS", follow=timeless.listener)
    assert posted(timeless) == []
    with pytest.raises(NotFoundError):
        timeless.service.event_sink_list(name="ops")
