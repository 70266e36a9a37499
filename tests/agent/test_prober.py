"""Probes of each kind, on real programs, ports and processes."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from agent.world import FakeClock
from connectedmachine.agent.prober import Prober, look
from connectedmachine.model.health import Health, Probe, ProbeKind

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")


def probe(kind: ProbeKind, *target: str, timeout: float = 30.0) -> Probe:
    return Probe("p", kind, target, 5.0, timeout)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", code)


@contextmanager
def web(status: int) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_command_is_healthy_when_it_exits_with_0() -> None:
    assert look(probe(ProbeKind.COMMAND, *python("pass"))).health is Health.HEALTHY


def test_a_command_that_fails_is_unhealthy_and_says_why() -> None:
    seen = look(probe(ProbeKind.COMMAND, *python("import sys; sys.exit('no disk left')")))
    assert (seen.health, seen.message) == (Health.UNHEALTHY, "Exit code 1. no disk left")


def test_a_command_that_does_not_end_in_time_is_unhealthy_and_is_ended() -> None:
    seen = look(probe(ProbeKind.COMMAND, *python("input() or __import__('time').sleep(600)"), timeout=0.001))
    assert seen.health is Health.UNHEALTHY


def test_a_command_that_cannot_be_started_is_unknown(tmp_path: Path) -> None:
    assert look(probe(ProbeKind.COMMAND, str(tmp_path / "none"))).health is Health.UNKNOWN


def test_a_command_sees_no_shell() -> None:
    assert look(probe(ProbeKind.COMMAND, "exit 0")).health is Health.UNKNOWN


def test_a_port_that_accepts_is_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen = look(probe(ProbeKind.TCP, f"127.0.0.1:{listener.getsockname()[1]}"))
    assert seen.health is Health.HEALTHY


def test_a_port_that_refuses_is_unhealthy() -> None:
    assert look(probe(ProbeKind.TCP, f"127.0.0.1:{closed_port()}")).health is Health.UNHEALTHY


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_an_address_of_ipv6_stands_in_brackets() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this host has no IPv6")
    with listener:
        assert look(probe(ProbeKind.TCP, f"[::1]:{listener.getsockname()[1]}")).health is Health.HEALTHY


@pytest.mark.parametrize(
    ("status", "health"), [(200, Health.HEALTHY), (204, Health.HEALTHY), (503, Health.UNHEALTHY)]
)
def test_a_web_page_is_judged_by_its_status(status: int, health: Health) -> None:
    with web(status) as uri:
        seen = look(probe(ProbeKind.HTTP, uri))
    assert (seen.health, seen.message) == (health, f"Status {status}.")


def test_a_proxy_of_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    with web(200) as uri:
        assert look(probe(ProbeKind.HTTP, uri)).health is Health.HEALTHY


def test_a_web_server_that_is_not_there_is_unhealthy() -> None:
    assert look(probe(ProbeKind.HTTP, f"http://127.0.0.1:{closed_port()}/")).health is Health.UNHEALTHY


def test_a_web_server_that_says_no_http_is_unhealthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection = listener.accept()[0]
            with connection:
                connection.recv(4096)
                connection.sendall(b"garbage\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        seen = look(probe(ProbeKind.HTTP, f"http://127.0.0.1:{listener.getsockname()[1]}/"))
        thread.join()
    assert seen.health is Health.UNHEALTHY


@pytest.mark.parametrize("target", ["localhost:99999", f"{'x' * 70}:80", "a..b:80"])
def test_an_address_that_cannot_be_is_unhealthy(target: str) -> None:
    assert look(probe(ProbeKind.TCP, target)).health is Health.UNHEALTHY


def test_a_command_that_no_system_could_start_is_unknown() -> None:
    assert look(probe(ProbeKind.COMMAND, "program\0")).health is Health.UNKNOWN


def test_a_process_is_found_by_its_name_in_any_case() -> None:
    name = psutil.Process().name()
    assert look(probe(ProbeKind.PROCESS, name.upper())).health is Health.HEALTHY


def test_a_process_that_does_not_run_is_unhealthy() -> None:
    assert look(probe(ProbeKind.PROCESS, "no-such-program-runs")).health is Health.UNHEALTHY


@needs_posix
def test_a_process_that_ended_and_was_not_collected_is_no_process(tmp_path: Path) -> None:
    program = tmp_path / "azcm-ended"
    program.write_text("#!/bin/sh\nread line\n")
    program.chmod(0o755)
    with subprocess.Popen([program], stdin=subprocess.PIPE) as child:
        assert look(probe(ProbeKind.PROCESS, "azcm-ended")).health is Health.HEALTHY
        assert child.stdin is not None
        child.stdin.close()
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            pass
        assert look(probe(ProbeKind.PROCESS, "azcm-ended")).health is Health.UNHEALTHY


def stand_in(folder: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager that says so much of ``agent`` and knows nothing else."""
    program = folder / ("launchctl" if sys.platform == "darwin" else "systemctl")
    program.write_text(f'#!/bin/sh\ncase "$*" in *agent) exit {code};; esac\nexit 4\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@needs_posix
@pytest.mark.parametrize(("code", "health"), [(0, Health.HEALTHY), (3, Health.UNHEALTHY)])
def test_a_service_is_what_its_manager_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, health: Health
) -> None:
    stand_in(tmp_path, code, monkeypatch)
    assert look(probe(ProbeKind.SERVICE, "agent")).health is health


@needs_posix
def test_without_a_service_manager_a_service_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look(probe(ProbeKind.SERVICE, "agent")).health is Health.UNKNOWN


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd is Linux's")
def test_where_no_systemd_runs_a_service_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, 1, monkeypatch)
    assert look(probe(ProbeKind.SERVICE, "agent")).health is Health.UNKNOWN


def test_a_probe_is_looked_at_again_when_its_interval_is_over(clock: FakeClock) -> None:
    prober, one = Prober(clock), probe(ProbeKind.COMMAND, *python("pass"))
    fresh = []
    for _ in range(4):
        fresh.append(bool(prober.sample([one])[1]))
        clock.pass_time(2.5)
    assert fresh == [True, False, True, False]


def test_a_machine_without_probes_is_asked_nothing(clock: FakeClock) -> None:
    assert Prober(clock).sample([]) == ({}, frozenset())
