"""A service with its runner in this process, and the ways in which these tests talk to it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.hosting import hands_for
from connectedmachine.agent.launch import run
from connectedmachine.agent.runner import Runner
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.resource import Machine
from connectedmachine.service import Service
from connectedmachine.service.views import Json
from connectedmachine.store import Store
from packages import PackageSpec, build

RG = "rg"
SAMPLE = "Contoso.Sample"
DEPENDENCY = "Microsoft.Azure.Monitoring.DependencyAgent"


class QuickService(Service):
    """Does a machine's due work, with the real runner, before ``start_runner`` returns.

    ``runs`` false leaves the work queued, as it is between a request and the start of the runner.
    """

    runs = True

    def start_runner(self, machine: Machine) -> None:
        if self.runs:
            run(self.store.home, machine.id)


@dataclass
class Heard:
    """A follower that keeps what it was told."""

    warnings: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    stopped: bool = False

    def progress(self, activity: str, status: str, percent: int = -1) -> None:
        self.shown.append(f"{activity}: {status} {percent}")

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def cancelled(self) -> bool:
        return self.stopped


class Killed(BaseException):
    """Ends a runner where it stands."""


@dataclass
class Desk:
    """One machine of a service, and short ways to say what is asked of it."""

    service: QuickService
    zips: Path
    machine: str = "m1"
    heard: Heard = field(default_factory=Heard)

    def on(self, machine: str) -> Desk:
        """The same service, another machine."""
        return replace(self, machine=machine, heard=Heard())

    # Packages.

    def package(
        self,
        type_: str,
        version: str,
        publisher: str = SAMPLE,
        os: str = "linux",
        *,
        several: bool = False,
        resets: bool = False,
    ) -> Path:
        spec = PackageSpec(
            publisher,
            type_,
            version,
            os=os,
            noop=True,
            # What signs it also tells its bytes from those of every other version.
            signing_info={"publisher": publisher, "type": type_, "version": version},
            supports_multiple_extensions=several,
            resets=resets,
        )
        return build(self.zips / os, spec)

    def publish(
        self,
        type_: str,
        *versions: str,
        publisher: str = SAMPLE,
        os: str = "linux",
        gallery: str = "default",
        supports: bool | None = True,
        several: bool = False,
        resets: bool = False,
    ) -> None:
        for version in versions:
            package = self.package(type_, version, publisher, os, several=several, resets=resets)
            self.service.image_publish(
                path=str(package),
                publisher=publisher,
                type=type_,
                version=version,
                operating_system=os,
                supports_automatic_upgrade=supports,
                gallery=gallery,
                follow=self.heard,
            )

    def withdraw(self, type_: str, version: str, publisher: str = SAMPLE) -> None:
        self.service.image_unpublish(publisher=publisher, type=type_, version=version, follow=self.heard)

    # Extensions.

    def put(self, name: str = "agent", body: str | Mapping[str, object] = "{}", *, wait: bool = True) -> Json:
        return self.service.extension_put(
            resource_group=RG,
            machine=self.machine,
            name=name,
            body_text=_text(body),
            follow=self.heard,
            wait=wait,
            initiator="tests",
        )

    def create(self, name: str = "agent", type_: str = "Agent", **properties: object) -> Json:
        """PUT with publisher and type; ``properties`` are the other members of ``properties``."""
        return self.put(name, {"properties": {"publisher": SAMPLE, "type": type_, **properties}})

    def patch(self, name: str = "agent", **properties: object) -> Json:
        return self.patch_body(name, {"properties": properties})

    def patch_body(self, name: str, body: str | Mapping[str, object], *, wait: bool = True) -> Json:
        return self.service.extension_patch(
            resource_group=RG,
            machine=self.machine,
            name=name,
            body_text=_text(body),
            follow=self.heard,
            wait=wait,
            initiator="tests",
        )

    def get(self, name: str = "agent") -> Json:
        return self.service.extension_get(resource_group=RG, machine=self.machine, name=name)

    def reset(self, name: str = "agent", *, wait: bool = True) -> Json:
        return self.service.extension_reset_state(
            resource_group=RG,
            machine=self.machine,
            name=name,
            follow=self.heard,
            wait=wait,
            initiator="tests",
        )

    def remove(self, name: str = "agent", *, wait: bool = True) -> Json:
        return self.service.extension_remove(
            resource_group=RG, machine=self.machine, name=name, follow=self.heard, wait=wait
        )

    def upgrade(self, targets: str | Mapping[str, object], *, wait: bool = True) -> Json:
        return self.service.extension_upgrade(
            resource_group=RG,
            machine=self.machine,
            targets_text=_text(targets),
            follow=self.heard,
            wait=wait,
        )

    def preview(self, verb: str, name: str = "agent", body: str | Mapping[str, object] = "{}") -> str:
        found = self.service.extension_preview(
            resource_group=RG, machine=self.machine, name=name, verb=verb, body_text=_text(body)
        )
        return str(found["message"])

    def version(self, name: str = "agent") -> str:
        return str(at(self.get(name), "properties.typeHandlerVersion"))

    # Passes.

    def run_pass(self, name: str | None = None) -> dict[str, Json]:
        """Decisions by extension name."""
        done = self.service.upgrade_run(
            resource_group=RG, machine=self.machine, name=name, follow=self.heard, initiator="job"
        )
        return {str(decision["name"]): decision for decision in values(done)}

    def history(self, name: str | None = None) -> list[Json]:
        return values(self.service.upgrade_history(resource_group=RG, machine=self.machine, name=name))

    def kill_runner(self, point: str) -> None:
        """Let a runner work until ``point`` and no further, as if it were killed there."""

        def stop(reached: str) -> None:
            if reached == point:
                raise Killed

        store = Store.open(self.service.store.home)
        try:
            found = store.machines.find(self.service.subscription(None), RG, self.machine)
            assert found is not None
            with pytest.raises(Killed):
                Runner(store, found, hands_for(store, found, SystemClock()), stop_point=stop).run()
        finally:
            store.close()

    def resume(self) -> None:
        """Start the runner again."""
        run(self.service.store.home, self.service.machine(None, RG, self.machine).id)

    def state(self) -> dict[str, object]:
        """Every row of every table, and every file of the state root."""
        return {**state_of(self.service.store.home), **_tree(self.zips)}


def state_of(home: Path) -> dict[str, object]:
    """Every row of every table, and every file of a state root."""
    return {**_tables(home / "store.db"), **_tree(home)}


def _text(body: str | Mapping[str, object]) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def _tables(path: Path) -> dict[str, object]:
    connection = sqlite3.connect(path)
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}")))  # noqa: S608 # from the schema
            for name in names
        }
    finally:
        connection.close()


def _tree(root: Path) -> dict[str, object]:
    # SQLite's own files are compared by their rows: reading alone touches them.
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in root.rglob("*")
        if not path.name.startswith("store.db")
    }


def at(view: object, path: str) -> object:
    """The member at a dotted path."""
    for part in path.split("."):
        assert isinstance(view, dict), f"nothing at {part} of {path}"
        view = view[part]
    return view


def values(view: Json) -> list[Json]:
    """The items of a list answer."""
    items = view["value"]
    assert isinstance(items, list)
    return items


def refused(error: pytest.ExceptionInfo[ConnectedMachineError], code: str) -> ConnectedMachineError:
    """Check what every refusal owes: its code, one sentence, and what to do next."""
    found = error.value
    assert found.code == code
    assert found.message.endswith(".")
    assert found.hint
    return found
