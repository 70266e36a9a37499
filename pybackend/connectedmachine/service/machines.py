"""Connecting and reading machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectedmachine.model.errors import ConflictError, InvalidRequestError
from connectedmachine.model.identity import machine_name, resource_group_name
from connectedmachine.model.image import OSType, Platform
from connectedmachine.model.resource import Machine
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json, machine_view, os_name

_OS_TYPES = {"linux": OSType.LINUX, "windows": OSType.WINDOWS}


class MachineService(ServiceBase):
    def machine_connect(
        self,
        *,
        resource_group: str,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        location: str | None = None,
        tags: Mapping[str, str] | None = None,
        simulated: bool = False,
        os_type: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Make this host, or a simulated one, a machine; again, change its location and tags.

        Raises:
            ConflictError: ``MachineExists``: this host is a machine of another name already, or the name
                is taken by a machine of the other sort or with another operating system.
            InvalidRequestError: ``InvalidName``, ``InvalidRequestContent``.
        """
        import secrets

        from connectedmachine.agent.host import this_host

        host = this_host()
        if os_type is not None and not simulated:
            raise InvalidRequestError(
                "InvalidRequestContent",
                "Only a simulated machine can be given an operating system.",
                target="osType",
                hint="Leave -OSType out, or add -Simulated.",
            )
        platform = host.platform
        if os_type is not None:
            if os_type.lower() not in _OS_TYPES:
                raise InvalidRequestError(
                    "InvalidRequestContent",
                    f"'{os_type}' is no operating system that a machine can have.",
                    target="osType",
                    hint="Use Linux or Windows.",
                )
            platform = Platform(_OS_TYPES[os_type.lower()], platform.architecture)
        subscription = self.subscription(subscription_id)
        with self.store.transaction():
            existing = self.store.machines.find(subscription, resource_group, name)
            if existing is None:
                if not simulated:
                    self._refuse_second_host(name)
                machine = Machine(
                    id=secrets.token_hex(16),
                    subscription=subscription,
                    resource_group=resource_group_name(resource_group),
                    name=machine_name(name),
                    location=location or "local",
                    tags=dict(tags or {}),
                    simulated=simulated,
                    platform=platform,
                    os_name=f"Simulated {os_name(platform.os)}" if simulated else host.os_name,
                    os_version="" if simulated else host.os_version,
                    fqdn=name if simulated else host.fqdn,
                    os_machine_id="" if simulated else host.machine_id,
                    created=self.clock.now(),
                )
            else:
                if existing.simulated != simulated:
                    sort = "a simulated one" if existing.simulated else "this host"
                    raise ConflictError(
                        "MachineExists",
                        f"Machine '{name}' exists and is {sort}.",
                        target=name,
                        hint="Choose another name.",
                    )
                if os_type is not None and existing.platform.os is not platform.os:
                    raise ConflictError(
                        "MachineExists",
                        f"Machine '{name}' exists and runs {os_name(existing.platform.os)}.",
                        target=name,
                        hint="Choose another name.",
                    )
                machine = replace(
                    existing,
                    location=location or existing.location,
                    tags=dict(existing.tags if tags is None else tags),
                )
            self.store.machines.save(machine)
        return machine_view(machine)

    def _refuse_second_host(self, name: str) -> None:
        local = self.store.machines.local()
        if local is not None:
            raise ConflictError(
                "MachineExists",
                f"This host is connected as machine '{local.name}' already.",
                target=name,
                hint=f"Use '{local.name}' in resource group '{local.resource_group}',"
                " or another AZCMLITE_HOME for a second one.",
            )

    def machine_get(self, *, resource_group: str, name: str, subscription_id: str | None = None) -> Json:
        """One machine; raises NotFoundError ``ResourceNotFound``."""
        return machine_view(self.machine(subscription_id, resource_group, name))

    def machine_list(self, *, resource_group: str | None = None, subscription_id: str | None = None) -> Json:
        """The machines of a subscription or of one resource group."""
        found = self.store.machines.list(self.subscription(subscription_id), resource_group)
        return {"value": [machine_view(machine) for machine in found]}
