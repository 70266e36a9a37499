"""The state files in ``config/``, for packages and tools that look there (handler contract 2.3).

They say what was done last. Nothing here reads them: the store knows what is installed, and a file that a
handler can write is no proof of anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from connectedmachine.handler._files import write_whole
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version


class HandlerState(StrEnum):
    NOT_INSTALLED = "NotInstalled"
    INSTALLED = "Installed"
    ENABLED = "Enabled"
    FAILED_UPGRADE = "FailedUpgrade"


@dataclass(frozen=True)
class HandlerReport:
    """What there is to say of a version: ``state`` is ``None`` where a failure left it as it was.

    ``code`` is Azure's number of an error, 0 for none.
    """

    state: HandlerState | None
    ready: bool = False
    code: int = 0
    message: str = ""


def write_handler_state(
    folder: Path, handler: HandlerName, version: Version, report: HandlerReport, *, several: bool
) -> None:
    """Write ``config/HandlerState`` and ``config/HandlerStatus``, each whole or not at all.

    Raises:
        DiskFullError: ``DiskFull``.
        OSError: A file cannot be written.
    """
    if report.state is not None:
        write_whole(folder / "config" / "HandlerState", report.state.encode())
    document = {
        "name": str(handler),
        "version": str(version),
        "status": "Ready" if report.ready else "NotReady",
        "code": report.code,
        "message": report.message,
        "supports_multi_config": several,
        "extension_status": None,
    }
    write_whole(folder / "config" / "HandlerStatus", json.dumps(document).encode())


def write_extension_state(folder: Path, extension: str, *, enabled: bool) -> None:
    """Write ``config/<extension>.HandlerState`` of one of several extensions.

    Raises:
        DiskFullError: ``DiskFull``.
        OSError: It cannot be written.
    """
    write_whole(folder / "config" / f"{extension}.HandlerState", b"enabled" if enabled else b"disabled")
