"""A throw-away machine on which a handler package is put through its life (for ``service.checks``).

Everything is real: the service that takes wishes, the runner that fulfils them, the package's own programs.
Only the place is not: a state root in a temporary folder, which goes when the act is over, with all that
still runs of it, however the act ends.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.observer import Observer
from connectedmachine.agent.rehearsal import Ran, RehearsalHands
from connectedmachine.agent.runner import Runner
from connectedmachine.handler.command import attach
from connectedmachine.handler.environment import heartbeat_file
from connectedmachine.handler.heartbeat import Heartbeats
from connectedmachine.handler.layout import discard
from connectedmachine.handler.onlooker import Onlooker, Seen, secrets_in
from connectedmachine.handler.status import read_status
from connectedmachine.handler.strays import end_strays
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.handler import Command
from connectedmachine.model.health import Sample
from connectedmachine.model.operation import (
    Instance,
    Operation,
    OperationKind,
    Outcome,
    PackageRef,
    Side,
    StepName,
)
from connectedmachine.model.policy import effective
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.model.version import Version
from connectedmachine.service.rehearsed import Change, Life, Look, Plan, Release
from connectedmachine.service.service import Service
from connectedmachine.store import Store
from connectedmachine.store.policies import MACHINE_LEVEL
from connectedmachine.upgrade.health import judge
from connectedmachine.upgrade.operation import instance_step

_GROUP, _MACHINE, _EXTENSION = "check", "check", "package"
_SAMPLE_SECONDS = 0.1
_PREFIX, _LOCK = "azcmlite-check-", "lock"
_BEGINNING_SECONDS = 60.0


class _QuietService(Service):
    """The service whose wishes the stage fulfils itself."""

    def start_runner(self, machine: Machine) -> None:
        """Nothing: see ``Stage._run``."""


class _Nobody:
    """Follows single requests of the stage, which tell nothing worth showing."""

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        """Not shown."""

    def warning(self, message: str) -> None:
        """Not shown."""

    def cancelled(self) -> bool:
        return False


@contextmanager
def raised(
    plan: Plan, clock: Clock, on_tick: Callable[[], None], warn: Callable[[str], None]
) -> Iterator[Stage]:
    """A stage, and its end: nothing of it runs or lies about afterwards; ``warn`` is told of what resists."""
    root = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    lock = EffectsLock(root / _LOCK)
    lock.acquire()
    try:
        stage = Stage(root / "home", plan, clock, on_tick)
        try:
            with stage.onlooker:
                yield stage
        finally:
            stage.close()
    finally:
        lock.release()
        _delete(root, warn)


def clear_leftovers(clock: Clock, warn: Callable[[str], None]) -> None:
    """End and delete what checks left that were killed; those that go on hold their lock."""
    for lock in Path(tempfile.gettempdir()).resolve().glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):  # another check was faster
            # Anybody may make such a folder, or a link to one, where temporary files are.
            if sys.platform != "win32" and lock.parent.lstat().st_uid != os.geteuid():
                continue
            # A check that is just beginning has made its lock and may not hold it yet.
            if clock.now().timestamp() - lock.stat().st_mtime < _BEGINNING_SECONDS:
                continue
            if EffectsLock(lock).is_free():
                for folder in lock.parent.glob("home/machines/*/library/*-*"):
                    end_strays(folder, clock)
                end_strays(lock.parent, clock)
                _delete(lock.parent, warn)


def _delete(root: Path, warn: Callable[[str], None]) -> None:
    try:
        discard(root)
    except OSError as error:
        warn(f"'{error.filename or root}' cannot be deleted: {error.strerror}.")


class Stage:
    """One throw-away machine; see ``raised``."""

    def __init__(self, home: Path, plan: Plan, clock: Clock, on_tick: Callable[[], None]) -> None:
        self._plan = plan
        self._clock = clock
        self._store = Store.open(home)
        self._service = _QuietService(self._store, clock)
        self._service.machine_connect(resource_group=_GROUP, name=_MACHINE, follow=_Nobody())
        self._store.policies.set_values(self._machine.id, MACHINE_LEVEL, plan.limits)
        self._watch_for(plan.window)
        self._places = self._service.places(self._machine)
        self._hands = RehearsalHands(self._store, self._places, clock, on_tick=on_tick)
        self.onlooker = Onlooker(self._places.library.root, secrets_in(plan.protected))

    # The acts.

    def life(self, show: Callable[[str], None]) -> Life:
        """Install, enable, enable again, new settings, disable, enable, remove."""
        new = self._plan.new
        show("install and enable")
        self._publish(new)
        installed = self._install(new.version)
        first, enabled = self._taken(), None
        again = configured = disabled = enabled_again = None
        if installed:
            enabled = self._look()
            show("enable again")
            again = self._command(Command.ENABLE)
            show("new settings")
            self._put(forceUpdateTag="a new number for the same settings")
            self._run()
            configured = self._and_look(self._taken()[-1])
            show("disable")
            disabled = self._command(Command.DISABLE)
            show("enable after disable")
            enabled_again = self._and_look(self._command(Command.ENABLE))
        show("uninstall")
        removed = self._remove()
        return Life(
            first,
            installed,
            enabled,
            again,
            configured,
            disabled,
            enabled_again,
            removed,
            self._left(),
            self._seen([*first, *removed, again, disabled]),
        )

    def change(self, show: Callable[[str], None], *, condemned: bool) -> Change:
        """From the previous version to the new one; and back, when that is ``condemned``."""
        old, new = self._plan.old, self._plan.new
        assert old is not None
        show("install the previous version")
        self._publish(old)
        self._publish(new)
        works = self._install(old.version)
        first = self._taken()
        before = after = operation = None
        ran: tuple[Ran, ...] = ()
        marks: tuple[str | None, str | None] = (None, None)
        if works:
            before = self._look()
            mark = self._mark()
            show("update, and back" if condemned else "update")
            if condemned:
                # What it is to report is certain, so there is nothing to wait for.
                self._hands.condemned = new.version
                self._watch_for(self._plan.steady)
            self._put(typeHandlerVersion=str(new.version))
            self._run()
            ran = self._taken()
            operation = self._store.operations.history(self._machine.id, _EXTENSION)[0]
            marks = (mark, self._mark())
            if operation.outcome in (Outcome.SUCCEEDED, Outcome.ROLLED_BACK):
                after = self._look()
        show("uninstall")
        removed = self._remove()
        return Change(first, before, operation, ran, after, marks, self._seen([*first, *ran, *removed]))

    def close(self) -> None:
        """End what still runs of it."""
        library, handler = self._places.library, self._plan.handler
        with suppress(ConnectedMachineError, OSError):  # what follows ends the rest
            for run in self._places.runs.glob("*/*"):
                attach(run, self._clock).wait(0.0)
        for release in filter(None, (self._plan.old, self._plan.new)):
            end_strays(library.version_folder(handler, release.version), self._clock)
        end_strays(self._store.home.parent, self._clock)
        self._store.close()

    # Wishes.

    def _watch_for(self, window: float) -> None:
        """How long a new version may take to be healthy; one that is put back has the window of the plan."""
        self._service.policy_set(
            resource_group=_GROUP,
            machine=_MACHINE,
            follow=_Nobody(),
            manual_health_window=window,
            health_window=self._plan.window,
            stable_for=self._plan.steady,
            healthy_for=self._plan.steady,
            sample_interval=_SAMPLE_SECONDS,
        )

    def _publish(self, release: Release) -> None:
        handler = self._plan.handler
        self._service.image_publish(
            path=str(release.path),
            publisher=handler.publisher,
            type=handler.type,
            version=str(release.version),
            operating_system=self._plan.os,
            supports_automatic_upgrade=False,
            follow=_Nobody(),
        )

    def _install(self, version: Version) -> bool:
        handler = self._plan.handler
        self._put(
            publisher=handler.publisher,
            type=handler.type,
            typeHandlerVersion=str(version),
            settings=self._plan.settings,
            protectedSettings=self._plan.protected,
        )
        self._run()
        return self._extension.installed is not None

    def _put(self, **properties: str | None) -> None:
        """Settings go as the text that they are; everything else is a string."""
        members = [
            f"{json.dumps(name)}: {value if name in ('settings', 'protectedSettings') else json.dumps(value)}"
            for name, value in properties.items()
            if value is not None
        ]
        self._service.extension_put(
            resource_group=_GROUP,
            machine=_MACHINE,
            name=_EXTENSION,
            body_text=f'{{"properties": {{{", ".join(members)}}}}}',
            follow=_Nobody(),
            wait=False,
        )

    def _remove(self) -> tuple[Ran, ...]:
        self._service.extension_remove(
            resource_group=_GROUP, machine=_MACHINE, name=_EXTENSION, follow=_Nobody(), wait=False
        )
        self._run()
        return self._taken()

    # Work.

    def _run(self) -> None:
        """Be the runner. Nobody else knows of this machine, so nobody else can hold its lock."""
        Runner(self._store, self._machine, self._hands, patience=0.0).run()

    def _command(self, command: Command) -> Ran:
        """One command by itself, which no operation of this product has but Azure's agent does."""
        extension = self._extension
        installed = extension.installed
        assert installed is not None
        now = self._clock.now()
        operation = Operation(
            id=str(uuid.uuid4()),
            machine_id=extension.machine_id,
            extension=extension.name,
            handler=extension.handler,
            kind=OperationKind.CONFIGURE,
            old=None,
            new=PackageRef(installed.version, installed.sha256),
            old_manifest=installed.manifest,
            instances=(Instance(extension.name, installed.settings_seq, installed.settings_seq, True),),
            automatic=False,
            initiator="",
            policy=effective(self._plan.limits, {})[0],
            began=now,
        )
        if command is Command.ENABLE:
            self._store.extensions.save(replace(extension, installed=replace(installed, enabled_at=now)))
        settings = self._store.extensions.settings(
            extension.machine_id, extension.name, installed.settings_seq
        )
        with suppress(ConnectedMachineError):  # the note of it says so
            step = instance_step(operation, StepName(command), Side.NEW, operation.instances[0])
            self._hands.command(operation, step, 1, settings, resume=False)
        return self._taken()[-1]

    def _taken(self) -> tuple[Ran, ...]:
        """The notes since the last time."""
        taken = tuple(self._hands.ran)
        self._hands.ran.clear()
        return taken

    # Looking.

    @property
    def _machine(self) -> Machine:
        return self._service.machine(None, _GROUP, _MACHINE)

    @property
    def _extension(self) -> Extension:
        return self._service.extension(self._machine, _EXTENSION)

    def _and_look(self, ran: Ran) -> tuple[Ran, Look]:
        return ran, self._look()

    def _look(self) -> Look:
        """Watch until it has been healthy for long enough, or the window is over."""
        reading = Observer(self._store, self._hands).reading(self._extension)
        began = self._clock.monotonic()
        samples: list[Sample] = []
        while True:
            found = self._hands.health([reading])
            samples.append(Sample(self._clock.monotonic() - began, found))
            verdict = judge(
                samples,
                window=self._plan.window,
                stable_for=self._plan.steady,
                healthy_for=self._plan.steady,
            )
            if verdict.healthy is not None:
                break
            self._clock.sleep(_SAMPLE_SECONDS)
        seq = reading.settings.wire_seq
        folder = self._places.library.version_folder(reading.handler, reading.version)
        source = next(iter(found.values()))
        return Look(
            seq,
            samples[-1].observed,
            verdict.healthy,
            source,
            read_status(folder, seq, reading.instance),
            Heartbeats(self._clock).read(heartbeat_file(folder)),
            reading.manifest,
        )

    def _mark(self) -> str | None:
        """``mrseq`` of the version in place."""
        installed = self._extension.installed
        if installed is None:
            return None
        path = self._places.library.version_folder(self._plan.handler, installed.version) / "mrseq"
        try:
            return path.read_text("utf-8", "replace").strip()[:32]
        except OSError:
            return None

    def _left(self) -> tuple[str, ...]:
        """What lies in the library beside what this product keeps there."""
        ours = {".crt", ".prv"}
        return tuple(
            sorted(
                path.name
                for path in self._places.library.root.iterdir()
                if path != self._places.library.kept and path.suffix not in ours
            )
        )

    def _seen(self, ran: list[Ran | None]) -> Seen:
        for note in ran:
            if note is not None:
                self.onlooker.look_into(f"output of {note.command}", [note.result.message])
        self.onlooker.look_into_files(self._places.library.logs)
        return self.onlooker.seen()
