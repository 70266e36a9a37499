"""What a handler is told about where it runs: HandlerEnvironment.json, its folders, its variables.

Handler contract 1.3 and 2.2, with the correct value of each variable where Azure's agent errs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectedmachine.handler._files import read_regular, write_durably
from connectedmachine.handler.layout import make_private
from connectedmachine.model.handler import Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version

NOT_RUN = "NOT_RUN"

# Handlers read this without asking whether it is there. There is no fabric to talk to here, so it names
# a place where nothing answers and from which nothing leaves the machine.
_WIRE_PROTOCOL_ADDRESS = "127.0.0.1"

# A variable of ours, of Python's, or of another handler run must not leak from the runner into a handler.
_WITHHELD_PREFIXES = ("PYTHON", "__PYVENV_", "AZCMLITE_", "AZURE_GUEST_AGENT_")
_WITHHELD = frozenset({"VERSION", "CONFIGSEQUENCENUMBER", "CONFIGEXTENSIONNAME"})


def prepare_folder(folder: Path, log_folder: Path, handler: HandlerName) -> None:
    """Make the folders that a version counts on, and tell it where they are.

    Writes nothing when all is as it should be, so it can be done before every command: a log folder that
    somebody deleted must not make one fail (handler contract, section 8).

    Raises:
        DiskFullError: ``DiskFull``.
    """
    make_private(folder / "config")
    make_private(folder / "status")
    log_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    log_folder.chmod(0o755)
    events = log_folder / "events"
    make_private(events)
    environment = {
        "logFolder": str(log_folder),
        "configFolder": str(folder / "config"),
        "statusFolder": str(folder / "status"),
        "heartbeatFile": str(heartbeat_file(folder)),
        "eventsFolder": str(events),
        "eventsFolder_preview": str(events),
    }
    document = [{"name": str(handler), "version": 1.0, "handlerEnvironment": environment}]
    path, data = folder / "HandlerEnvironment.json", json.dumps(document, indent=2).encode()
    if not _holds(path, data):
        write_durably(path, data)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return read_regular(path, len(data)).data == data
    except OSError:
        return False


def heartbeat_file(folder: Path) -> Path:
    """Where a handler that reports one writes its heartbeat."""
    return folder / "heartbeat.log"


@dataclass(frozen=True)
class Updating:
    """What an ``update`` is told.

    ``disable_exit_codes`` has those of each extension's disable, ``None`` where none was run; the one of a
    handler that can have but one extension has no name.
    """

    source: Version
    target: Version
    disable_exit_codes: Mapping[str | None, int | None] = field(default_factory=lambda: {None: None})


def command_environment(
    command: Command,
    folder: Path,
    version: Version,
    sequence: int,
    *,
    inherited: Mapping[str, str],
    extension: str | None = None,
    uninstall_exit_code: int | None = None,
    updating: Updating | None = None,
) -> dict[str, str]:
    """The whole environment of one handler command.

    Args:
        command: Which command will run.
        folder: The version folder of the package that runs it; on a downgrade ``update`` is the old one's.
        version: The version of that package.
        sequence: Number of the settings in effect, 0 without settings.
        inherited: The runner's own environment.
        extension: The one that the command is about, where the handler may have several.
        uninstall_exit_code: Of the replaced version's ``uninstall``, for ``install`` and ``enable``;
            ``None`` when none was run.
        updating: For ``update``, required there.
    """
    environment = {name: value for name, value in inherited.items() if not _is_withheld(name.upper())}
    environment |= {
        "AZURE_GUEST_AGENT_EXTENSION_PATH": str(folder),
        "AZURE_GUEST_AGENT_EXTENSION_VERSION": str(version),
        "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS": _WIRE_PROTOCOL_ADDRESS,
        # None: event files are not collected, so a handler must not be invited to write them.
        "AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES": "[]",
        "ConfigSequenceNumber": str(sequence),
    }
    if extension is not None:
        environment["ConfigExtensionName"] = extension
    if command in (Command.INSTALL, Command.ENABLE, Command.RESET_STATE):
        environment["AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE"] = _code(uninstall_exit_code)
    if command is Command.UPDATE:
        if updating is None:
            raise ValueError("an update has to be told from which version to which")
        environment |= {
            "VERSION": str(updating.target),
            "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION": str(updating.source),
        }
        environment |= _disable_exit_codes(updating.disable_exit_codes)
    return environment


def _disable_exit_codes(codes: Mapping[str | None, int | None]) -> dict[str, str]:
    if None in codes:
        return {"AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE": _code(codes[None])}
    listed = [
        {"extensionName": name, "exitCode": NOT_RUN if code is None else code} for name, code in codes.items()
    ]
    return {"AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODES_MULTIPLE_EXTENSIONS": json.dumps(listed)}


def _code(exit_code: int | None) -> str:
    return NOT_RUN if exit_code is None else str(exit_code)


def _is_withheld(name: str) -> bool:
    return name.startswith(_WITHHELD_PREFIXES) or name in _WITHHELD
