"""One host with its state root, galleries and sample packages, for tests that run real operations.

The runner works in the test's own process, when the test says so: a request only stores its wish. Sample
agents choose a free port each time they start and say it in their state folder, so tests may run at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.hosting import hands_for
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.operator import StopPoint
from connectedmachine.agent.places import Places
from connectedmachine.agent.runner import Runner
from connectedmachine.model.clock import Clock
from connectedmachine.model.health import Sample
from connectedmachine.model.operation import Operation, StepName
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.service import Service
from connectedmachine.store import Store
from packages import PackageSpec, Reply, build, end_processes, get, running_agent
from packages.watching import CommandRun, commands

GROUP, MACHINE = "rg", "m1"
QUICK = {"health_window": 0.2, "stable_for": 0.1, "sample_interval": 0.05, "retry_interval": 3600.0}
SAMPLES = {"linux": "Linux", "windows": "Windows"}


class PowerCutError(BaseException):
    """The runner is gone, in the middle of whatever it did; nothing of the product can catch it."""


class FakeClock:
    """Time that passes only while the product sleeps. ``on_sleep`` is called after each sleep."""

    def __init__(self) -> None:
        self.wall = datetime.now(UTC)
        self.elapsed = 1000.0
        self.boot = "first boot"
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.elapsed

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)
        self.on_sleep()

    def boot_id(self) -> str:
        return self.boot

    def pass_time(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.elapsed += seconds

    def reboot(self, seconds_off: float) -> None:
        """Monotonic time starts anew, and nobody saw the wall clock move."""
        self.wall += timedelta(seconds=seconds_off)
        self.elapsed = 3.0
        self.boot = f"boot after {self.boot}"


class HurriedClock(SystemClock):
    """Time runs ten times as fast, for what takes all the time that it is given."""

    def monotonic(self) -> float:
        return super().monotonic() * 10

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / 10)


class QuietService(Service):
    """The service with its runner left to the test."""

    def start_runner(self, machine: Machine) -> None:
        """The wish is stored; ``World.run`` fulfils it."""


class Listener:
    """Follows nothing, and keeps what it was warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        """Nobody looks."""

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def cancelled(self) -> bool:
        return False


@dataclass(frozen=True)
class Step:
    """A line of a journal, as tests compare it."""

    name: str
    outcome: str | None


