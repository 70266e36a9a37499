"""The command line itself: names of options, help, refusals, and words of errors."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from connectedmachine.frontends.cli import main
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_commands import COMMANDS, GROUPS
from connectedmachine.frontends.cli_parser import parse
from connectedmachine.frontends.cli_words import in_cli_words
from connectedmachine.service import Service

ROOT = Path(__file__).resolve().parents[2]
ON = "extension update -g rg --machine-name m -n e"
BY_WORDS = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.words)


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("AZCMLITE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AZCMLITE_SUBSCRIPTION", raising=False)
    return tmp_path / "home"


def _group(command: Command) -> str:
    return command.words.rpartition(" ")[0]


def options_of(line: str) -> dict[str, object]:
    return parse(shlex.split(line))[1]


@BY_WORDS
def test_help_has_a_line_about_the_command_and_an_example(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.words.split(), "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert f"example:\n  connectedmachine {command.example}" in text
    assert f"{command.help[0].upper()}{command.help[1:]}." in text


@BY_WORDS
def test_the_example_of_a_command_is_a_command_line(command: Command) -> None:
    assert parse(shlex.split(command.example))[0] is command


@pytest.mark.parametrize("words", ["", *GROUPS])
def test_help_of_a_group_lists_its_commands(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    listed = {command.words.rpartition(" ")[2] for command in COMMANDS if _group(command) == words}
    groups = {group.rpartition(" ")[2] for group in GROUPS if group.rpartition(" ")[0] == words}
    assert listed | groups <= set(text.split())


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from connectedmachine import __version__

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"connectedmachine {__version__}\n"


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        (f"{ON} --version 9.5", "typeHandlerVersion", "9.5"),
        (f"{ON} --type-handler-version 9.5", "typeHandlerVersion", "9.5"),
        (f"{ON} --enable-auto-upgrade", "enableAutomaticUpgrade", True),
        (f"{ON} --enable-auto-upgrade true", "enableAutomaticUpgrade", True),
        (f"{ON} --enable-automatic-upgrade no", "enableAutomaticUpgrade", False),
        (f"{ON} --auto-upgrade-minor-version", "autoUpgradeMinorVersion", True),
        (f"{ON} --auto-upgrade-min f", "autoUpgradeMinorVersion", False),
        (f"{ON} --type T", "type", "T"),
        (f"{ON} --extension-type T", "type", "T"),
        ("extension show -g rg --vm-name m -n e", "machine", "m"),
        ("extension show --resource-group rg --vm-name m -n e", "resource_group", "rg"),
        ("extension show -g rg --vm-name m --extension-name e", "name", "e"),
        ("show -g rg --machine-name m", "name", "m"),
        ("show -g rg --vm-name m", "name", "m"),
        (f"{ON} --no-wait", "wait", False),
        (f"{ON} --subscription s", "subscription_id", "s"),
        ("policy set -g rg --machine-name m --health-window 5s", "health_window", 5.0),
        ("policy set -g rg --machine-name m --retry-interval default", "retry_interval", None),
        ("policy set -g rg --machine-name m --enable-timeout 20m", "enable_timeout", 1200.0),
        ("probe add -g rg --machine-name m -n p --command test -e /x", "command", ["test", "-e", "/x"]),
    ],
)
def test_an_option_has_the_names_of_today_and_of_2021(line: str, name: str, value: object) -> None:
    assert options_of(line)[name] == value


def test_what_was_not_given_is_not_there() -> None:
    assert options_of(ON) == {"resource_group": "rg", "machine": "m", "name": "e"}


@pytest.mark.parametrize(
    "line",
    [
        "extension show -g rg --machine m -n e",
        "extension show -g rg --machine-name m -n e --nonsense",
        "extension show -g rg --machine-name m -n e --nonsense=1",
        "extension show -g rg --machine-name m -n e stray",
        "extension show -g rg --machine-name m",
        "extension show -g rg --machine-name",
        "extension sett -g rg",
        "extension",
        "",
        f"{ON} --enable-auto-upgrade foo",
        f"{ON} --settings [1]",
        f"{ON} --tags =x",
        "policy set -g rg --machine-name m --health-window 5",
        "list -o yaml",
        "upgrade resolve -g rg --machine-name m -n e --choice up",
        "upgrade run --machine-name m",
        "upgrade run -g rg --name e",
    ],
)
def test_wrong_arguments_are_two_lines_and_exit_code_2(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(shlex.split(line)) == 2
    said = capsys.readouterr()
    assert said.out == ""
    error, hint = said.err.splitlines()
    assert error.startswith("ERROR: (InvalidArgument) ")
    assert hint


def test_a_name_that_could_be_two_is_not_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--out", "table"]) == 2
    assert "'--out'" in capsys.readouterr().err


def test_a_secret_in_a_broken_argument_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ON.split(), "--protected-settings", '{"password": "hunter2"']) == 2
    said = capsys.readouterr()
    assert "--protected-settings" in said.err
    assert "hunter2" not in said.err + said.out


def test_every_cmdlet_has_a_command() -> None:
    cmdlets = {path.stem for path in (ROOT / "psmodule" / "Public").glob("*.ps1")}
    # These two are about the Python that this command already runs in.
    cmdlets -= {"Install-AzConnectedMachineBackend", "Test-AzConnectedMachineBackend"}
    assert {command.cmdlet.partition(" ")[0] for command in COMMANDS if command.cmdlet} == cmdlets


def test_no_hint_of_the_service_speaks_of_cmdlets_here() -> None:
    hints = []
    for room in ("service", "agent", "gallery", "model", "store"):
        for path in (ROOT / "pybackend" / "connectedmachine" / room).rglob("*.py"):
            hints += re.findall(r'"([^"\n]*[a-z]-Az[^"\n]*)"', path.read_text("utf-8"))
    assert len(hints) > 5
    assert [hint for hint in map(in_cli_words, hints) if "-Az" in hint] == []


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("Get-AzConnectedMachineUpgrade -History shows it.", "'connectedmachine upgrade history' shows it."),
        ("Get-AzConnectedMachineUpgrade shows it.", "'connectedmachine upgrade show' shows it."),
        ("See Get-Help Add-AzConnectedMachineHealthProbe.", "See 'connectedmachine probe add --help'."),
        ("Leave -OSType out, or add -Simulated.", "Leave --os-type out, or add --simulated."),
        ("Version 1-Beta and --yes stay.", "Version 1-Beta and --yes stay."),
    ],
)
def test_a_hint_is_said_in_the_words_of_the_command_line(said: str, here: str) -> None:
    assert in_cli_words(said) == here


@pytest.mark.skipif(sys.platform == "win32", reason="accounts of POSIX")
def test_a_user_without_a_home_folder_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import pwd

    def unknown(_: int) -> None:
        raise KeyError

    for name in ("AZCMLITE_HOME", "HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert main(["list"]) == 1
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("ERROR: (PermissionDenied) ")
    assert "AZCMLITE_HOME" in hint


def test_an_error_of_our_own_shows_no_traceback_and_is_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    def fail(_: Service, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(Service, "machine_list", fail)
    assert main(["list"]) == 1
    error, hint = capsys.readouterr().err.splitlines()
    assert error == "ERROR: (InternalError) The command met an error of its own."
    assert str(home / "cli.log") in hint
    assert "RuntimeError: boom" in (home / "cli.log").read_text("utf-8")


def test_the_log_of_such_errors_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def fail(_: Service, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(Service, "machine_list", fail)
    home.mkdir(exist_ok=True)
    (home / "cli.log").write_bytes(b"x" * (1 << 20))
    assert main(["list"]) == 1
    assert (home / "cli.log").stat().st_size < 1 << 16
    assert [path.name for path in home.glob("cli.log.*")] == ["cli.log.1"]
