"""What this host is."""

from __future__ import annotations

import platform
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.model.image import Architecture, OSType, Platform
from connectedmachine.model.resource import Machine


@dataclass(frozen=True)
class Host:
    """The facts that a machine resource shows. ``machine_id`` names this operating system installation."""

    machine_id: str
    name: str
    fqdn: str
    platform: Platform
    os_name: str
    os_version: str


def this_host() -> Host:
    """Read them; takes no network look-up."""
    name = socket.gethostname()
    return Host(os_machine_id(), name.split(".")[0], name, _platform(), _os_name(), platform.release())


def os_machine_id() -> str:
    """The id that the operating system gave this installation, else the host name."""
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Microsoft\Cryptography") as key:
            return str(winreg.QueryValueEx(key, "MachineGuid")[0])
    if sys.platform == "darwin":
        import uuid

        return f"{uuid.getnode():012x}"
    for path in (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id")):
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text:
            return text
    return socket.gethostname()


def refuse_other_host(machine: Machine) -> None:
    """Refuse effects on a machine that is another host, as after a state folder was copied.

    Raises:
        PermissionDeniedError: ``WrongHost``.
    """
    if not machine.simulated and machine.os_machine_id != os_machine_id():
        raise PermissionDeniedError(
            "WrongHost",
            f"Machine '{machine.name}' is another host; nothing can be changed on it from here.",
            target=machine.name,
            hint="Connect this host with another AZCMLITE_HOME, or work on the host itself.",
        )


def _platform() -> Platform:
    os_types = {"win32": OSType.WINDOWS, "darwin": OSType.MACOS}
    machine = platform.machine().lower()
    architecture = Architecture.ARM64 if machine in ("arm64", "aarch64") else Architecture.X64
    return Platform(os_types.get(sys.platform, OSType.LINUX), architecture)


def _os_name() -> str:
    if sys.platform == "linux":
        try:
            return platform.freedesktop_os_release()["PRETTY_NAME"]
        except (OSError, KeyError):
            pass
    return f"{platform.system()} {platform.version()}"
