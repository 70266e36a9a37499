"""The command ``connectedmachine`` as a process, in a state root of a test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packages import PackageSpec, build

COMMAND = [sys.executable, "-I", "-m", "connectedmachine"]
MACHINE = ("-g", "rg", "--machine-name", "m1")
OS = "Windows" if sys.platform == "win32" else "Linux"
QUICK = ("--health-window", "1s", "--stable-for", "0", "--sample-interval", "0.1s")


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its output; shows what else was said when there is none."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass
class Cli:
    """Commands over one state root; the samples keep their state below ``root`` too."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AZCMLITE_")}
        self.environment = {**kept, "AZCMLITE_HOME": str(self.root / "home"), **self.environment}

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        done = subprocess.run(
            [*COMMAND, *arguments],
            input=stdin, env=self.environment, cwd=self.root,
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def connect(self) -> None:
        assert self.run("connect", "-g", "rg", "--name", "m1").code == 0

    def publish(self, spec: PackageSpec) -> None:
        zip_file = build(self.root / "zips", spec)
        self.run(
            "gallery", "publish", "--path", str(zip_file), "--publisher", spec.publisher,
            "--type", spec.type, "--version", spec.version, "--operating-system", OS,
            "--supports-automatic-upgrade",
        ).json()  # fmt: skip

    def set(self, spec: PackageSpec, *more: str) -> Ended:
        """``extension set``, enrolled, under the type's name in lower case."""
        settings = json.dumps({"stateFolder": str(self.state(spec))})
        return self.run(
            "extension", "set", *MACHINE, "-n", spec.type.lower(), "--publisher", spec.publisher,
            "--type", spec.type, "--settings", settings, "--enable-auto-upgrade", *more,
        )  # fmt: skip

    def state(self, spec: PackageSpec) -> Path:
        """The sample's own folder."""
        return self.root / spec.type

    def show(self, name: str) -> Any:
        return self.run("extension", "show", *MACHINE, "-n", name).json()

    def decisions(self, *, code: int = 0) -> dict[str, str]:
        """A pass; its decisions' reasons by extension."""
        done = self.run("upgrade", "run", *MACHINE)
        assert done.code == code, done.err
        return {decision["name"]: decision["reason"] for decision in json.loads(done.out)}


def until(condition: Callable[[], object]) -> None:
    """Wait for what is bound to come; the run's own time limit is the judge if it does not."""
    event = threading.Event()
    while not condition():
        event.wait(0.05)
