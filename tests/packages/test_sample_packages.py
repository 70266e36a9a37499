"""The sample packages run for real, directly, with the environment that the handler contract promises."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from packages import (
    AGENT,
    CLOCK,
    NOOP,
    PackageSpec,
    alive,
    build,
    commands,
    end_processes,
    forget_override,
    get,
    override,
)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="these packages are built for a POSIX shell here"
)


class Host:
    """What an agent does around a handler, in a few lines: unpack, environment file, settings, commands."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.library = root / "library"

    def state(self, spec: PackageSpec) -> Path:
        return self.library / f"{spec.handler}-data"

    def folder(self, spec: PackageSpec) -> Path:
        return self.library / f"{spec.handler}-{spec.version}"

    def unpack(
        self, spec: PackageSpec, settings: dict[str, object] | None = None, extension: str = ""
    ) -> None:
        folder = self.folder(spec)
        with ZipFile(build(self.root / "zips", spec)) as archive:
            archive.extractall(folder)
        for file in folder.rglob("*.sh"):
            file.chmod(0o744)
        for name in ("config", "status"):
            (folder / name).mkdir(exist_ok=True)
        places = {
            "configFolder": str(folder / "config"),
            "statusFolder": str(folder / "status"),
            "heartbeatFile": str(folder / "heartbeat.log"),
        }
        environment = [{"name": spec.handler, "version": 1.0, "handlerEnvironment": places}]
        (folder / "HandlerEnvironment.json").write_text(json.dumps(environment))
        self.configure(spec, settings, extension)

    def configure(self, spec: PackageSpec, settings: dict[str, object] | None, extension: str = "") -> None:
        body = {"runtimeSettings": [{"handlerSettings": {"publicSettings": settings}}]}
        name = f"{extension}.0.settings" if extension else "0.settings"
        text = "" if settings is None else json.dumps(body)
        (self.folder(spec) / "config" / name).write_text(text)

    def start(self, spec: PackageSpec, command: str, **told: str) -> subprocess.Popen[str]:
        manifest = json.loads((self.folder(spec) / "HandlerManifest.json").read_text())
        line = manifest[0]["handlerManifest"][f"{command}Command"]
        return subprocess.Popen(
            [str(self.folder(spec) / line)],
            cwd=self.folder(spec),
            env={**os.environ, "ConfigSequenceNumber": "0", **told},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, spec: PackageSpec, command: str, **told: str) -> int:
        process = self.start(spec, command, **told)
        process.communicate(timeout=60)
        return process.returncode

    def status(self, spec: PackageSpec, name: str = "0.status") -> str:
        document = json.loads((self.folder(spec) / "status" / name).read_text())
        return str(document[0]["status"]["status"])


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    yield Host(tmp_path)
    end_processes(tmp_path)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object]) -> None:
    """Wait for what is bound to come; the run's own time limit is the judge if it does not."""
    event = threading.Event()
    while not condition():
        event.wait(0.02)


def test_a_good_agent_serves_from_enable_to_disable(host: Host, port: int) -> None:
    host.unpack(AGENT, {"port": port})

    assert host.run(AGENT, "install") == 0
    assert get(port) is None
    assert host.run(AGENT, "enable") == 0
    reply = get(port)
    assert reply is not None
    assert (reply.status, reply.handler, reply.version) == (200, "Contoso.Sample.Agent", "1.0.0.0")
    assert alive(reply.pid)
    assert host.status(AGENT) == "success"
    heartbeat = json.loads((host.folder(AGENT) / "heartbeat.log").read_text())
    assert heartbeat[0]["heartbeat"]["status"] == "ready"

    assert host.run(AGENT, "disable") == 0
    assert get(port) is None
    assert not alive(reply.pid)
    assert host.run(AGENT, "uninstall") == 0
    assert not (host.state(AGENT) / "data.json").exists()
    assert [run.command for run in commands(host.state(AGENT))] == [
        "install",
        "enable",
        "disable",
        "uninstall",
    ]


def test_the_agent_outlives_the_session_of_enable(host: Host, port: int) -> None:
    host.unpack(AGENT, {"port": port})
    process = host.start(AGENT, "enable")
    process.communicate(timeout=60)
    reply = get(port)
    assert reply is not None
    if sys.platform != "win32":
        assert os.getsid(reply.pid) != process.pid


def test_enable_again_takes_new_settings(host: Host, port: int) -> None:
    host.unpack(AGENT)
    assert host.run(AGENT, "enable") == 0
    host.configure(AGENT, {"port": port})
    assert host.run(AGENT, "enable") == 0
    assert get(port) is not None


