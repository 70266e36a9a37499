"""Tasks of the system's schedulers: which one is chosen, what they are given, and what is read back of it."""

from __future__ import annotations

import configparser
import os
import plistlib
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent.crontab import played_crontab
from connectedmachine.agent.schedule import _cron, _launchd, _systemd, _task_scheduler
from connectedmachine.agent.schedule.choice import Facts, available, chosen
from connectedmachine.agent.schedule.starts import Starts, next_start, starts
from connectedmachine.agent.schedule.tools import placed
from connectedmachine.model.errors import NotSupportedError, RunnerError
from connectedmachine.model.schedule import SchedulerKind, Task, Timing, is_even

HARD = "/srv/100% \"here\" and $HOME 'there' \\ back"
TASK = Task(
    name="azcmlite-0123abcd",
    description="Upgrade pass of /srv/100% here",
    command=("/opt/python", "-I", "-m", "connectedmachine", "schedule", "run", "--home", HARD),
    timing=Timing(every=360, at=0, jitter=15),
    offset=7,
    privileged=True,
)
needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="cron is spoken to through a POSIX program")


# Which one.


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        (Facts("win32", privileged=False), ["TaskScheduler"]),
        (Facts("darwin", privileged=False, crontab=True), ["Launchd", "Cron"]),
        (Facts("linux", privileged=False, systemd=True, crontab=True), ["Systemd", "Cron"]),
        (Facts("linux", privileged=True, cron_folder=True), ["Cron"]),
        (Facts("linux", privileged=False, cron_folder=True), []),
        (Facts("freebsd14", privileged=True, crontab=True), ["Cron"]),
    ],
)
def test_the_best_scheduler_that_takes_this_users_tasks_comes_first(facts: Facts, kinds: list[str]) -> None:
    assert list(available(facts)) == kinds


def test_a_scheduler_that_is_asked_for_is_taken_or_refused_never_replaced() -> None:
    facts = Facts("linux", privileged=True, systemd=True, crontab=True)
    assert chosen(facts, None) is SchedulerKind.SYSTEMD
    assert chosen(facts, SchedulerKind.CRON) is SchedulerKind.CRON
    with pytest.raises(NotSupportedError) as refused:
        chosen(facts, SchedulerKind.LAUNCHD)
    assert refused.value.code == "NoScheduler"
    with pytest.raises(NotSupportedError):
        chosen(Facts("linux", privileged=False), None)


# When.


@pytest.mark.parametrize("every", [minutes for minutes in range(1, 1441) if is_even(minutes)])
def test_starts_are_as_far_apart_as_was_said_all_day(every: int) -> None:
    found = starts(Timing(every, 90 if every == 1440 else 0, 0), offset=min(13, every - 1))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    moments = []
    for _ in range(3):
        now = next_start(found, now)
        moments.append(now)
    assert {(b - a).total_seconds() / 60 for a, b in pairwise(moments)} == {every}


def test_the_next_start_is_after_now_and_never_now() -> None:
    found = Starts((0, 12), (30,))
    assert next_start(found, datetime(2026, 1, 1, 12, 30, tzinfo=UTC)) == datetime(
        2026, 1, 2, 0, 30, tzinfo=UTC
    )


# What they are given.


def test_systemds_units_say_when_and_what() -> None:
    texts = _systemd.units(TASK)
    read = {name: configparser.ConfigParser(interpolation=None) for name in texts}
    for name, text in texts.items():
        read[name].optionxform = str  # type: ignore[assignment,method-assign]
        read[name].read_string(text)
    timer = read["azcmlite-0123abcd.timer"]["Timer"]
    assert timer["OnCalendar"] == "*-*-* 00,06,12,18:00:00"
    assert (timer["Persistent"], timer["RandomizedDelaySec"]) == ("true", "15min")
    service = read["azcmlite-0123abcd.service"]["Service"]
    assert service["Type"] == "oneshot"
    assert _systemd.unquoted(service["ExecStart"]) == TASK.command


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    command = (sys.executable, *TASK.command[1:])
    for name, text in _systemd.units(replace(TASK, command=command)).items():
        (tmp_path / name).write_text(text)
    units = sorted(map(str, tmp_path.iterdir()))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert str(tmp_path) not in done.stderr, done.stderr


