"""Handlers of a few lines of shell, for faults that the sample agent does not have."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from gallery.zips import Item, write_zip
from packages.building import COMMANDS

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="handlers of shell lines")

# A command's directory is its version folder.
_PRELUDE = """#!/bin/sh
report() {
    printf '[{"version": 1, "timestampUTC": "", "status": {"status": "%s", "code": 0}}]' "$1" >status/next
    mv status/next "status/$ConfigSequenceNumber.status"
}
"""


def shell_package(folder: Path, name: str = "Contoso.Sample.Shell__2.0.0.0.zip", **scripts: str) -> Path:
    """A package whose ``enable`` reports success and whose other commands do nothing, but for ``scripts``."""
    folder.mkdir(exist_ok=True)
    lines = {"enable": "report success", **scripts}
    body: dict[str, object] = {f"{command}Command": f"{command}.sh" for command in COMMANDS}
    manifest = json.dumps([{"version": 1.0, "handlerManifest": body}]).encode()
    items = [
        Item(f"{command}.sh", f"{_PRELUDE}{lines.get(command, '')}\nexit $?\n".encode())
        for command in COMMANDS
    ]
    return write_zip(folder / name, items, manifest)
