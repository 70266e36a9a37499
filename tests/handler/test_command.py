"""One command: its end, its surroundings, its output."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from connectedmachine.handler.command import (
    CommandSpec,
    Ended,
    Lost,
    attach,
    start,
)
from connectedmachine.model.errors import DiskFullError, HandlerError
from handler.support import (
    LIMIT_SECONDS,
    HostClock,
    fate_of,
    shell_command,
)

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell"),
    pytest.mark.usefixtures("_no_process_stays"),
]


@pytest.mark.parametrize("code", [0, 1, 51, 126, 255])
def test_the_exit_code_is_learned(folder: Path, run: Path, code: int) -> None:
    assert fate_of(shell_command(folder, f"exit {code}"), run).exit_code == code


def test_output_is_learned(folder: Path, run: Path) -> None:
    spec = shell_command(folder, "echo out; echo err >&2; exit 3")
    assert fate_of(spec, run) == Ended(3, "[stdout]\nout\n\n\n[stderr]\nerr\n")


def test_what_its_children_write_while_it_runs_is_its_output(folder: Path, run: Path) -> None:
    spec = shell_command(folder, "(echo child; echo complaint >&2) & wait")
    assert fate_of(spec, run).output == "[stdout]\nchild\n\n\n[stderr]\ncomplaint\n"


def test_output_that_it_redirects_itself_is_its_own(folder: Path, run: Path) -> None:
    spec = shell_command(folder, "exec >own.log 2>&1; echo out; echo err >&2; exit 2")
    assert fate_of(spec, run) == Ended(2, "")
    assert (folder / "own.log").read_text() == "out\nerr\n"


def test_a_command_that_says_nothing_has_no_output(folder: Path, run: Path) -> None:
    assert fate_of(shell_command(folder, "exit 0"), run) == Ended(0, "")


def test_a_signal_shows_as_a_shell_shows_it(folder: Path, run: Path) -> None:
    assert fate_of(shell_command(folder, "kill -9 $$"), run).exit_code == 128 + signal.SIGKILL


def test_a_program_that_is_not_there_ends_with_127(folder: Path, run: Path) -> None:
    fate = fate_of(CommandSpec((str(folder / "gone"),), folder, dict(os.environ)), run)
    assert fate.exit_code == 127
    assert str(folder / "gone") in fate.output


def test_a_program_that_is_not_executable_ends_with_126(folder: Path, run: Path) -> None:
    spec = shell_command(folder, "exit 0")
    Path(spec.argv[0]).chmod(0o600)
    fate = fate_of(spec, run)
    assert fate.exit_code == 126
    assert "ermission" in fate.output


def test_a_script_without_an_interpreter_line_runs_as_it_does_in_a_shell(folder: Path, run: Path) -> None:
    spec = shell_command(folder, "")
    Path(spec.argv[0]).write_text("exit 7\n")
    assert fate_of(spec, run).exit_code == 7


def test_a_missing_version_folder_is_an_error_that_names_the_program(tmp_path: Path) -> None:
    spec = CommandSpec((str(tmp_path / "gone" / "x"),), tmp_path / "gone", {})
    with pytest.raises(HandlerError) as caught:
        start(spec, tmp_path / "run", HostClock())
    assert caught.value.code == "CommandNotStarted"
    assert isinstance(attach(tmp_path / "run", HostClock()).wait(LIMIT_SECONDS), Lost)


def test_a_full_disk_is_said_before_anything_starts(folder: Path, small_disk: Path, tmp_path: Path) -> None:
    filler = os.open(small_disk / "filler", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(filler, bytes(4096))
    os.close(filler)
    with pytest.raises(DiskFullError):
        start(shell_command(folder, f"touch {tmp_path}/ran"), small_disk / "run", HostClock())
    assert not (tmp_path / "ran").exists()


def test_it_works_in_its_version_folder_in_a_session_of_its_own_with_no_input(
    folder: Path, run: Path
) -> None:
    text = "pwd -P; umask; readlink /proc/self/fd/0 || true; ps -o sid= -p $$ || true; cat"
    fate = fate_of(shell_command(folder, text), run)
    lines = fate.output.splitlines()
    assert lines[1] == str(folder.resolve())
    assert lines[2] in ("0022", "022")
    if sys.platform == "linux":
        assert lines[3] == "/dev/null"


def test_it_gets_its_environment_and_the_name_of_its_run_and_no_more(folder: Path, run: Path) -> None:
    spec = shell_command(folder, "env", {"VERSION": "1", "PATH": os.environ["PATH"], "run": "theirs"})
    shown = dict(line.split("=", 1) for line in fate_of(spec, run).output.splitlines() if "=" in line)
    # A shell adds the last three.
    assert shown.keys() - {"PWD", "SHLVL", "_", "OLDPWD"} == {"VERSION", "PATH", "run", "AZCMLITE_RUN"}
    assert shown["run"] == "theirs"
    assert shown["AZCMLITE_RUN"] == str(run)


def test_it_inherits_no_descriptor_of_the_runner(folder: Path, run: Path) -> None:
    with (folder / "private").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        fate = fate_of(shell_command(folder, f"test -e /dev/fd/0 && test ! -e /dev/fd/{file.fileno()}"), run)
    assert fate.exit_code == 0


def test_signals_are_back_to_their_defaults(folder: Path, run: Path) -> None:
    fate = fate_of(shell_command(folder, "kill -TERM $$; sleep 60"), run)
    assert fate.exit_code == 128 + signal.SIGTERM


def test_a_command_that_ends_its_own_process_group_has_a_fate(folder: Path, run: Path) -> None:
    assert fate_of(shell_command(folder, "kill -TERM 0; sleep 60"), run).exit_code == 128 + signal.SIGTERM


def test_a_file_name_with_anything_in_it_is_no_shell_text(tmp_path: Path) -> None:
    odd = tmp_path / "a b;$(touch hacked)'\""
    spec = shell_command(odd, "exit 9")
    assert fate_of(spec, odd / "run").exit_code == 9
    assert sorted(path.name for path in odd.iterdir()) == ["run", "run.sh"]


def test_a_talkative_command_does_not_fill_the_disk_and_its_first_words_are_kept(
    folder: Path, run: Path
) -> None:
    spec = shell_command(
        folder, f"echo first; head -c 3000000 /dev/zero; until [ -e {folder}/go ]; do sleep 0.01; done"
    )

    def tick() -> None:
        if (run / "stdout").stat().st_size < 10_000:
            (folder / "go").touch()

    fate = start(spec, run, HostClock()).wait(LIMIT_SECONDS, tick)
    assert isinstance(fate, Ended)
    assert fate.exit_code == 0
    assert (run / "stdout").read_bytes().startswith(b"first\n")
    assert (run / "stdout").stat().st_size < 10_000


def test_what_is_written_after_the_cut_does_not_leave_a_hole(folder: Path, run: Path) -> None:
    text = (
        f"head -c 3000000 /dev/zero; touch {folder}/full; "
        f"until [ -e {folder}/go ]; do sleep 0.01; done; echo more"
    )

    def tick() -> None:
        if (folder / "full").exists() and (run / "stdout").stat().st_size < 10_000:
            (folder / "go").touch()

    start(shell_command(folder, text), run, HostClock()).wait(LIMIT_SECONDS, tick)
    assert (run / "stdout").stat().st_size == 3200 + len("more\n")
