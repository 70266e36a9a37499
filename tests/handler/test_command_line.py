"""How the manifest's text becomes a program and its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectedmachine.handler.command import CommandSpec, Ended, command_spec, start
from connectedmachine.model.errors import HandlerError
from connectedmachine.model.handler import Command, HandlerManifest
from handler.support import HostClock, needs_posix_files, script


def spec(folder: Path, line: str) -> CommandSpec:
    return command_spec(HandlerManifest({Command.ENABLE: line}), Command.ENABLE, folder, {})


@pytest.mark.parametrize(
    ("line", "program", "arguments"),
    [
        ("bin/x enable", "bin/x", ["enable"]),
        ("./bin/x -c enable", "bin/x", ["-c", "enable"]),
        ("/bin/x", "bin/x", []),
        ("//bin//x", "bin/x", []),
        ("bin/../other/x", "other/x", []),
        ("'a program' \"two words\" '$HOME;`id`'", "a program", ["two words", "$HOME;`id`"]),
    ],
)
def test_the_program_is_always_the_packages_own(
    folder: Path, line: str, program: str, arguments: list[str]
) -> None:
    assert spec(folder, line).argv == (str(folder / program), *arguments)


@pytest.mark.parametrize("line", ["../x", "bin/../../x", "/../Contoso.Agent-1.0.0.00/x", ".", "./", "/"])
def test_a_program_outside_the_package_is_refused(folder: Path, line: str) -> None:
    with pytest.raises(HandlerError) as caught:
        spec(folder, line)
    assert caught.value.code == "CommandOutsidePackage"


@pytest.mark.parametrize("line", ["", "  ", "''"])
def test_an_empty_command_is_missing_and_the_error_names_key_and_file(folder: Path, line: str) -> None:
    with pytest.raises(HandlerError) as caught:
        spec(folder, line)
    assert caught.value.code == "CommandMissing"
    assert "'enableCommand'" in caught.value.message
    assert str(folder / "HandlerManifest.json") in caught.value.message


def test_only_the_command_that_is_needed_has_to_be_there(folder: Path) -> None:
    manifest = HandlerManifest({Command.ENABLE: "x"})
    assert command_spec(manifest, Command.ENABLE, folder, {}).argv == (str(folder / "x"),)
    with pytest.raises(HandlerError) as caught:
        command_spec(manifest, Command.UPDATE, folder, {})
    assert caught.value.code == "CommandMissing"


def test_an_unfinished_quotation_is_malformed(folder: Path) -> None:
    with pytest.raises(HandlerError) as caught:
        spec(folder, "bin/x 'enable")
    assert caught.value.code == "CommandMalformed"


@needs_posix_files
def test_arguments_reach_the_program_as_written_and_no_shell_reads_them(folder: Path, tmp_path: Path) -> None:
    script(folder / "show", 'printf "<%s>" "$@"')
    line = f"show 'a  b' '$(touch {tmp_path}/hacked)' '; exit 3' '*' '\\'"
    fate = start(spec(folder, line), tmp_path / "run", HostClock()).wait(60)
    assert isinstance(fate, Ended)
    assert f"<a  b><$(touch {tmp_path}/hacked)><; exit 3><*><\\>" in fate.output
    assert not (tmp_path / "hacked").exists()
