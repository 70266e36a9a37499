"""What a publisher is told of a package that nobody runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from connectedmachine.gallery.inspection import inspect
from connectedmachine.gallery.survey import names_of, survey, without_signing_info
from connectedmachine.model.handler import Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import OSType
from connectedmachine.model.version import Version
from gallery.zips import FOLDER, Item, link, write_zip
from packages import AGENT, NOOP, build


def manifest(line: str, **more: object) -> bytes:
    return json.dumps([{"handlerManifest": {"enableCommand": line, **more}}]).encode()


SCRIPT = Item("bin/enable.sh", b"#!/bin/sh\n")


@pytest.mark.parametrize(
    ("line", "item", "problem"),
    [
        ("bin/enable.sh", SCRIPT, ""),
        ("/bin/enable.sh -v 'a b'", SCRIPT, ""),
        ("./bin/enable.sh", SCRIPT, ""),
        ("enable.sh", link("enable.sh", "other"), ""),
        ("bin/enable.sh", Item("bin/other.sh"), "holds no 'bin/enable.sh'."),
        ("bin/Enable.sh", SCRIPT, "but 'bin/enable.sh', which is another file on Linux"),
        ("bin/enable.sh 'a", SCRIPT, "cannot be split into words"),
        ("bin", Item("bin/", mode=FOLDER), "is a folder"),
        ("bin/enable.sh", Item("bin/enable.sh", b"#!/bin/sh\r\nexit 0\r\n"), "CR LF"),
        ("", SCRIPT, "no such command"),
        (r"BIN\Enable.cmd /quiet", Item("bin/enable.cmd", b"@exit /b 0\r\n"), ""),
        (r'"bin\my enable.cmd" /quiet', Item("bin/my enable.cmd"), ""),
        ("enable.ps1", SCRIPT, "holds no 'enable.ps1'"),
    ],
)
def test_the_program_of_a_command_is_looked_for(tmp_path: Path, line: str, item: Item, problem: str) -> None:
    package = write_zip(tmp_path / "a.zip", [item], manifest(line))
    program = survey(package).programs[Command.ENABLE]
    assert problem in program.problem
    assert bool(problem) == bool(program.problem)


def test_a_file_that_is_no_program_on_linux_is_remarked(tmp_path: Path) -> None:
    package = write_zip(tmp_path / "a.zip", [Item("enable", b"exit 0\n")], manifest("enable"))
    assert "neither" in survey(package).programs[Command.ENABLE].remark


def test_quirks_of_a_manifest_are_told(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + manifest(
        "e", reportHeartbeat="true", resetStateCommand="r", continueOnUpdateFailure=1
    )
    surveyed = survey(write_zip(tmp_path / "a.zip", [Item("sub/HandlerManifest.json", text)], None))
    assert surveyed.manifest == "sub/HandlerManifest.json"
    assert len(surveyed.quirks) == 5
    assert survey(build(tmp_path, AGENT)).quirks == ()


def test_the_operating_system_is_what_the_commands_look_like(tmp_path: Path) -> None:
    assert survey(build(tmp_path / "w", replace(NOOP, os="windows"))).os is OSType.WINDOWS
    assert survey(build(tmp_path / "l", replace(NOOP, os="linux"))).os is OSType.LINUX


@pytest.mark.parametrize(
    ("name", "handler", "version"),
    [
        ("Contoso.Sample.Agent__1.2.3.4.zip", "Contoso.Sample.Agent", "1.2.3.4"),
        ("Contoso.Sample.Agent-1.2.zip", "Contoso.Sample.Agent", "1.2.0.0"),
        ("Microsoft.X.MDE-Linux-1.0.5.zip", "Microsoft.X.MDE-Linux", "1.0.5.0"),
    ],
)
def test_a_file_name_tells_what_the_package_is(name: str, handler: str, version: str) -> None:
    found = names_of(Path(name))
    assert found is not None
    assert (str(found[0]), str(found[1])) == (handler, version)


@pytest.mark.parametrize("name", ["agent-1.2.zip", "agent.zip", "Contoso.Agent.zip", "A.B-beta.zip"])
def test_a_file_name_that_tells_nothing_is_not_guessed_from(name: str) -> None:
    assert names_of(Path(name)) is None


def test_a_package_without_its_word_on_itself_is_otherwise_the_same(tmp_path: Path) -> None:
    handler = HandlerName("Contoso.Sample", "Agent")
    spec = replace(AGENT, signing_info={"publisher": "Contoso.Sample", "type": "Agent", "version": "1.0.0.0"})
    package, copy = build(tmp_path, spec), tmp_path / "copy.zip"
    without_signing_info(package, copy)
    inspect(copy, handler, Version.parse("0.9"), "copy")
    assert survey(copy).programs == survey(package).programs
    assert survey(copy).signing == {}
