"""What a handler is told: HandlerEnvironment.json, folders and variables."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from connectedmachine.handler.environment import Updating, command_environment, prepare_folder
from connectedmachine.model.errors import DiskFullError
from connectedmachine.model.handler import Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version
from handler.support import needs_posix_files

HANDLER = HandlerName("Contoso", "Agent")
OLD, NEW = Version.parse("1.0"), Version.parse("2.0")


def own(environment: dict[str, str]) -> dict[str, str]:
    always = {
        "AZURE_GUEST_AGENT_EXTENSION_PATH",
        "AZURE_GUEST_AGENT_EXTENSION_VERSION",
        "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS",
        "AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES",
        "ConfigSequenceNumber",
    }
    assert always <= environment.keys()
    return {name: value for name, value in environment.items() if name not in always}


@pytest.mark.parametrize("command", list(Command))
def test_every_command_knows_package_version_and_settings(folder: Path, command: Command) -> None:
    updating = Updating(OLD, NEW) if command is Command.UPDATE else None
    environment = command_environment(command, folder, NEW, 7, inherited={}, updating=updating)
    assert environment["AZURE_GUEST_AGENT_EXTENSION_PATH"] == str(folder)
    assert environment["AZURE_GUEST_AGENT_EXTENSION_VERSION"] == "2.0.0.0"
    assert environment["AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS"] == "127.0.0.1"
    assert json.loads(environment["AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES"]) == []
    assert environment["ConfigSequenceNumber"] == "7"
    assert "None" not in environment.values()


@pytest.mark.parametrize("command", [Command.DISABLE, Command.UNINSTALL])
def test_disable_and_uninstall_are_told_no_more(folder: Path, command: Command) -> None:
    assert own(command_environment(command, folder, OLD, 0, inherited={}, uninstall_exit_code=3)) == {}


@pytest.mark.parametrize("command", [Command.INSTALL, Command.ENABLE])
@pytest.mark.parametrize(("code", "text"), [(None, "NOT_RUN"), (0, "0"), (17, "17"), (1011, "1011")])
def test_install_and_enable_learn_how_the_uninstall_went(
    folder: Path, command: Command, code: int | None, text: str
) -> None:
    environment = command_environment(command, folder, NEW, 0, inherited={}, uninstall_exit_code=code)
    assert own(environment) == {"AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE": text}


@pytest.mark.parametrize(
    ("runs", "source", "target"),
    [
        pytest.param(NEW, OLD, NEW, id="upgrade, by the new version"),
        pytest.param(NEW, NEW, OLD, id="downgrade, by the old and higher version"),
    ],
)
@pytest.mark.parametrize(("code", "text"), [(None, "NOT_RUN"), (0, "0"), (5, "5")])
def test_update_learns_both_versions_and_how_the_disable_went(
    folder: Path, runs: Version, source: Version, target: Version, code: int | None, text: str
) -> None:
    environment = command_environment(
        Command.UPDATE, folder, runs, 0, inherited={}, updating=Updating(source, target, {None: code})
    )
    assert own(environment) == {
        "VERSION": str(target),
        "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION": str(source),
        "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE": text,
    }
    assert environment["AZURE_GUEST_AGENT_EXTENSION_VERSION"] == str(runs)


def test_a_command_about_one_of_several_extensions_knows_which(folder: Path) -> None:
    environment = command_environment(Command.ENABLE, folder, NEW, 3, inherited={}, extension="web")
    assert (environment["ConfigExtensionName"], environment["ConfigSequenceNumber"]) == ("web", "3")


def test_update_learns_how_the_disable_of_each_of_several_extensions_went(folder: Path) -> None:
    updating = Updating(OLD, NEW, {"web": 0, "db": None, "x": 17})
    environment = command_environment(Command.UPDATE, folder, NEW, 0, inherited={}, updating=updating)
    assert "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE" not in environment
    assert json.loads(environment["AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODES_MULTIPLE_EXTENSIONS"]) == [
        {"extensionName": "web", "exitCode": 0},
        {"extensionName": "db", "exitCode": "NOT_RUN"},
        {"extensionName": "x", "exitCode": 17},
    ]


def test_the_runners_environment_is_passed_on_without_what_is_ours_or_another_runs(folder: Path) -> None:
    inherited = {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/ours",
        "PythonHome": "/ours",
        "AZCMLITE_HOME": "/ours",
        "AZCMLITE_RUN": "/other",
        "VERSION": "build 5",
        "ConfigExtensionName": "other",
        "AZURE_GUEST_AGENT_EXTENSION_PATH": "/other",
        "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE": "9",
    }
    environment = command_environment(Command.DISABLE, folder, OLD, 0, inherited=inherited)
    assert own(environment) == {"PATH": "/bin", "LANG": "C.UTF-8"}
    assert environment["AZURE_GUEST_AGENT_EXTENSION_PATH"] == str(folder)


def test_an_update_without_its_versions_is_a_programming_error(folder: Path) -> None:
    with pytest.raises(ValueError, match="from which version"):
        command_environment(Command.UPDATE, folder, NEW, 0, inherited={})


@needs_posix_files
def test_the_environment_file_names_absolute_folders_that_exist(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "Contoso.Agent"
    prepare_folder(folder, log, HANDLER)
    document = json.loads((folder / "HandlerEnvironment.json").read_text())
    assert document == [
        {
            "name": "Contoso.Agent",
            "version": 1.0,
            "handlerEnvironment": {
                "logFolder": str(log),
                "configFolder": str(folder / "config"),
                "statusFolder": str(folder / "status"),
                "heartbeatFile": str(folder / "heartbeat.log"),
                "eventsFolder": str(log / "events"),
                "eventsFolder_preview": str(log / "events"),
            },
        }
    ]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder / "config", folder / "status", log)}
    assert list(modes.values()) == [0o700, 0o700, 0o755]
    assert (log / "events").is_dir()


def test_preparing_again_keeps_what_the_handler_wrote(folder: Path, tmp_path: Path) -> None:
    prepare_folder(folder, tmp_path / "log", HANDLER)
    (folder / "status" / "0.status").write_text("[]")
    prepare_folder(folder, tmp_path / "log", HANDLER)
    assert (folder / "status" / "0.status").read_text() == "[]"


@needs_posix_files
def test_a_link_in_place_of_a_folder_is_replaced_and_its_target_left_alone(
    folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (folder / "config").symlink_to(elsewhere)
    prepare_folder(folder, tmp_path / "log", HANDLER)
    assert not (folder / "config").is_symlink()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_folders_that_somebody_deleted_come_back_and_nothing_else_is_written(
    folder: Path, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "Contoso.Agent"
    prepare_folder(folder, log, HANDLER)
    before = (folder / "HandlerEnvironment.json").stat()
    shutil.rmtree(log)
    shutil.rmtree(folder / "status")
    prepare_folder(folder, log, HANDLER)
    assert (log / "events").is_dir()
    assert (folder / "status").is_dir()
    assert (folder / "HandlerEnvironment.json").stat() == before


@pytest.mark.parametrize("damage", [b"", b"[]", b"x" * 100_000])
def test_an_environment_file_that_was_changed_is_written_anew(
    folder: Path, tmp_path: Path, damage: bytes
) -> None:
    path = folder / "HandlerEnvironment.json"
    prepare_folder(folder, tmp_path / "log", HANDLER)
    good = path.read_bytes()
    path.write_bytes(damage)
    prepare_folder(folder, tmp_path / "log", HANDLER)
    assert path.read_bytes() == good


def test_a_full_disk_while_preparing_is_said(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free))
    with pytest.raises(DiskFullError) as caught:
        prepare_folder(small_disk, small_disk / "log", HANDLER)
    assert caught.value.code == "DiskFull"
