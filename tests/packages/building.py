"""From a :class:`PackageSpec` to a handler zip; the same spec gives the same bytes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

COMMANDS = ("install", "enable", "disable", "update", "uninstall")

# The command is run by what every server has, and finds its Python as any handler must: on PATH.
_SH = """#!/bin/sh
for python in python3 python; do
    if command -v "$python" >/dev/null 2>&1; then
        exec "$python" -I -S "${{0%/*}}/../agent.py" {command}
    fi
done
echo "There is no Python on PATH." >&2
exit 52
"""
_CMD = """@echo off
where /q py
if errorlevel 1 (set "PYTHON=python") else (set "PYTHON=py -3")
%PYTHON% -I -S "%~dp0..\\agent.py" {command}
exit /b %errorlevel%
"""
_NOOP_SH = "#!/bin/sh\nexit 0\n"
_NOOP_CMD = "@exit /b 0\n"
_AGENT = Path(__file__).with_name("sample_agent.py")
_MODE = 0o100755 << 16


@dataclass(frozen=True)
class PackageSpec:
    """One version of a sample handler, and how it behaves.

    Manifest flags are written as given: ``True`` as a JSON boolean, ``"true"`` as text, as real packages do.

    Attributes:
        os: ``linux`` (POSIX shell) or ``windows`` (``.cmd``); this host's by default.
        noop: Five commands that exit 0 at once, and nothing else: no process, no status.
        resets: Has a ``resetState`` command, too.
        fails: Commands that do nothing and exit with ``exit_code``; ``enable`` also reports the error. With
            the name of an extension after it, ``enable web``, a command fails for that one only.
        hangs: Commands that start a child, ignore SIGTERM, and do not end; pids in ``hung.pids``.
        slow: Seconds that a command takes before it does its work.
        waits: Commands that do their work only when the file ``go`` exists in the state folder.
        lies: ``enable`` exits 0 and starts and reports nothing.
        once: Runs for each settings number once, as a script does: ``enable`` ends at once, without a report,
            when ``mrseq`` has reached the number, else notes it, and the run in ``runs.log``, and reports
            success. No process stays.
        leaves_stray: ``enable`` also starts a process that no command ends; its pid in ``stray.pids``.
        unhealthy_after_seconds: From then on answers 503 and reports ``error``.
        unhealthy_after_requests: The same after that many requests for ``/``.
    """

    publisher: str
    type: str
    version: str = "1.0.0.0"
    os: str = "windows" if sys.platform == "win32" else "linux"
    update_mode: str | None = None
    continue_on_update_failure: bool | str = False
    report_heartbeat: bool | str = False
    supports_multiple_extensions: bool | str = False
    signing_info: Mapping[str, str] | None = None
    resource_limits: Mapping[str, object] | None = None
    noop: bool = False
    resets: bool = False
    fails: tuple[str, ...] = ()
    exit_code: int = 1
    hangs: tuple[str, ...] = ()
    slow: Mapping[str, float] = field(default_factory=dict)
    waits: tuple[str, ...] = ()
    lies: bool = False
    once: bool = False
    leaves_stray: bool = False
    unhealthy_after_seconds: float | None = None
    unhealthy_after_requests: int | None = None

    @property
    def handler(self) -> str:
        return f"{self.publisher}.{self.type}"


AGENT = PackageSpec("Contoso.Sample", "Agent")
CLOCK = PackageSpec("Contoso.Sample", "Clock")
NOOP = PackageSpec("Contoso.Sample", "Noop", noop=True)


def build(folder: Path, spec: PackageSpec) -> Path:
    """Write the package into ``folder`` (made if missing) as ``<Publisher.Type>__<version>.zip``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{spec.handler}__{spec.version}.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, text in _files(spec).items():
            # A fixed time and mode: the bytes depend on the spec alone.
            info = ZipInfo(name, (2025, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = _MODE
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, text)
    return path


def _files(spec: PackageSpec) -> dict[str, str]:
    files = {"HandlerManifest.json": json.dumps(_manifest(spec), indent=2) + "\n"}
    for command in _commands(spec):
        if spec.os == "windows":
            text = _NOOP_CMD if spec.noop else _CMD.format(command=command)
            files[f"bin/{command}.cmd"] = text.replace("\n", "\r\n")
        else:
            files[f"bin/{command}.sh"] = _NOOP_SH if spec.noop else _SH.format(command=command)
    if not spec.noop:
        files["agent.py"] = _AGENT.read_text("utf-8")
        files["package.json"] = json.dumps(_package(spec), indent=2) + "\n"
    return files


def _commands(spec: PackageSpec) -> tuple[str, ...]:
    return (*COMMANDS, "resetState") if spec.resets else COMMANDS


def _manifest(spec: PackageSpec) -> list[dict[str, object]]:
    suffix = ".cmd" if spec.os == "windows" else ".sh"
    slash = "\\" if spec.os == "windows" else "/"
    body: dict[str, object] = {
        f"{command}Command": f"bin{slash}{command}{suffix}" for command in _commands(spec)
    }
    body["rebootAfterInstall"] = False
    body["reportHeartbeat"] = spec.report_heartbeat
    body["continueOnUpdateFailure"] = spec.continue_on_update_failure
    body["supportsMultipleExtensions"] = spec.supports_multiple_extensions
    if spec.update_mode is not None:
        body["updateMode"] = spec.update_mode
    element: dict[str, object] = {"version": 1.0, "handlerManifest": body}
    if spec.signing_info is not None:
        element["signingInfo"] = dict(spec.signing_info)
    if spec.resource_limits is not None:
        element["resourceLimits"] = dict(spec.resource_limits)
    return [element]


def _package(spec: PackageSpec) -> dict[str, object]:
    return {
        "handler": spec.handler,
        "version": spec.version,
        "behaviour": {
            "fails": list(spec.fails),
            "exit_code": spec.exit_code,
            "hangs": list(spec.hangs),
            "slow": dict(spec.slow),
            "waits": list(spec.waits),
            "lies": spec.lies,
            "once": spec.once,
            "leaves_stray": spec.leaves_stray,
            "unhealthy_after_seconds": spec.unhealthy_after_seconds,
            "unhealthy_after_requests": spec.unhealthy_after_requests,
        },
    }
