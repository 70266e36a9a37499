"""At a terminal: Ctrl+C stops the waiting, the prompt comes back, and the work is done all the same."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from packages import AGENT, build, end_processes
from powershell.engine import MANIFEST, find_engine, run_engine

M = "-ResourceGroupName rg -MachineName web1"
AGENT_IS = "-Publisher Contoso.Sample -ExtensionType Agent"
INSTALL = f"Set-AzConnectedMachineExtension {M} -Name agent {AGENT_IS} -Location x"
COMMAND = ["-NoProfile", "-NoLogo", "-NoExit", "-Command", "function prompt { 'ready>' }"]
# Only a program that has the terminal as its own is sent a signal by Ctrl+C.
_TAKE_TERMINAL = """import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])"""


class PosixTerminal:
    """An engine at a pseudo-terminal."""

    def __init__(self, engine: str, environment: dict[str, str]) -> None:
        import pty

        self._master, slave = pty.openpty()
        self._session = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, engine, *COMMAND],
            env={**environment, "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def write(self, text: str) -> None:
        os.write(self._master, text.encode())

    def read(self) -> str:
        ready, _, _ = select.select([self._master], [], [], 1)
        return os.read(self._master, 4096).decode(errors="replace") if ready else ""

    def close(self) -> None:
        self._session.kill()
        self._session.wait()
        os.close(self._master)


class WindowsTerminal:
    """An engine at a Windows console, through pywinpty."""

    def __init__(self, engine: str, environment: dict[str, str]) -> None:
        winpty = pytest.importorskip("winpty", reason="needs pywinpty")
        self._session = winpty.PtyProcess.spawn([engine, *COMMAND], env=environment, dimensions=(40, 200))

    def write(self, text: str) -> None:
        self._session.write(text)

    def read(self) -> str:
        return str(self._session.read(4096))

    def close(self) -> None:
        self._session.terminate(force=True)


@dataclass
class Typist:
    """Types, and reads until something is seen."""

    terminal: PosixTerminal | WindowsTerminal
    unread: str = ""

    def type(self, text: str) -> None:
        self.terminal.write(text)

    def wait_for(self, text: str) -> str:
        """Read on until ``text`` is shown, and return what came before it."""
        deadline = time.monotonic() + 60
        while text not in self.unread:
            assert time.monotonic() < deadline, self.unread[-2000:]
            self.unread += self.terminal.read()
        before, _, self.unread = self.unread.partition(text)
        return before


@pytest.fixture
def typist(environment: dict[str, str], home: Path, tmp_path: Path) -> Iterator[Typist]:
    """At the prompt of a session on a connected host, with a package that installs slowly."""
    slow = build(tmp_path, replace(AGENT, slow={"install": 5}))
    script = (
        f"Import-Module '{MANIFEST}'; Connect-AzConnectedMachine -ResourceGroupName rg -Name web1;"
        f"Publish-AzConnectedExtensionPackage -Path '{slow}' {AGENT_IS} -Version '{AGENT.version}'"
        f" -OperatingSystem {AGENT.os.capitalize()}"
    )
    assert run_engine(["-Command", script], environment).err == ""
    kind = WindowsTerminal if sys.platform == "win32" else PosixTerminal
    terminal = kind(str(find_engine()), environment)
    typist = Typist(terminal)
    typist.wait_for("ready>")
    typist.type(f"Import-Module '{MANIFEST}'\r")
    typist.wait_for("ready>")
    yield typist
    terminal.close()
    end_processes(home)


def test_ctrl_c_stops_the_waiting_and_not_the_work(typist: Typist) -> None:
    typist.type(f"{INSTALL}; 'not ' + 'reached'\r")
    typist.wait_for("Install agent on web1")  # the progress of the work
    typist.type("\x03")
    assert "not reached" not in typist.wait_for("ready>")
    typist.type(f"'state: ' + (Get-AzConnectedMachineExtension {M}).ProvisioningState\r")
    typist.wait_for("state: Creating")
    typist.type(f"$e = {INSTALL}; 'state: ' + $e.ProvisioningState + ' ' + $e.TypeHandlerVersion\r")
    typist.wait_for(f"state: Succeeded {AGENT.version}")