def test_state_goes_where_the_settings_say(host: Host, tmp_path: Path) -> None:
    state = tmp_path / "elsewhere"
    host.unpack(AGENT, {"stateFolder": str(state)})
    assert host.run(AGENT, "install") == 0
    assert [run.command for run in commands(state)] == ["install"]
    assert not host.state(AGENT).exists()


def test_the_log_has_what_each_command_was_told(host: Host) -> None:
    host.unpack(AGENT)
    host.run(AGENT, "update", VERSION="1.0.0.0", AZURE_GUEST_AGENT_UPDATING_FROM_VERSION="0.9.0.0")
    host.run(AGENT, "install", AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE="7")
    update, install = commands(host.state(AGENT))
    assert update.environment["VERSION"] == "1.0.0.0"
    assert update.environment["AZURE_GUEST_AGENT_UPDATING_FROM_VERSION"] == "0.9.0.0"
    assert install.environment["AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE"] == "7"
    assert install.environment["ConfigSequenceNumber"] == "0"


def test_uninstall_of_the_old_version_leaves_data_that_update_gave_to_the_new(host: Host) -> None:
    new = replace(AGENT, version="2.0.0.0")
    host.unpack(AGENT)
    host.unpack(new)
    host.run(AGENT, "install")
    host.run(new, "update", VERSION="2.0.0.0")
    host.run(AGENT, "uninstall")
    data = json.loads((host.state(AGENT) / "data.json").read_text())
    assert data == {"version": "2.0.0.0", "migratedFrom": "1.0.0.0"}


@pytest.mark.parametrize("command", ["install", "update", "enable", "disable", "uninstall"])
def test_a_command_told_to_fail_fails_every_time(host: Host, command: str) -> None:
    spec = replace(AGENT, fails=(command,), exit_code=51)
    host.unpack(spec)
    assert [host.run(spec, command), host.run(spec, command)] == [51, 51]


def test_a_failing_enable_reports_an_error(host: Host) -> None:
    spec = replace(AGENT, fails=("enable",))
    host.unpack(spec)
    host.run(spec, "enable")
    assert host.status(spec) == "error"


def test_a_taken_port_is_a_failed_enable(host: Host) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        host.unpack(AGENT, {"port": taken.getsockname()[1]})
        assert host.run(AGENT, "enable") == 1
        assert host.status(AGENT) == "error"


def test_it_turns_unhealthy_after_so_many_requests(host: Host, port: int) -> None:
    spec = replace(AGENT, unhealthy_after_requests=2)
    host.unpack(spec, {"port": port})
    assert host.run(spec, "enable") == 0
    replies = [get(port) for _ in range(3)]
    assert [reply.status for reply in replies if reply] == [200, 200, 503]
    until(lambda: host.status(spec) == "error")


def test_it_turns_unhealthy_after_so_many_seconds(host: Host, port: int) -> None:
    spec = replace(AGENT, unhealthy_after_seconds=0.0)
    host.unpack(spec, {"port": port})
    assert host.run(spec, "enable") == 0
    reply = get(port)
    assert reply is not None
    assert reply.status == 503
    assert host.status(spec) == "error"


def test_a_liar_says_it_is_enabled_and_is_not(host: Host, port: int) -> None:
    spec = replace(AGENT, lies=True)
    host.unpack(spec, {"port": port})
    assert host.run(spec, "enable") == 0
    assert get(port) is None
    assert not (host.folder(spec) / "status" / "0.status").exists()


def test_a_hanging_command_and_its_child_survive_sigterm(host: Host) -> None:
    spec = replace(AGENT, hangs=("update",))
    host.unpack(spec)
    process = host.start(spec, "update")
    pids = host.state(spec) / "hung.pids"
    until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    until(lambda: _ignores_sigterm(process.pid))
    process.terminate()
    own, child = (int(pid) for pid in pids.read_text().split())
    assert own == process.pid
    assert process.poll() is None
    assert alive(child)
    assert set(end_processes(host.root)) == {own, child}
    process.communicate(timeout=60)


def _ignores_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("no /proc to see from which moment on a signal is ignored")
    ignored = next(line for line in status.read_text().splitlines() if line.startswith("SigIgn:"))
    return bool(int(ignored.split()[1], 16) & (1 << (signal.SIGTERM - 1)))


def test_a_waiting_command_goes_on_when_it_is_let(host: Host) -> None:
    spec = replace(AGENT, waits=("install",), slow={"install": 0.01})
    host.unpack(spec)
    process = host.start(spec, "install")
    until(lambda: commands(host.state(spec)))
    assert process.poll() is None
    (host.state(spec) / "go").touch()
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_two_commands_at_once_are_seen(host: Host) -> None:
    spec = replace(AGENT, waits=("install",))
    host.unpack(spec)
    first = host.start(spec, "install")
    until(lambda: commands(host.state(spec)))
    assert host.run(spec, "enable") == 1
    (host.state(spec) / "go").touch()
    first.communicate(timeout=60)
    assert [run.overlap for run in commands(host.state(spec))] == [False, True]


