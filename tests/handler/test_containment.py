"""A timeout ends all that a command started, and nothing else, with a control group and without."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from connectedmachine.handler import cgroup
from connectedmachine.handler.command import Ended, Lost, TimedOut, attach, start
from connectedmachine.handler.strays import end_strays
from connectedmachine.model.handler import ResourceLimits
from handler.support import (
    LIMIT_SECONDS,
    HandClock,
    HostClock,
    eventually,
    fate_of,
    is_alive,
    pid_in,
    shell_command,
)

pytestmark = [
    pytest.mark.skipif(shutil.which("setsid") is None, reason="needs setsid"),
    pytest.mark.usefixtures("_no_process_stays"),
]

# Forks twice, each time into a session of its own, and cannot be asked to end.
DEAF_DAEMON = (
    "setsid sh -c \"trap '' TERM HUP INT; setsid sh -c 'echo \\$\\$ >daemon; exec sleep 600' & exit\" &"
)
BARE_DAEMON = DEAF_DAEMON.replace("setsid sh", "env -i setsid sh", 1)


@pytest.fixture(params=["control group", "sweep"])
def contained(request: pytest.FixtureRequest) -> Path | None:
    """The group that commands run in; a host without has ``None``."""
    if request.param == "sweep":
        return None
    group: Path = request.getfixturevalue("group")
    return group


def time_out(folder: Path, run: Path, text: str, group: Path | None) -> None:
    """Run ``text`` until it makes ``mark``, then let its time be up."""
    clock = HandClock()

    def tick() -> None:
        if (folder / "mark").exists():
            clock.time += 901

    fate = start(shell_command(folder, text, group=group), run, clock).wait(900, tick)
    assert isinstance(fate, TimedOut)


@pytest.mark.parametrize("daemon", [DEAF_DAEMON, BARE_DAEMON], ids=["deaf", "without environment"])
def test_a_handler_that_forks_twice_and_ignores_sigterm_leaves_no_process_behind(
    folder: Path, run: Path, contained: Path | None, daemon: str
) -> None:
    wait = "until [ -s daemon ]; do sleep 0.01; done; touch mark; trap '' TERM; sleep 600"
    time_out(folder, run, f"{daemon}\n{wait}", contained)
    assert not is_alive(pid_in(folder / "daemon"))
    assert not is_alive(pid_in(run / "pid"))


def test_who_keeps_starting_others_leaves_none_of_them(
    folder: Path, run: Path, contained: Path | None
) -> None:
    text = """
while :; do
    setsid sh -c 'echo $$ >>started; exec sleep 600' &
    sleep 0.02
    touch mark
