"""The fate of a command: whatever dies, somebody learns how it ended, or that nobody can know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from connectedmachine.handler.command import (
    CommandSpec,
    Ended,
    Lost,
    TimedOut,
    attach,
    start,
)
from connectedmachine.model.errors import ConflictError
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
    pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell"),
    pytest.mark.usefixtures("_no_process_stays"),
]

RUNNER = """
import os, sys
sys.path[:0] = sys.argv[4:]
from pathlib import Path
from handler.support import HostClock
from connectedmachine.handler.command import CommandSpec, start
program, folder, run = sys.argv[1:4]
start(CommandSpec((program,), Path(folder), dict(os.environ)), Path(run), HostClock()).wait(60)
print("learned", flush=True)
"""


def killed_runner(spec: CommandSpec, run: Path, mark: Path) -> None:
    """Start ``spec`` from another process, and kill that once the command has made ``mark``."""
    arguments = [spec.argv[0], str(spec.folder), str(run), *sys.path]
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, *arguments], stdout=subprocess.PIPE)
    assert eventually(mark.exists)
    runner.kill()
    out, _ = runner.communicate()
    assert out == b""


def timed_out(spec: CommandSpec, run: Path, mark: Path) -> TimedOut:
    """Run ``spec`` until ``mark`` exists, then let its time be up."""
    clock = HandClock()

    def tick() -> None:
        if mark.exists():
            clock.time += 901

    fate = start(spec, run, clock).wait(900, tick)
    assert isinstance(fate, TimedOut)
    return fate


def test_children_left_behind_after_success_live_on_and_nobody_waits_for_them(
    folder: Path, run: Path
) -> None:
    spec = shell_command(folder, f"sleep 600 & echo $! >{folder}/child; exit 0")
    assert fate_of(spec, run).exit_code == 0
    child = pid_in(folder / "child")
    assert is_alive(child)
    # Nor is the run taken for a running one.
    assert isinstance(attach(run, HostClock()).wait(0), Ended)
    assert is_alive(child)


def test_the_output_so_far_is_kept(folder: Path, run: Path) -> None:
    mark = folder / "mark"
    fate = timed_out(shell_command(folder, f"echo so far; touch {mark}; sleep 600"), run, mark)
    assert "so far" in fate.output


def test_it_ends_the_whole_tree_whatever_its_members_did_to_get_away(folder: Path, run: Path) -> None:
    escapes = {
        "child": "sleep 600 & echo $! >child",
        "deaf": "(trap '' TERM HUP INT; exec sleep 600) & echo $! >deaf",
        "session": "setsid sh -c 'echo $$ >session; exec sleep 600' &",
        "orphan in a session": "(setsid sh -c 'echo $$ >orphan; exec sleep 600' &)",
        "orphan without environment": "(env -i sh -c 'echo $$ >bare; exec sleep 600' &)",
        "session without environment": "env -i setsid sh -c 'echo $$ >both; exec sleep 600' &",
    }
    names = ["child", "deaf", "session", "orphan", "bare", "both"]
    wait = "until [ -s orphan ] && [ -s session ] && [ -s bare ] && [ -s both ]; do sleep 0.01; done"
    text = "\n".join([*escapes.values(), wait, "touch mark", "sleep 600"])
    timed_out(shell_command(folder, text), run, folder / "mark")
    pids = {name: pid_in(folder / name) for name in names}
    assert {name for name, pid in pids.items() if is_alive(pid)} == set()


def test_it_spares_what_an_earlier_run_of_the_same_version_left_behind(folder: Path, run: Path) -> None:
    environment = {**os.environ, "AZURE_GUEST_AGENT_EXTENSION_PATH": str(folder)}
    fate_of(shell_command(folder, "sleep 600 & echo $! >agent", environment), run.with_name("0"))
    timed_out(shell_command(folder, "touch mark; sleep 600", environment), run, folder / "mark")
    assert is_alive(pid_in(folder / "agent"))


def test_a_command_that_ended_in_time_counts_as_ended_however_late_one_looks(folder: Path, run: Path) -> None:
    fate_of(shell_command(folder, "exit 4"), run)
    late = HandClock(monotonic=1e9)
    assert attach(run, late).wait(1) == Ended(4, "")


def test_it_stays_timed_out_for_who_looks_again(folder: Path, run: Path) -> None:
    timed_out(shell_command(folder, "touch mark; sleep 600"), run, folder / "mark")
    assert isinstance(attach(run, HandClock()).wait(900), TimedOut)


def test_a_runner_killed_while_ending_the_tree_leaves_a_timed_out_run_that_is_ended_by_the_next(
    folder: Path, run: Path
) -> None:
    """The decision is on disk before the first process is ended."""
    spec = shell_command(folder, "echo $$ >pid; touch mark; sleep 600")
    start(spec, run, HandClock())
    pid = pid_in(folder / "pid")
    (run / "overdue").touch()
    os.kill(pid_in(run / "pid"), signal.SIGKILL)
    assert isinstance(attach(run, HandClock()).wait(900), TimedOut)
    assert not is_alive(pid)


def test_the_next_runner_waits_for_the_command_and_learns_its_end(folder: Path, run: Path) -> None:
    spec = shell_command(
        folder,
        f"echo once >>{folder}/ran; until [ -e {folder}/go ]; do sleep 0.01; done; echo ok; exit 5",
    )
    killed_runner(spec, run, folder / "ran")
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        (folder / "go").touch()

    fate = attach(run, HostClock()).wait(LIMIT_SECONDS, tick)
    assert fate == Ended(5, "[stdout]\nok\n\n\n[stderr]\n")
    assert ticks > 0
    assert (folder / "ran").read_text() == "once\n"


def test_a_command_that_ended_meanwhile_left_a_receipt(folder: Path, run: Path) -> None:
    spec = shell_command(folder, f"touch {folder}/ran; until [ -e {folder}/go ]; do sleep 0.01; done; exit 6")
    killed_runner(spec, run, folder / "ran")
    (folder / "go").touch()
    assert eventually(lambda: (run / "receipt").exists() and not is_alive(pid_in(run / "pid")))
    assert attach(run, HostClock()).wait(LIMIT_SECONDS) == Ended(6, "")


def test_killing_the_runners_whole_process_group_does_not_reach_the_command(folder: Path, run: Path) -> None:
    spec = shell_command(folder, f"touch {folder}/ran; until [ -e {folder}/go ]; do sleep 0.01; done; exit 6")
    arguments = [spec.argv[0], str(folder), str(run), *sys.path]
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, *arguments], start_new_session=True)
    assert eventually((folder / "ran").exists)
    os.killpg(runner.pid, signal.SIGKILL)
    runner.wait()
    (folder / "go").touch()
    assert attach(run, HostClock()).wait(LIMIT_SECONDS) == Ended(6, "")


def test_its_time_goes_on_from_the_start_of_the_command(folder: Path, run: Path) -> None:
    start(shell_command(folder, "touch mark; sleep 600"), run, HandClock(monotonic=1000))
    assert eventually((folder / "mark").exists)
    resumed = HandClock(monotonic=1000 + 899)
    seen: list[float] = []

    def tick() -> None:
        seen.append(resumed.time)
        resumed.time += 2

    assert isinstance(attach(run, resumed).wait(900, tick), TimedOut)
    assert seen == [1899]


def test_what_a_tick_raises_ends_the_waiting_and_leaves_the_command_alone(folder: Path, run: Path) -> None:
    def tick() -> None:
        raise KeyboardInterrupt

    running = start(shell_command(folder, f"until [ -e {folder}/go ]; do sleep 0.01; done"), run, HostClock())
    with pytest.raises(KeyboardInterrupt):
        running.wait(LIMIT_SECONDS, tick)
    (folder / "go").touch()
    assert isinstance(running.wait(LIMIT_SECONDS), Ended)


def test_a_run_that_was_never_started_is_lost(run: Path) -> None:
    assert isinstance(attach(run, HostClock()).wait(LIMIT_SECONDS), Lost)


def test_a_runner_killed_before_it_started_anything_leaves_a_lost_run(run: Path) -> None:
    run.mkdir(parents=True)
    (run / "lock").touch()
    (run / "started").write_text('{"boot": "this boot", "mono')
    assert isinstance(attach(run, HostClock()).wait(LIMIT_SECONDS), Lost)


def test_a_killed_attendant_loses_the_run_and_what_it_left_running_is_ended(folder: Path, run: Path) -> None:
    text = "echo $$ >handler; (env -i sh -c 'echo $$ >bare; exec sleep 600' &); sleep 600"
    running = start(shell_command(folder, text), run, HostClock())
    handler, bare = pid_in(folder / "handler"), pid_in(folder / "bare")
    os.kill(pid_in(run / "pid"), signal.SIGKILL)
    assert isinstance(running.wait(LIMIT_SECONDS), Lost)
    assert not is_alive(handler)
    assert not is_alive(bare)


def test_in_another_boot_the_run_is_lost_and_no_process_is_touched(folder: Path, run: Path) -> None:
    """The process id on disk is now somebody else's."""
    start(shell_command(folder, "echo $$ >handler; sleep 600"), run, HandClock())
    handler = pid_in(folder / "handler")
    os.kill(pid_in(run / "pid"), signal.SIGKILL)
    assert isinstance(attach(run, HandClock(boot="the next boot")).wait(900), Lost)
    assert is_alive(handler)


