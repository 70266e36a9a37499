"""A handler with several extensions on the host of ``world``, and what tests ask and see of each."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from agent.world import GROUP, MACHINE, World
from connectedmachine.model.operation import Operation
from connectedmachine.model.resource import Extension
from packages import PackageSpec, Reply, get, running_agent

V1 = PackageSpec("Contoso.Sample", "Multi", supports_multiple_extensions="true")
V2 = replace(V1, version="1.1.0.0")


@dataclass
class Several:
    """The extensions of one handler, by name."""

    world: World

    def put(self, name: str, version: str | None = None, **properties: object) -> None:
        body: dict[str, object] = {
            "publisher": V1.publisher,
            "type": V1.type,
            "enableAutomaticUpgrade": True,
            "settings": {"port": 0},
            **properties,
        }
        if version is not None:
            body["typeHandlerVersion"] = version
        self.world.service.extension_put(
            resource_group=GROUP,
            machine=MACHINE,
            name=name,
            body_text=json.dumps({"properties": body}),
            follow=self.world.listener,
            wait=False,
        )

    def install(self, *names: str) -> None:
        """Publish the first version and have it installed for these, in one go."""
        self.world.publish(V1)
        for name in names:
            self.put(name)
        self.world.run()
        assert [self.version(name) for name in names] == [V1.version] * len(names)

    def remove(self, name: str) -> None:
        self.world.service.extension_remove(
            resource_group=GROUP, machine=MACHINE, name=name, follow=self.world.listener, wait=False
        )

    def patch(self, name: str, **properties: object) -> None:
        self.world.service.extension_patch(
            resource_group=GROUP,
            machine=MACHINE,
            name=name,
            body_text=json.dumps({"properties": properties}),
            follow=self.world.listener,
            wait=False,
        )

    def extension(self, name: str) -> Extension:
        found = self.world.store.extensions.find(self.world.machine.id, name)
        assert found is not None
        return found

    def is_gone(self, name: str) -> bool:
        return self.world.store.extensions.find(self.world.machine.id, name) is None

    def version(self, name: str) -> str | None:
        installed = self.extension(name).installed
        return None if installed is None else str(installed.version)

    def answer(self, name: str) -> Reply | None:
        """What the process that serves an extension answers."""
        port = running_agent(self.world.state(V1), name)
        return None if port is None else get(port)

    def serving(self, *names: str) -> dict[str, str | None]:
        """The versions that serve these extensions."""
        replies = {name: self.answer(name) for name in names}
        return {name: None if reply is None else reply.version for name, reply in replies.items()}

    def last(self, name: str) -> Operation:
        return self.world.store.operations.history(self.world.machine.id, name)[0]

    def steps(self, name: str) -> list[str]:
        """The journal of the last operation that covered an extension."""
        return [str(record.step) for record in self.last(name).journal]

    def ran(self) -> list[str]:
        """Commands in order, such as ``enable 1.0.0.0 web``, and forget them."""
        state = self.world.state(V1)
        found = [
            f"{run.command} {run.version} {run.environment['ConfigExtensionName']}"
            for run in self.world.commands(V1)
        ]
        (state / "commands.log").unlink(missing_ok=True)
        return found

    def files(self, spec: PackageSpec = V1) -> set[str]:
        """What is in ``config`` and ``status`` of a version."""
        folder = self.world.folder(spec)
        return {
            path.name
            for part in ("config", "status")
            for path in (folder / part).iterdir()
            if path.suffix in (".settings", ".status")
        }