def test_launchds_file_says_when_and_what() -> None:
    job = plistlib.loads(_launchd.plist(TASK))
    assert job["ProgramArguments"] == list(TASK.command)
    assert job["StartCalendarInterval"] == [{"Hour": hour, "Minute": 7} for hour in (0, 6, 12, 18)]
    quarter = plistlib.loads(_launchd.plist(replace(TASK, timing=Timing(15, 0, 0), offset=0)))
    assert quarter["StartCalendarInterval"] == [{"Minute": minute} for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize("privileged", [True, False])
def test_the_task_schedulers_definition_says_when_what_and_as_whom(privileged: bool) -> None:
    definition = _task_scheduler.xml(replace(TASK, privileged=privileged))
    root = ElementTree.fromstring(definition.decode("utf-16").split("\n", 1)[1])  # noqa: S314 # our own
    inside = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

    def said(name: str) -> str | None:
        return root.findtext(f".//{inside}{name}")

    assert (said("Interval"), said("Duration"), said("RandomDelay")) == ("PT360M", "P1D", "PT15M")
    assert (said("StartWhenAvailable"), said("MultipleInstancesPolicy")) == ("true", "IgnoreNew")
    assert said("ExecutionTimeLimit") == "PT0S"
    assert (said("UserId"), said("LogonType")) == (
        ("S-1-5-18", None) if privileged else (None, "InteractiveToken")
    )
    description, (program, arguments) = _task_scheduler.read(definition)
    assert (description, program) == (TASK.description, TASK.command[0])
    assert arguments == subprocess.list2cmdline(TASK.command[1:])


@needs_shell
def test_the_shell_that_cron_starts_gets_every_word_as_it_is() -> None:
    shown = replace(TASK, command=("printf", r"%s\n", *TASK.command))
    line = _cron.block(shown).splitlines()[2]
    assert line.startswith("7 0,6,12,18 * * * ")
    command = line.split(" ", 5)[5].replace(r"\%", "%")  # what cron makes of it
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == list(TASK.command)


# cron, as far as its program goes.


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a user's crontab is."""
    kept, path = played_crontab(tmp_path)
    monkeypatch.setenv("PATH", path)
    return kept


@needs_shell
def test_a_crontab_gets_a_task_and_loses_it_and_keeps_every_other_byte(crontab: Path) -> None:
    theirs = b"MAILTO=\xff\n\n# BEGIN azcmlite-other\n5 4 * * *\techo  \r\n"
    crontab.write_bytes(theirs)
    cron = _cron.Crontab()
    cron.register(TASK)
    cron.register(TASK)
    text = crontab.read_bytes()
    assert text.startswith(theirs)
    assert text.count(TASK.name.encode()) == 2
    found = cron.found(TASK.name)
    assert found is not None
    assert (found.command, found.description) == (TASK.command, TASK.description)
    assert found.next_run is not None
    assert cron.unregister(TASK.name)
    assert crontab.read_bytes() == theirs
    assert not cron.unregister(TASK.name)
    assert cron.found(TASK.name) is None


@needs_shell
def test_a_user_without_a_crontab_gets_one(crontab: Path) -> None:
    cron = _cron.Crontab()
    assert not cron.has(TASK.name)
    cron.register(TASK)
    assert cron.has(TASK.name)
    assert crontab.read_bytes() == _cron.block(TASK).encode()


@needs_shell
def test_a_crontab_that_cannot_be_read_is_not_replaced(crontab: Path) -> None:
    crontab.mkdir()
    with pytest.raises(RunnerError) as refused:
        _cron.Crontab().register(TASK)
    assert refused.value.code == "SchedulerFailed"
    assert list(crontab.iterdir()) == []


def test_a_folder_of_cron_gets_a_file_with_a_user_in_it(tmp_path: Path) -> None:
    cron = _cron.CronFolder(tmp_path)
    cron.register(TASK)
    assert [path.name for path in tmp_path.iterdir()] == [TASK.name]
    assert " * * * root /opt/python " in (tmp_path / TASK.name).read_text()
    found = cron.found(TASK.name)
    assert found is not None
    assert found.command == TASK.command
    assert cron.unregister(TASK.name)
    assert not cron.has(TASK.name)


# Undone.


@needs_shell
def test_a_timer_that_systemd_refuses_leaves_nothing_or_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    def systemctl(script: str) -> None:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    folder = tmp_path / "units"
    systemd = _systemd.Systemd(folder, privileged=True)
    systemctl('[ "$2" != restart ] || { echo no >&2; exit 1; }')
    with pytest.raises(RunnerError, match="no"):
        systemd.register(TASK)
    assert list(folder.iterdir()) == []
    systemctl("exit 0")
    systemd.register(TASK)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    systemctl('[ "$2" != restart ] || { echo no >&2; exit 1; }')
    with pytest.raises(RunnerError):
        systemd.register(replace(TASK, timing=Timing(60, 0, 0)))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_files_are_put_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"1")
    with pytest.raises(FileNotFoundError), placed({old: b"2", new: b"2"}):
        old.rename(tmp_path / "none" / "there")
    assert old.read_bytes() == b"1"
    assert not new.exists()
