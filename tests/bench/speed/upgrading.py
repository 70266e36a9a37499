"""One upgrade, and one undo, of a handler whose commands do nothing.

The cost is a real runner's work over real packages, from a wish in the store to the history with its end.
The floor is what that operation could not do without, with nothing around it: as many commits of one row
to a database of the same durability, as many starts of the handler's own script, and the unzipping.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.host import this_host
from connectedmachine.agent.hosting import hands_for
from connectedmachine.agent.images import gallery
from connectedmachine.agent.places import DEFAULT_GALLERY
from connectedmachine.agent.runner import Runner
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Platform
from connectedmachine.model.operation import Operation, Outcome, StepName
from connectedmachine.model.resource import Extension, Machine, ProvisioningState, Settings, Status
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.store import Store
from packages import NOOP, build
from speed.measure import Result, take_turns

_TURNS = 15
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_HANDLER = HandlerName(NOOP.publisher, NOOP.type)
_COMMANDS = {StepName.INSTALL, StepName.ENABLE, StepName.DISABLE, StepName.UPDATE, StepName.UNINSTALL}
_UNZIPPING = {StepName.FETCH, StepName.RESTORE}
_WRITES = ("INSERT", "UPDATE", "DELETE")


def upgrade(folder: Path) -> Result:
    """Measure an upgrade that succeeds."""
    return _measure("upgrade", folder, Outcome.SUCCEEDED, spoil=lambda _: None)


def undo(folder: Path) -> Result:
    """Measure an upgrade whose ``enable`` fails, so that everything before it is undone."""
    return _measure("undo", folder, Outcome.ROLLED_BACK, spoil=_fail_enable)


def _measure(name: str, folder: Path, outcome: Outcome, spoil: Callable[[Path], None]) -> Result:
    bench = _Bench(folder, outcome, spoil)
    bench.install()
    with closing(_Floor(folder, bench)) as floor:
        turns = take_turns(bench.change, floor.run, _TURNS)
        return Result(f"{name} of a no-op handler", turns.ratio, 3, f"{turns.detail}; {floor}")


class _Bench:
    """A machine with a no-op handler, and a new version of it for each turn."""

    def __init__(self, folder: Path, outcome: Outcome, spoil: Callable[[Path], None]) -> None:
        self._folder, self._outcome, self._spoil = folder, outcome, spoil
        self._store = Store.open(folder / "home")
        host = this_host()
        self._machine = Machine(
            "bench", "", "bench", "here", "local", {}, False, host.platform, host.os_name, "", "",
            host.machine_id, _NOW,
        )  # fmt: skip
        self._store.machines.save(self._machine)
        self._minor = 0
        self.package = self._published()
        self.commits = 0
        """Of the latest change, as the database's own trace shows them."""

    @property
    def last(self) -> Operation:
        return self._store.operations.history(self._machine.id)[0]

    def install(self) -> None:
        """Bring the first version on the machine."""
        self._store.extensions.save(
            Extension(
                self._machine.id, "noop", _HANDLER, "local", {}, VersionRequest(), self._version, "bench",
                False, False, None, Settings(), 0, False, False, False, None,
                ProvisioningState.SUCCEEDED, Status(), _NOW, _NOW,
            )
        )  # fmt: skip
        self._run()
        assert self.last.outcome is Outcome.SUCCEEDED, self.last

    def change(self) -> float:
        """Publish a version, ask for it, and return the seconds that the runner took."""
        self.package = self._published()
        extension = self._store.extensions.find(self._machine.id, "noop")
        assert extension is not None
        self._store.extensions.save(replace(extension, target=self._version))
        connection = self._store._database._connection
        counted = _CommitCounter()
        connection.set_trace_callback(counted)
        seconds = self._run()
        connection.set_trace_callback(None)
        self.commits = counted.commits
        assert self.last.outcome is self._outcome, self.last
        return seconds

    def _run(self) -> float:
        runner = Runner(self._store, self._machine, hands_for(self._store, self._machine, SystemClock()))
        began = time.perf_counter()
        runner.run()
        return time.perf_counter() - began

    @property
    def _version(self) -> Version:
        return Version((1, self._minor, 0, 0))

    def _published(self) -> Path:
        self._minor += 1
        package = build(self._folder / "packages", replace(NOOP, version=str(self._version)))
        if self._minor > 1:
            self._spoil(package)
        platform = Platform(self._machine.platform.os, self._machine.platform.architecture)
        source = gallery(self._store, DEFAULT_GALLERY)
        source.publish(package, _HANDLER, self._version, platform, True, _NOW)
        return package


class _CommitCounter:
    """Counts what SQLite makes durable: transactions, and statements outside one."""

    def __init__(self) -> None:
        self.commits = 0
        self._in_transaction = False

    def __call__(self, statement: str) -> None:
        if statement.startswith("BEGIN"):
            self._in_transaction = True
        elif statement.startswith("COMMIT"):
            self._in_transaction = False
            self.commits += 1
        elif statement.startswith(_WRITES) and not self._in_transaction:
            self.commits += 1


class _Floor:
    """What the latest change of a bench cannot do without."""

    def __init__(self, folder: Path, bench: _Bench) -> None:
        self._folder, self._bench = folder, bench
        self._database = sqlite3.connect(folder / "floor.db", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE steps (seq INTEGER PRIMARY KEY, text TEXT)",
        ):
            self._database.execute(statement)

    def close(self) -> None:
        self._database.close()

    def __str__(self) -> str:
        work = self._work
        return f"{work.commits} commits, {work.spawns} spawns, {work.unzips} unzips"

    @property
    def _work(self) -> _Work:
        steps = [record.step.name for record in self._bench.last.journal if record.step is not None]
        return _Work(
            self._bench.commits,
            sum(name in _COMMANDS for name in steps),
            sum(name in _UNZIPPING for name in steps),
        )

    def run(self) -> float:
        """Do it; return the seconds it took."""
        work, target = self._work, self._folder / "unzipped"
        began = time.perf_counter()
        for _ in range(work.unzips):
            shutil.rmtree(target, ignore_errors=True)
            with ZipFile(self._bench.package) as archive:
                archive.extractall(target)
        script = next((target / "bin").glob("disable.*"))
        script.chmod(0o700)
        for _ in range(work.commits):
            self._database.execute("INSERT INTO steps (text) VALUES (?)", ("x" * 200,))
        for _ in range(work.spawns):
            subprocess.run([script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began


@dataclass(frozen=True)
class _Work:
    commits: int
    spawns: int
    unzips: int


def _fail_enable(package: Path) -> None:
    """Replace ``enable`` by a program that exits with 1."""
    with ZipFile(package) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    with ZipFile(package, "w", ZIP_DEFLATED) as archive:
        for info, data in entries:
            archive.writestr(info, data.replace(b" 0", b" 1") if "/enable." in info.filename else data)