def test_a_killed_command_does_not_look_like_an_overlap(host: Host) -> None:
    spec = replace(AGENT, waits=("install",))
    host.unpack(spec)
    first = host.start(spec, "install")
    until(lambda: commands(host.state(spec)))
    first.kill()
    first.communicate(timeout=60)
    assert host.run(spec, "disable") == 0
    assert [run.overlap for run in commands(host.state(spec))] == [False, False]


def test_a_stray_outlives_uninstall(host: Host, port: int) -> None:
    spec = replace(AGENT, leaves_stray=True)
    host.unpack(spec, {"port": port})
    for command in ("enable", "disable", "uninstall"):
        assert host.run(spec, command) == 0
    assert get(port) is None
    stray = int((host.state(spec) / "stray.pids").read_text())
    assert alive(stray)
    assert end_processes(host.root) == [stray]


def test_an_override_changes_one_version_until_it_is_forgotten(host: Host) -> None:
    new = replace(AGENT, version="2.0.0.0", fails=("update",))
    host.unpack(AGENT)
    host.unpack(new)
    override(host.state(AGENT), "2.0.0.0", fails=[])
    override(host.state(AGENT), "1.0.0.0", fails=["disable"])
    assert [host.run(new, "update"), host.run(AGENT, "disable")] == [0, 1]
    forget_override(host.state(AGENT))
    assert [host.run(new, "update"), host.run(AGENT, "disable")] == [1, 0]


def test_a_stale_pid_is_not_ended(host: Host) -> None:
    """After a crash its pid may be another program's."""
    host.unpack(AGENT)
    host.run(AGENT, "install")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        stale = {"pid": other.pid, "port": 1, "instance": "gone"}
        (host.state(AGENT) / "agent.json").write_text(json.dumps(stale))
        assert host.run(AGENT, "disable") == 0
        assert other.poll() is None


def test_two_handlers_are_independent(host: Host) -> None:
    host.unpack(AGENT)
    host.unpack(replace(CLOCK, version="3.1.0.0"))
    assert [host.run(AGENT, "enable"), host.run(replace(CLOCK, version="3.1.0.0"), "enable")] == [0, 0]
    ports = [json.loads((host.state(spec) / "agent.json").read_text())["port"] for spec in (AGENT, CLOCK)]
    replies = [get(port) for port in ports]
    assert [reply.handler for reply in replies if reply] == ["Contoso.Sample.Agent", "Contoso.Sample.Clock"]


def test_instances_of_one_handler_have_their_own_settings_and_status(host: Host, port: int) -> None:
    spec = replace(AGENT, supports_multiple_extensions="true")
    host.unpack(spec, {"port": port}, extension="first")
    assert host.run(spec, "enable", ConfigExtensionName="first") == 0
    assert get(port) is not None
    assert host.status(spec, "first.0.status") == "success"


def test_the_noop_handler_does_nothing_and_succeeds(host: Host) -> None:
    host.unpack(NOOP)
    assert [
        host.run(NOOP, command) for command in ("install", "enable", "disable", "update", "uninstall")
    ] == [0] * 5
    assert not host.state(NOOP).exists()


def test_the_same_spec_gives_the_same_bytes(tmp_path: Path) -> None:
    first = build(tmp_path / "a", AGENT).read_bytes()
    assert build(tmp_path / "b", AGENT).read_bytes() == first
    assert build(tmp_path / "c", replace(AGENT, fails=("enable",))).read_bytes() != first


def test_a_windows_build_has_cmd_twins_of_every_command(tmp_path: Path) -> None:
    with ZipFile(build(tmp_path, replace(AGENT, os="windows"))) as archive:
        body = json.loads(archive.read("HandlerManifest.json"))[0]["handlerManifest"]
        for command in ("install", "enable", "disable", "update", "uninstall"):
            assert body[f"{command}Command"] == f"bin\\{command}.cmd"
            text = archive.read(f"bin/{command}.cmd")
            assert text.count(b"\r\n") == text.count(b"\n")
            assert text.isascii()


def test_manifest_flags_are_written_as_given(tmp_path: Path) -> None:
    spec = replace(
        AGENT, continue_on_update_failure="True", report_heartbeat=True, update_mode="UpdateWithoutInstall"
    )
    with ZipFile(build(tmp_path, spec)) as archive:
        body = json.loads(archive.read("HandlerManifest.json"))[0]["handlerManifest"]
    assert (body["continueOnUpdateFailure"], body["reportHeartbeat"]) == ("True", True)
    assert body["updateMode"] == "UpdateWithoutInstall"
