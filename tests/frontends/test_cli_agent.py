"""``connectedmachine agent`` as a process: it upgrades by itself, beside others, and ends when it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectedmachine.model.operation import OperationKind
from connectedmachine.store import Store
from frontends.cli_harness import COMMAND, MACHINE, QUICK, Cli, until
from packages import AGENT, commands, end_processes

if sys.platform == "win32":
    STOP, FLAGS = signal.CTRL_BREAK_EVENT, subprocess.CREATE_NEW_PROCESS_GROUP
else:
    STOP, FLAGS = signal.SIGTERM, 0
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    cli = Cli(tmp_path)
    cli.connect()
    yield cli
    end_processes(tmp_path)


@pytest.fixture
def start(cli: Cli) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(**environment: str) -> subprocess.Popen[str]:
        agent = subprocess.Popen(
            [*COMMAND, "agent"], env=cli.environment | environment, cwd=cli.root, text=True,
            stderr=subprocess.PIPE, creationflags=FLAGS,
        )  # fmt: skip
        started.append(agent)
        assert agent.stderr is not None
        assert "The agent runs" in agent.stderr.readline()
        return agent

    yield start
    for agent in started:
        agent.kill()
        agent.wait()
        assert agent.stderr is not None
        agent.stderr.close()


def upgrades(cli: Cli) -> list[str | None]:
    """Outcomes of the version changes."""
    store = Store.open(cli.root / "home")
    try:
        (machine,) = store.machines.all()
        history = store.operations.history(machine.id)
    finally:
        store.close()
    return [op.outcome for op in history if op.kind is OperationKind.CHANGE_VERSION]


def installed(cli: Cli, *policy: str) -> None:
    cli.run("policy", "set", *MACHINE, *policy).json()
    cli.publish(replace(AGENT, version="1.0"))
    cli.set(AGENT).json()
    cli.publish(replace(AGENT, version="1.1"))


def test_an_agent_that_sleeps_ends_at_once_and_well(start: Start, cli: Cli) -> None:
    agent = start()
    until(lambda: list((cli.root / "home" / "machines").glob("*/runner.log")))
    agent.send_signal(STOP)
    assert agent.wait(timeout=30) == 0
    assert "Agent stopped." in (cli.root / "home" / "agent.log").read_text()


def test_the_end_of_an_agent_touches_no_upgrade_that_is_under_way(start: Start, cli: Cli) -> None:
    installed(cli, "--health-window", "2s", "--stable-for", "0", "--sample-interval", "0.1s")
    agent = start()
    until(lambda: upgrades(cli))
    agent.send_signal(STOP)
    assert agent.wait(timeout=30) == 0
    until(lambda: upgrades(cli) == ["Succeeded"])


def test_an_agent_and_a_pass_at_once_upgrade_once(start: Start, cli: Cli) -> None:
    installed(cli, *QUICK)
    start()
    assert cli.run("upgrade", "run", *MACHINE).code == 0
    until(lambda: upgrades(cli) == ["Succeeded"])
    enabled = [run.version for run in commands(cli.state(AGENT)) if run.command == "enable"]
    assert enabled.count("1.1") == 1


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX") or os.name == "nt", reason="needs Unix sockets")
def test_systemd_is_told_how_the_service_stands(start: Start) -> None:
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(f"{folder}/notify")
        agent = start(NOTIFY_SOCKET=f"{folder}/notify")
        assert channel.recv(64) == b"READY=1"
        agent.send_signal(STOP)
        assert channel.recv(64) == b"STOPPING=1"
