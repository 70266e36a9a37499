"""``connectedmachine schedule``: what is registered is there, runs by itself, and goes away again."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from agent.crontab import played_crontab
from frontends.cli_harness import MACHINE, Cli

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="cron is played by a POSIX program")
CRON = ("--scheduler", "cron")


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path, {"PATH": played_crontab(tmp_path)[1]})


@pytest.fixture
def crontab(tmp_path: Path) -> Path:
    return tmp_path / "crontab.kept"


def test_a_task_is_registered_shown_and_taken_away(cli: Cli, crontab: Path) -> None:
    task = cli.run("schedule", "register", *CRON, "--every", "30m").json()
    assert (task["scheduler"], task["lastRun"], task["lastResult"]) == ("Cron", None, None)
    assert task["description"].endswith("every 30 min, spread over 7 min")
    shown = cli.run("schedule", "show").json()
    assert [(each["name"], each["command"]) for each in shown] == [(task["name"], task["command"])]
    again = cli.run("schedule", "register", *CRON, "--at", "3:30", "--jitter", "0").json()
    assert again["name"] == task["name"]
    assert crontab.read_text().count("* * * ") == 1
    assert "30 3 * * * " in crontab.read_text()
    assert cli.run("schedule", "unregister").code == 0
    assert crontab.read_text() == ""
    assert cli.run("schedule", "show").json() == []
    assert cli.run("schedule", "unregister").code == 0


def test_what_is_registered_runs_a_pass_without_an_environment(cli: Cli, crontab: Path) -> None:
    cli.connect()
    cli.run("schedule", "register", *CRON)
    command = crontab.read_text().splitlines()[2].split(" ", 5)[5]
    done = subprocess.run(
        ["/usr/bin/env", "-i", "/bin/sh", "-c", command],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    log = next((cli.root / "home" / "machines").glob("*/runner.log"))
    assert "Runner at rest." in log.read_text()


def test_a_task_without_a_machine_says_so_by_its_exit_code(cli: Cli, crontab: Path) -> None:
    cli.run("schedule", "register", *CRON)
    words = shlex.split(crontab.read_text().splitlines()[2])[5:]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 3


def test_a_task_may_be_of_one_machine(cli: Cli, crontab: Path) -> None:
    assert cli.run("schedule", "register", *CRON, *MACHINE).code == 3
    assert not crontab.exists()
    cli.connect()
    assert cli.run("schedule", "register", *CRON, *MACHINE).code == 0
    assert "--resource-group rg --machine-name m1" in crontab.read_text()


@pytest.mark.parametrize(
    "wrong",
    ["--every 7m", "--every 90s", "--at 24:00", "--every 1h --at 3:30", "--jitter 1h", "-g rg",
     "--scheduler at"],
)  # fmt: skip
def test_what_no_scheduler_could_do_is_refused(cli: Cli, crontab: Path, wrong: str) -> None:
    done = cli.run("schedule", "register", *CRON, *wrong.split())
    assert done.code == 2
    assert "(InvalidSchedule)" in done.err
    assert not crontab.exists()
