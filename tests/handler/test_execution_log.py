"""CommandExecution.log: what a handler's commands did, in a file that neither grows nor breaks anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from connectedmachine.handler.execution_log import LOG_BYTES, log_command, log_name
from handler.support import needs_posix_files

LOG = log_name()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "logs"
    path.mkdir()
    return path


def test_each_command_is_a_block_after_the_last(logs: Path) -> None:
    log_command(logs, "first\noutput\n")
    log_command(logs, "second")
    assert (logs / LOG).read_text() == "first\noutput\n\nsecond\n\n"


def test_it_is_cut_to_its_last_ten_mebibytes_at_the_start_of_a_line(logs: Path) -> None:
    line = b"x" * 1023 + b"\n"
    (logs / LOG).write_bytes(b"oldest\n" + line * (LOG_BYTES // len(line)) + b"y\n")
    log_command(logs, "newest")
    content = (logs / LOG).read_bytes()
    assert len(content) <= LOG_BYTES + len(b"newest\n\n")
    assert content.startswith(line)
    assert content.endswith(line + b"y\nnewest\n\n")


def test_up_to_ten_mebibytes_nothing_is_lost(logs: Path) -> None:
    (logs / LOG).write_bytes(b"oldest\n" + bytes(LOG_BYTES - 7))
    log_command(logs, "newest")
    assert (logs / LOG).stat().st_size == LOG_BYTES + len("newest\n\n")


def test_a_log_folder_that_its_handler_deleted_is_made_again(logs: Path) -> None:
    logs.rmdir()
    log_command(logs, "text")
    assert (logs / LOG).read_text() == "text\n\n"


def test_what_is_no_text_is_escaped(logs: Path) -> None:
    log_command(logs, "lone \ud800, whole \N{SNOWMAN}")
    assert (logs / LOG).read_text("utf-8") == "lone \\ud800, whole \N{SNOWMAN}\n\n"


@needs_posix_files
def test_only_its_owner_may_read_it(logs: Path) -> None:
    log_command(logs, "text")
    assert (logs / LOG).stat().st_mode & 0o777 == 0o600


@needs_posix_files
def test_a_link_in_its_place_is_replaced_and_not_followed(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (logs / LOG).symlink_to(tmp_path / "precious")
    log_command(logs, "text")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (logs / LOG).read_text() == "text\n\n"


@needs_posix_files
def test_a_pipe_in_its_place_is_replaced_and_not_waited_for(logs: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(logs / LOG)
    log_command(logs, "text")
    assert (logs / LOG).read_text() == "text\n\n"


def test_a_log_that_cannot_be_written_is_said_in_the_runners_log_and_fails_nothing(
    logs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (logs / LOG).mkdir()
    log_command(logs, "text")
    assert str(logs / LOG) in caplog.text


def test_a_full_disk_fails_nothing(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    log_command(small_disk, "x" * 300 * 1024)
    assert LOG in caplog.text