def test_a_receipt_outlives_the_boot(folder: Path, run: Path) -> None:
    fate_of(shell_command(folder, "exit 3"), run)
    assert isinstance(attach(run, HandClock(boot="the next boot")).wait(900), Ended)


@pytest.mark.parametrize("receipt", [b"", b"1", b"x\n", b"1\n2\n", b"9" * 5000])
def test_a_receipt_that_is_not_whole_is_none(folder: Path, run: Path, receipt: bytes) -> None:
    fate_of(shell_command(folder, "exit 3"), run)
    (run / "receipt").write_bytes(receipt)
    assert isinstance(attach(run, HostClock()).wait(LIMIT_SECONDS), Lost)


def test_a_lost_command_can_be_run_again_in_the_same_place(folder: Path, run: Path) -> None:
    running = start(shell_command(folder, "echo first; sleep 600"), run, HostClock())
    os.kill(pid_in(run / "pid"), signal.SIGKILL)
    assert isinstance(running.wait(LIMIT_SECONDS), Lost)
    assert fate_of(shell_command(folder, "echo second; exit 2"), run).output.startswith("[stdout]\nsecond")


def test_a_number_that_was_given_to_another_session_is_not_ended(run: Path) -> None:
    """A dead attendant's process id on disk may name somebody else's session by now."""
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        run.mkdir(parents=True)
        (run / "lock").touch()
        (run / "started").write_text('{"boot": "this boot", "monotonic": 1}')
        (run / "pid").write_text(f"{other.pid}\n")
        assert isinstance(attach(run, HostClock()).wait(LIMIT_SECONDS), Lost)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_running_command_is_not_started_twice(folder: Path, run: Path) -> None:
    spec = shell_command(folder, f"echo x >>ran; until [ -e {folder}/go ]; do sleep 0.01; done")
    running = start(spec, run, HostClock())
    assert eventually((folder / "ran").exists)
    with pytest.raises(ConflictError) as caught:
        start(spec, run, HostClock())
    assert caught.value.code == "CommandRunning"
    (folder / "go").touch()
    assert isinstance(running.wait(LIMIT_SECONDS), Ended)
    assert (folder / "ran").read_text() == "x\n"


def open_files(pid: int) -> list[Path]:
    """What a process has open; nothing of one that ended meanwhile, as the handler's short sleeps do."""
    found = []
    with suppress(FileNotFoundError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.append(link.readlink())
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_only_the_attendant_holds_it(folder: Path, run: Path) -> None:
    text = f"sleep 600 & echo $$ >handler; until [ -e {folder}/go ]; do sleep 0.01; done"
    running = start(shell_command(folder, text), run, HostClock())
    handler = psutil.Process(pid_in(folder / "handler"))
    holders = [
        process.pid
        for process in [psutil.Process(), *handler.parents()[:1], handler, *handler.children()]
        if run / "lock" in open_files(process.pid)
    ]
    assert holders == [pid_in(run / "pid")]
    (folder / "go").touch()
    running.wait(LIMIT_SECONDS)