done
"""
    time_out(folder, run, text, contained)
    started = [int(line) for line in (folder / "started").read_text().split()]
    assert started
    assert [pid for pid in started if is_alive(pid)] == []


def test_who_leaves_no_trait_at_all_is_ended_by_its_group(folder: Path, run: Path, group: Path) -> None:
    daemon = f"cd / && (env -i setsid sh -c 'echo $$ >{folder}/daemon; exec sleep 600' &)"
    text = f"{daemon}; cd {folder}; until [ -s daemon ]; do sleep 0.01; done; touch mark; sleep 600"
    time_out(folder, run, text, group)
    assert not is_alive(pid_in(folder / "daemon"))


def test_a_chain_in_which_each_starts_the_next_and_ends_is_ended_by_its_group(
    folder: Path, run: Path, group: Path
) -> None:
    link = folder / "link.sh"
    link.write_text('#!/bin/sh\nsetsid "$0" &\necho x >>links\n')
    link.chmod(0o755)
    time_out(folder, run, "./link.sh; touch mark; sleep 600", group)
    assert cgroup.members(group) == set()


def next_tick_of_processes() -> None:
    """Let what is started from here on be younger than what runs; the system counts in hundredths."""
    oldest = time.monotonic()
    while time.monotonic() < oldest + 0.02:
        time.sleep(0.005)


def test_what_an_earlier_run_left_behind_is_spared(folder: Path, run: Path, contained: Path | None) -> None:
    earlier = "(env -i setsid sh -c 'echo $$ >agent; exec sleep 600' &); until [ -s agent ]; do :; done"
    fate_of(shell_command(folder, earlier, group=contained), run.with_name("0"))
    next_tick_of_processes()
    time_out(folder, run, "touch mark; sleep 600", contained)
    assert is_alive(pid_in(folder / "agent"))


def test_a_killed_attendant_leaves_nothing_running(folder: Path, run: Path, contained: Path | None) -> None:
    text = f"{DEAF_DAEMON}\nuntil [ -s daemon ]; do sleep 0.01; done; sleep 600"
    running = start(shell_command(folder, text, group=contained), run, HostClock())
    daemon = pid_in(folder / "daemon")
    os.kill(pid_in(run / "pid"), signal.SIGKILL)
    assert isinstance(running.wait(LIMIT_SECONDS), Lost)
    assert not is_alive(daemon)


def test_another_runner_ends_what_the_first_one_started(
    folder: Path, run: Path, contained: Path | None
) -> None:
    text = f"{DEAF_DAEMON}\nuntil [ -s daemon ]; do sleep 0.01; done; touch mark; sleep 600"
    start(shell_command(folder, text, group=contained), run, HandClock())
    assert eventually((folder / "mark").exists)
    assert isinstance(attach(run, HandClock(monotonic=1901)).wait(900), TimedOut)
    assert not is_alive(pid_in(folder / "daemon"))


# The group of a version (contract section 7, case 16).


def test_a_command_and_what_it_leaves_behind_are_in_the_group_of_the_version_and_not_in_ours(
    folder: Path, run: Path, group: Path
) -> None:
    spec = shell_command(folder, "setsid sleep 600 & echo $! >child; exit 0", group=group)
    assert isinstance(start(spec, run, HostClock()).wait(LIMIT_SECONDS), Ended)
    child = pid_in(folder / "child")
    assert cgroup.members(group) == {child}
    ours = Path("/proc/self/cgroup").read_text()
    assert Path(f"/proc/{child}/cgroup").read_text() != ours


def test_a_command_that_leaves_nothing_leaves_no_group(folder: Path, run: Path, group: Path) -> None:
    fate_of(shell_command(folder, "exit 0", group=group), run)
    assert not group.exists()


def test_members_of_its_group_are_strays_of_a_version_whatever_else_is_known_of_them(
    folder: Path, run: Path, group: Path, tmp_path: Path
) -> None:
    text = f"cd /; env -i setsid sleep 600 & echo $! >{tmp_path}/child"
    fate_of(shell_command(folder, text, group=group), run)
    child = pid_in(tmp_path / "child")
    [stray] = end_strays(folder, HostClock(), group)
    assert (stray.pid, stray.name, stray.ended) == (child, "sleep", True)
    assert not is_alive(child)
    assert not group.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_without_its_group_such_a_process_is_not_known_to_be_the_versions(
    folder: Path, run: Path, tmp_path: Path
) -> None:
    """What the group is for."""
    text = f"cd /; env -i setsid sleep 600 & echo $! >{tmp_path}/child"
    fate_of(shell_command(folder, text), run)
    child = pid_in(tmp_path / "child")
    try:
        assert end_strays(folder, HostClock()) == []
        assert is_alive(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_limits_hold_for_the_version(group: Path) -> None:
    base = cgroup.host_base()
    if cgroup.apply_limits(base, group, ResourceLimits(cpu_percent=50, memory_mib=64)):
        pytest.skip("needs the controllers cpu and memory of cgroup v2")
    assert (group / "cpu.max").read_text() == "50000 100000\n"
    assert (group / "memory.max").read_text() == f"{64 * 1024 * 1024}\n"
