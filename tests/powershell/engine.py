"""The PowerShell engine that the tests use, as a program and inside this process."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "Az.ConnectedMachineLite.psd1"
NO_ENGINE = "needs a PowerShell engine: set AZCMLITE_PWSH, or have pwsh or powershell on PATH"


def find_engine() -> Path | None:
    """AZCMLITE_PWSH, else pwsh, else powershell on PATH."""
    named = os.environ.get("AZCMLITE_PWSH") or "pwsh"
    found = shutil.which(named) or shutil.which("powershell")
    return None if found is None else Path(found).resolve()


@dataclass(frozen=True)
class Ended:
    """An engine that ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def json(self) -> Any:
        """The last line of output as JSON; shows what else was said when there is none."""
        assert self.lines, f"no output; errors: {self.err}"
        return json.loads(self.lines[-1])


def run_engine(
    arguments: list[str], environment: Mapping[str, str], *, cwd: Path | None = None, timeout: float = 120
) -> Ended:
    """Run the engine as a program, without a profile, a prompt or anything on its input."""
    engine = find_engine()
    assert engine is not None
    done = subprocess.run(
        [str(engine), "-NoProfile", "-NonInteractive", *arguments],
        env={**environment, "NO_COLOR": "1"},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Problem:
    """An error record."""

    id: str
    category: str
    message: str
    target: str
    action: str


@dataclass(frozen=True)
class Outcome:
    """What a script in this process wrote."""

    output: list[str]
    problems: list[Problem]
    warnings: list[str]
    progress: list[tuple[str, str, bool]]

    @property
    def problem(self) -> Problem:
        """The one error that there is."""
        assert len(self.problems) == 1, self
        return self.problems[0]

    def only(self) -> str:
        """The one line that was written, when nothing went wrong."""
        assert not self.problems, self.problems
        assert len(self.output) == 1, self.output
        return self.output[0]


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something is so; not for a span of time."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@functools.cache
def load_engine() -> str | None:
    """Load the engine into this process, once; returns why that cannot be done, else ``None``."""
    engine = find_engine()
    if engine is None:
        return NO_ENGINE
    assembly = engine.parent / "System.Management.Automation.dll"
    if not assembly.exists():
        return f"needs the engine's own assembly beside it: {assembly}"
    try:
        import pythonnet
    except ImportError as error:
        return f"needs pythonnet: {error}"
    private_runtime = engine.parent / "dotnet"
    options = {"dotnet_root": str(private_runtime)} if private_runtime.exists() else {}
    if sys.platform == "win32" and engine.stem.lower() == "powershell":
        pythonnet.load("netfx")
    else:
        pythonnet.load("coreclr", runtime_config=str(engine.with_name("pwsh.runtimeconfig.json")), **options)
    import clr

    clr.AddReference(str(assembly))
    return None


class Shell:
    """A runspace of this process with the module imported."""

    def __init__(self) -> None:
        from System.Management.Automation.Runspaces import InitialSessionState, RunspaceFactory

        self.runspace = RunspaceFactory.CreateRunspace(InitialSessionState.CreateDefault2())
        self.runspace.Open()
        self.run(f"Import-Module '{MANIFEST}'")

    def start(self, script: str) -> Any:
        """A pipeline that runs ``script``, not begun yet."""
        from System.Management.Automation import PowerShell

        pipeline = PowerShell.Create()
        pipeline.Runspace = self.runspace
        return pipeline.AddScript(script)

    def run(self, script: str) -> Outcome:
        """Run ``script`` to its end; an error that ends it is the last of its problems."""
        from System.Management.Automation import RuntimeException

        pipeline = self.start(script)
        output: list[str] = []
        problems: list[Problem] = []
        try:
            output = ["" if item is None else str(item) for item in pipeline.Invoke()]
        except RuntimeException as error:
            problems = [_problem(error.ErrorRecord)]
        streams = pipeline.Streams
        return Outcome(
            output,
            [_problem(record) for record in streams.Error] + problems,
            [str(record) for record in streams.Warning],
            [
                (record.Activity, record.StatusDescription, str(record.RecordType) == "Completed")
                for record in streams.Progress
            ],
        )

    def within(self, script: str) -> Outcome:
        """Run ``script`` inside the module, where its private functions are."""
        return self.run(f"& (Get-Module Az.ConnectedMachineLite) {{ {script} }}")

    def close(self) -> None:
        """End the backend and the runspace."""
        self.run("Remove-Module Az.ConnectedMachineLite")
        self.runspace.Dispose()


def _problem(record: Any) -> Problem:
    details = record.ErrorDetails
    return Problem(
        record.FullyQualifiedErrorId,
        str(record.CategoryInfo.Category),
        record.Exception.Message if details is None else details.Message,
        "" if record.TargetObject is None else str(record.TargetObject),
        "" if details is None else str(details.RecommendedAction),
    )
