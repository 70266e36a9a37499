"""The smallest real handler: a few shell lines per command, and a process that waits at a pipe.

Its commands note their begin and end in ``commands.log`` beside the version folders. A version answers when
its process reads from the version's pipe, which asking does not disturb.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from packages import PackageSpec

TINY = PackageSpec("Contoso.Sample", "Tiny")
COMMANDS = ("install", "enable", "disable", "update", "uninstall")

_SCRIPT = """\
#!/bin/sh
folder=$(cd "${0%/*}" && pwd)
data=$folder/../Contoso.Sample.Tiny-data
mkdir -p "$data"
log=$data/commands.log
begin_serving() {
    [ -p "$data/VERSION.pipe" ] || mkfifo "$data/VERSION.pipe"
    setsid sh "$folder/serve.sh" "$data/VERSION.pipe" </dev/null >/dev/null 2>&1 &
    echo "$!" >"$data/pid"
}
stop_serving() {
    [ ! -e "$data/pid" ] || kill "$(cat "$data/pid")" 2>/dev/null
    rm -f "$data/pid"
}
[ "$1" = serve ] && { begin_serving; exit 0; }
echo "begin $1 VERSION" >>"$log"
case $1 in
enable)
    stop_serving
    begin_serving
    printf '[{"version": 1.0, "timestampUTC": "2026-01-01T00:00:00Z", "status": {"operation": "enable", \
"status": "STATUS", "code": 0, "formattedMessage": {"lang": "en", "message": "STATUS"}}}]' \
>"$folder/status/.new"
    mv "$folder/status/.new" "$folder/status/$ConfigSequenceNumber.status" ;;
disable) stop_serving ;;
esac
echo "end $1 VERSION" >>"$log"
"""
_SERVE = """\
#!/bin/sh
while :; do read -r asked <"$1"; done
"""


def build(path: Path, version: str, status: str = "success") -> Path:
    """Write the package of a version whose enable reports ``status``."""
    body: dict[str, object] = {f"{command}Command": f"tiny.sh {command}" for command in COMMANDS}
    body |= {"rebootAfterInstall": False, "reportHeartbeat": False}
    files = {
        "HandlerManifest.json": json.dumps([{"version": 1.0, "handlerManifest": body}]),
        "tiny.sh": _SCRIPT.replace("VERSION", version).replace("STATUS", status),
        "serve.sh": _SERVE,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            info = ZipInfo(name, (2025, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100755 << 16
            archive.writestr(info, text)
    return path


def answers(state: Path, version: str) -> bool:
    """Say whether a process of that version answers; ``state`` is the folder of the log."""
    for _ in range(20):
        try:
            os.close(os.open(state / f"{version}.pipe", os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            if error.errno not in (errno.ENXIO, errno.ENOENT):
                raise
            if not (state / "pid").exists():
                return False
            time.sleep(0.002)  # just started, or between two readings
        else:
            return True
    return False


def serve(folder: Path) -> None:
    """Start the process of a version as its enable does."""
    subprocess.run(["sh", folder / "tiny.sh", "serve"], check=True)


def end(root: Path) -> None:
    """End whatever runs of any version, or waits at a pipe, below ``root``."""
    mark = os.fsencode(str(root))
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                if mark in (process / "cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)


def ran(state: Path) -> list[str]:
    """Lines of the log: ``begin enable 1.0.0.0`` and so on."""
    log = state / "commands.log"
    return log.read_text().splitlines() if log.exists() else []
