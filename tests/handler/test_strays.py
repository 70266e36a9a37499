"""What still runs of a version after its uninstall is ended, and nothing else is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from connectedmachine.handler.strays import end_strays
from handler.support import HandClock, HostClock, eventually, is_alive, pid_in, script

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX processes"),
    pytest.mark.usefixtures("_no_process_stays"),
]

Launch = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start a process without a trait of its own, and end it after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(
        *argv: str | Path, cwd: Path = Path("/"), environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            argv, cwd=cwd, env=environment or {"PATH": os.environ["PATH"]}, start_new_session=True
        )
        started.append(process)
        # The kernel closes what is inherited, which is what Popen waits for, before it shows the arguments.
        assert eventually(lambda: bool(psutil.Process(process.pid).cmdline()))
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ended(folder: Path) -> list[int]:
    strays = end_strays(folder, HostClock())
    assert all(stray.ended for stray in strays)
    return [stray.pid for stray in strays]


def test_a_version_that_left_nothing_has_no_strays(folder: Path) -> None:
    assert end_strays(folder, HostClock()) == []


def test_a_program_of_the_version_is_ended_and_reported_by_name(folder: Path, launch: Launch) -> None:
    shutil.copy(shutil.which("sleep") or "sleep", folder / "agentd")
    process = launch(folder / "agentd", "600")
    [stray] = end_strays(folder, HostClock())
    assert (stray.pid, stray.name, stray.ended) == (process.pid, "agentd", True)
    assert not is_alive(process.pid)


def test_a_script_of_the_version_is_ended(folder: Path, launch: Launch) -> None:
    process = launch(script(folder / "agent.sh", "while :; do sleep 600; done"))
    assert process.pid in ended(folder)


def test_a_process_given_a_file_of_the_version_is_ended(folder: Path, launch: Launch) -> None:
    (folder / "log").touch()
    process = launch("tail", "-f", folder / "log")
    assert ended(folder) == [process.pid]


def test_a_process_that_works_in_the_version_is_ended(folder: Path, launch: Launch) -> None:
    process = launch("sleep", "600", cwd=folder)
    assert ended(folder) == [process.pid]


def test_a_process_that_a_command_started_elsewhere_is_ended(folder: Path, launch: Launch) -> None:
    environment = {"PATH": os.environ["PATH"], "AZURE_GUEST_AGENT_EXTENSION_PATH": str(folder)}
    process = launch("sleep", "600", environment=environment)
    assert ended(folder) == [process.pid]


def test_their_descendants_are_ended_with_them(folder: Path, launch: Launch, tmp_path: Path) -> None:
    text = f"cd /; env -i sleep 600 & echo $! >{tmp_path}/child; wait"
    process = launch(script(folder / "agent.sh", text))
    child = pid_in(tmp_path / "child")
    assert set(ended(folder)) == {process.pid, child}
    assert not is_alive(child)


def test_a_process_may_clean_up_when_asked(folder: Path, launch: Launch, tmp_path: Path) -> None:
    text = f"trap 'touch {tmp_path}/clean; exit 0' TERM; touch {tmp_path}/up; while :; do sleep 0.01; done"
    launch(script(folder / "agent.sh", text))
    assert eventually((tmp_path / "up").exists)
    ended(folder)
    assert (tmp_path / "clean").exists()


def test_a_process_that_does_not_listen_is_ended_after_the_grace(
    folder: Path, launch: Launch, tmp_path: Path
) -> None:
    text = f"trap '' TERM; touch {tmp_path}/up; while :; do sleep 0.01; done"
    process = launch(script(folder / "agent.sh", text))
    assert eventually((tmp_path / "up").exists)
    clock = HandClock()
    assert process.pid in [stray.pid for stray in end_strays(folder, clock)]
    assert clock.time >= 1000 + 3
    assert not is_alive(process.pid)


def test_the_next_versions_processes_are_spared(folder: Path, launch: Launch) -> None:
    sibling = folder.with_name(folder.name + "1")
    sibling.mkdir()
    environment = {"PATH": os.environ["PATH"], "AZURE_GUEST_AGENT_EXTENSION_PATH": str(sibling)}
    process = launch(
        script(sibling / "agent.sh", "while :; do sleep 600; done"), cwd=sibling, environment=environment
    )
    assert ended(folder) == []
    assert process.poll() is None


def test_a_mere_mention_of_the_folder_is_not_a_path_in_it(folder: Path, launch: Launch) -> None:
    process = launch("sh", "-c", f"sleep 600; : {folder}")
    assert ended(folder) == []
    assert process.poll() is None


def test_we_and_those_who_started_us_are_spared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert ended(folder) == []


def test_somebody_looking_around_in_a_terminal_is_spared(folder: Path) -> None:
    import pty  # not there on Windows

    (folder / "log").touch()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvp("tail", ["tail", "-f", str(folder / "log")])  # noqa: S606
    try:
        assert eventually(lambda: psutil.Process(pid).cmdline()[:1] == ["tail"])
        assert ended(folder) == []
        assert is_alive(pid)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)
