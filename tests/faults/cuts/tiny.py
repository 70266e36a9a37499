"""The cheapest real handler: five shell scripts that start nothing but the one process that stays.

It serves by a named pipe, ``<state>/<version>.ask``: who writes the name of another pipe there is answered
with the version. ``commands.log`` has a line for the begin and one for the end of each command, so that two
at once are seen. State folder: ``<library>/<handler>-data``; ``failing-<version>`` there says how often
``install`` is still to fail, and with ``strict`` there it fails to disable what is not enabled.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from packages import PackageSpec
from packages.building import COMMANDS

TINY = PackageSpec("Contoso.Sample", "Tiny")
SERVICE = "tinyservice"

_ANSWER_SECONDS = 10
_MODE = 0o100755 << 16

# Only built-in commands, but for mkfifo: what is not started costs nothing, and cannot be left behind.
_COMMAND = """#!/bin/sh
here=${0%%/bin/*}
state=${here%%/*}/Contoso.Sample.Tiny-data
read -r version <"$here/version"
echo "begin %(command)s $version" >>"$state/commands.log"
fail=0
%(body)s
echo "end %(command)s $version" >>"$state/commands.log"
exit $fail
"""
# A process id may be another's by now: only one with the service's name is ended. Its pipe is closed for
# certain once it is a zombie, or gone.
_STOP = """
pid= name=
read -r pid 2>/dev/null <"$state/$version.pid"
[ -z "$pid" ] || read -r name 2>/dev/null <"/proc/$pid/comm"
if [ "$name" = tinyservice ]; then
    kill -9 "$pid"
    state_of=
    while [ "$state_of" != Z ] && read -r _ _ state_of _ 2>/dev/null <"/proc/$pid/stat"; do :; done
fi
: >"$state/$version.pid"
"""
# Opening the pipe takes until the service has it open.
_BODIES = {
    "install": """
echo "$version" >"$state/data"
if [ -e "$state/failing-$version" ]; then
    read -r left <"$state/failing-$version"
    if [ "$left" -gt 0 ]; then echo $((left - 1)) >"$state/failing-$version"; fail=7; fi
fi""",
    "enable": f"""{_STOP}
[ -p "$state/$version.ask" ] || mkfifo "$state/$version.ask"
"$here/bin/{SERVICE}" "$state/$version.ask" "$version" </dev/null >/dev/null 2>&1 &
echo $! >"$state/$version.pid"
: >"$state/$version.ask"
read -r health <"$here/health"
echo '[{{"version": 1, "timestampUTC": "", "status": {{"status": "'$health'", "code": 0}}}}]' \\
    >"$here/status/$ConfigSequenceNumber.status"
""",
    "disable": """
if [ -e "$state/strict" ] && ! [ -s "$state/$version.pid" ]; then fail=1; fi"""
    + _STOP,
    "update": 'echo "$VERSION" >"$state/data"',
    "uninstall": _STOP,
}
_SERVICE = """#!/bin/sh
exec 3<>"$1"
while read -r to <&3; do echo "$2" >"$to"; done
"""


def build(folder: Path, spec: PackageSpec) -> Path:
    """The zip of one version; ``unhealthy_after_requests`` makes ``enable`` report an error."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{spec.handler}__{spec.version}.zip"
    body: dict[str, object] = {f"{command}Command": f"bin/{command}" for command in COMMANDS}
    health = "success" if spec.unhealthy_after_requests is None else "error"
    files = {
        "HandlerManifest.json": json.dumps([{"version": 1.0, "handlerManifest": body}]),
        "version": f"{spec.version}\n",
        "health": f"{health}\n",
        f"bin/{SERVICE}": _SERVICE,
    }
    for command in COMMANDS:
        files[f"bin/{command}"] = _COMMAND % {"command": command, "body": _BODIES[command]}
    with ZipFile(path, "w") as archive:
        for name, text in files.items():
            info = ZipInfo(name, (2025, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = _MODE
            archive.writestr(info, text)
    return path


# Its processes.


@dataclass(frozen=True)
class Process:
    """A process started from below a folder; ``version`` of one that serves."""

    pid: int
    version: str | None


def processes(folder: Path) -> Iterator[Process]:
    """Whatever runs with a path below ``folder`` on its command line."""
    mark = os.fsencode(f"{folder}/")
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdigit() or int(name) == os.getpid():
            continue
        line = _command_line(name)
        if mark in line:
            words = line.split(b"\0")
            serves = len(words) > 3 and words[1].endswith(SERVICE.encode())
            yield Process(int(name), words[3].decode() if serves else None)


def _command_line(pid: int | str) -> bytes:
    """Empty of one that is gone or a zombie. Without ``pathlib``: it is read of every process there is."""
    with suppress(OSError):
        handle = os.open(f"/proc/{pid}/cmdline", os.O_RDONLY)
        try:
            return os.read(handle, 1 << 16)
        finally:
            os.close(handle)
    return b""


def end_all(folder: Path) -> None:
    """End them and wait until they are gone."""
    while found := list(processes(folder)):  # again, for what one of them was starting
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        while any(_command_line(process.pid) for process in found):
            time.sleep(0.0005)


def serve(library: Path, version: str) -> None:
    """Start the service of a version that was enabled in a copy of this library."""
    folder, state = library / f"{TINY.handler}-{version}", library / f"{TINY.handler}-data"
    ask = state / f"{version}.ask"
    program: list[str | Path] = [folder / "bin" / SERVICE, ask, version]
    null = subprocess.DEVNULL
    process = subprocess.Popen(
        program, cwd=folder, stdin=null, stdout=null, stderr=null, start_new_session=True
    )
    (state / f"{version}.pid").write_text(f"{process.pid}\n")
    while not is_serving(ask):
        time.sleep(0.0005)


def is_serving(ask: Path) -> bool:
    """Say whether anybody reads that pipe."""
    try:
        os.close(os.open(ask, os.O_WRONLY | os.O_NONBLOCK))
    except OSError as error:
        if error.errno not in (errno.ENXIO, errno.ENOENT):
            raise
        return False
    return True


def answer(ask: Path, reply: Path) -> str | None:
    """What the version that serves on that pipe says; ``None`` when nobody answers there.

    Args:
        reply: Where a pipe for the answer is made.
    """
    if not is_serving(ask):
        return None
    reply.unlink(missing_ok=True)
    os.mkfifo(reply)
    reader = os.open(reply, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with ask.open("w") as asked:
            asked.write(f"{reply}\n")
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.poll(_ANSWER_SECONDS * 1000)
        return os.read(reader, 100).decode().strip() or None
    finally:
        os.close(reader)