class World:
    def __init__(self, root: Path, clock: Clock | None = None, *, connect: bool = True) -> None:
        self.root = root
        self.home = root / "home"
        self.clock = clock or SystemClock()
        self.store = Store.open(self.home)
        self.service = QuietService(self.store, self.clock)
        self.listener = Listener()
        if connect:
            self.service.machine_connect(resource_group=GROUP, name=MACHINE, follow=self.listener)
            self.policy(**QUICK)

    # Asking.

    def publish(self, spec: PackageSpec) -> str:
        """Build and publish a sample; returns its version."""
        path = build(self.root / "zips", spec)
        image = self.service.image_publish(
            path=str(path),
            publisher=spec.publisher,
            type=spec.type,
            version=spec.version,
            operating_system=SAMPLES[spec.os],
            supports_automatic_upgrade=True,
            follow=self.listener,
        )
        return str(image["version"])

    def put(self, spec: PackageSpec, version: str | None = None, **properties: object) -> None:
        """Wish for an extension named after the sample's type, enrolled, with settings."""
        body: dict[str, object] = {
            "publisher": spec.publisher,
            "type": spec.type,
            "enableAutomaticUpgrade": True,
            "settings": {"port": 0},
            **properties,
        }
        if version is not None:
            body["typeHandlerVersion"] = version
        self.service.extension_put(
            resource_group=GROUP,
            machine=MACHINE,
            name=spec.type,
            body_text=json.dumps({"properties": body}),
            follow=self.listener,
            wait=False,
        )

    def patch(self, spec: PackageSpec, **properties: object) -> None:
        self.service.extension_patch(
            resource_group=GROUP,
            machine=MACHINE,
            name=spec.type,
            body_text=json.dumps({"properties": properties}),
            follow=self.listener,
            wait=False,
        )

    def opt_out(self, spec: PackageSpec) -> None:
        self.patch(spec, enableAutomaticUpgrade=False)

    def hold(self, spec: PackageSpec) -> None:
        self.service.hold_add(resource_group=GROUP, machine=MACHINE, name=spec.type, follow=self.listener)

    def remove(self, spec: PackageSpec) -> None:
        self.service.extension_remove(
            resource_group=GROUP, machine=MACHINE, name=spec.type, follow=self.listener, wait=False
        )

    def resolve(self, spec: PackageSpec, choice: str) -> None:
        self.service.upgrade_resolve(
            resource_group=GROUP, machine=MACHINE, name=spec.type, choice=choice, follow=self.listener
        )

    def policy(self, **values: float) -> None:
        given: dict[str, Any] = dict(values)
        self.service.policy_set(resource_group=GROUP, machine=MACHINE, follow=self.listener, **given)

    def configure(self, **values: object) -> None:
        """Change the machine's configuration."""
        given: dict[str, Any] = dict(values)
        self.service.config_set(resource_group=GROUP, machine=MACHINE, follow=self.listener, **given)

    def ask_for_pass(self) -> str:
        answer = self.service.upgrade_run(
            resource_group=GROUP, machine=MACHINE, follow=self.listener, wait=False
        )
        return str(answer["passId"])

    # Doing.

    def run(self, stop_point: StopPoint = lambda _: None, patience: float = 0.0) -> None:
        """Be the runner until all is at rest."""
        lock = EffectsLock(self.places.lock)
        assert lock.acquire()
        try:
            self.runner(stop_point, patience).run()
        finally:
            lock.release()

    def runner(self, stop_point: StopPoint = lambda _: None, patience: float = 0.0) -> Runner:
        hands = hands_for(self.store, self.machine, self.clock)
        return Runner(self.store, self.machine, hands, patience=patience, stop_point=stop_point)

    def run_pass(self, stop_point: StopPoint = lambda _: None) -> dict[str, str]:
        """Ask for a pass and do it; returns each extension's reason."""
        pass_id = self.ask_for_pass()
        self.run(stop_point)
        return {d.extension: d.reason.value for d in self.store.passes.decisions(pass_id)}

    def install(self, spec: PackageSpec, **properties: object) -> None:
        """Publish a sample and have it installed."""
        self.publish(spec)
        self.put(spec, spec.version, **properties)
        self.run()
        assert self.version(spec) == spec.version

    # Looking.

    @property
    def machine(self) -> Machine:
        found = self.store.machines.find(self.service.subscription(None), GROUP, MACHINE)
        assert found is not None
        return found

    @property
    def places(self) -> Places:
        return Places(self.home, self.machine.id)

    def state(self, spec: PackageSpec) -> Path:
        """Where the sample keeps its data: beside its version folders, unless settings name a place."""
        return self.places.library.root / f"{spec.handler}-data"

    def version_folders(self) -> list[str]:
        """Names of what the library holds, without the samples' data and the certificate."""
        names = sorted(path.name for path in self.places.library.root.iterdir() if path.is_dir())
        return [name for name in names if name != "kept" and not name.endswith("-data")]

    def folder(self, spec: PackageSpec) -> Path:
        return self.places.library.root / f"{spec.handler}-{spec.version}"

    def extension(self, spec: PackageSpec) -> Extension:
        found = self.store.extensions.find(self.machine.id, spec.type)
        assert found is not None
        return found

    def shown(self, spec: PackageSpec) -> dict[str, Any]:
        """``properties`` of the extension as everybody sees it."""
        view: Any = self.service.extension_get(resource_group=GROUP, machine=MACHINE, name=spec.type)
        properties: dict[str, Any] = view["properties"]
        return properties

    def is_gone(self, spec: PackageSpec) -> bool:
        return self.store.extensions.find(self.machine.id, spec.type) is None

    def version(self, spec: PackageSpec) -> str | None:
        """The installed version."""
        installed = self.extension(spec).installed
        return None if installed is None else str(installed.version)

    def answer(self, spec: PackageSpec) -> Reply | None:
        """What the sample answers on the port it took."""
        port = running_agent(self.state(spec))
        return None if port is None else get(port)

    def serving(self, spec: PackageSpec) -> list[str]:
        """The versions whose process runs, by folder."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            words = process.info["cmdline"] or []
            programs = [word for word in words if word.endswith("agent.py")]
            if programs and "serve" in words and process.info["status"] != psutil.STATUS_ZOMBIE:
                folder = Path(programs[0]).parent
                if folder.is_relative_to(self.home) and folder.name.startswith(f"{spec.handler}-"):
                    found.append(folder.name.removeprefix(f"{spec.handler}-"))
        return found

    def commands(self, spec: PackageSpec) -> list[CommandRun]:
        return commands(self.state(spec))

    def ran(self, spec: PackageSpec) -> list[str]:
        """Commands in order, such as ``enable 1.0.0.0``."""
        return [f"{run.command} {run.version}" for run in self.commands(spec)]

    def operations(self, spec: PackageSpec) -> list[Operation]:
        """The history of an extension, oldest first."""
        return self.store.operations.history(self.machine.id, spec.type)[::-1]

    def last(self, spec: PackageSpec) -> Operation:
        return self.operations(spec)[-1]

    def steps(self, spec: PackageSpec) -> list[Step]:
        """The journal of the last operation."""
        return [Step(str(r.step), r.outcome and r.outcome.value) for r in self.last(spec).journal]

    def samples(self, spec: PackageSpec, step: StepName = StepName.WATCH) -> list[Sample]:
        """The samples of the last operation's first step of that name."""
        operation = self.last(spec)
        record = next(r for r in operation.journal if r.step is not None and r.step.name is step)
        return self.store.operations.samples(operation.id, record.seq)

    def zips(self) -> set[str]:
        """SHA-256 of the packages that are kept."""
        return {path.stem for path in self.places.packages.glob("*.zip")}

    def left_behind(self) -> list[str]:
        """What only a running operation needs, and nothing may leave lying about."""
        library, runs = self.places.library.root, self.places.runs
        marks = (".unpacking-", ".replaced-", ".discarded-", ".fetching-", ".tmp")
        found = [path for path in self.home.rglob("*") if any(mark in path.name for mark in marks)]
        found += [*(library / "kept").glob("*"), *runs.glob("*")]
        return sorted(str(path.relative_to(self.home)) for path in found)


def at(point: str, act: Callable[[], object]) -> StopPoint:
    """A stop point that acts once, the first time the runner comes by ``point``."""
    waiting = [act]

    def stop(name: str) -> None:
        if name == point and waiting:
            waiting.pop()()

    return stop


def on_nth_sleep(number: int, act: Callable[[], object]) -> Callable[[], None]:
    """For ``FakeClock.on_sleep``: acts after that many sleeps, once."""
    left = [number]

    def slept() -> None:
        left[0] -= 1
        if left[0] == 0:
            act()

    return slept


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A host in real time, with windows of a fraction of a second."""
    made = World(tmp_path)
    yield made
    made.store.close()
    end_processes(tmp_path)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def timeless(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """A host whose time passes only while the product sleeps, by the default policy; files get real ones."""
    made = World(tmp_path, clock, connect=False)
    made.service.machine_connect(resource_group=GROUP, name=MACHINE, follow=made.listener)
    yield made
    made.store.close()
    end_processes(tmp_path)
