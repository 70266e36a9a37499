"""Connecting, describing, reading and removing machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectedmachine.model.errors import ConflictError, InvalidRequestError
from connectedmachine.model.identity import machine_name, resource_group_name
from connectedmachine.model.image import OSType, Platform
from connectedmachine.model.resource import Machine
from connectedmachine.service.base import ServiceBase, no_machine
from connectedmachine.service.follow import Follower
from connectedmachine.service.scenarios import checked_scenario
from connectedmachine.service.views import Json, machine_view, os_name

_OS_TYPES = {"linux": OSType.LINUX, "windows": OSType.WINDOWS}

# Of the members that are kept, those that do something in Azure.
_WITHOUT_EFFECT = ("agentUpgrade", "identity", "licenseProfile", "osProfile", "privateLinkScopeResourceId")


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
        scenario_text: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Make this host, or a simulated one, a machine; again, change its location, tags and scenario.

        Raises:
            ConflictError: ``MachineExists``: this host is a machine of another name already, or the name
                is taken by a machine of the other sort or with another operating system.
            InvalidRequestError: ``InvalidName``, ``InvalidRequestContent``, ``InvalidScenario``.
        """
        if not simulated:
            _refuse_if_given("osType", os_type, "an operating system", "-OSType")
            _refuse_if_given("scenario", scenario_text, "a scenario", "-Scenario")
        scenario = None if scenario_text is None else checked_scenario(scenario_text)
        wanted = None if os_type is None else _os_type(os_type)
        subscription = self.subscription(subscription_id)
        with self.store.transaction():
            existing = self.store.machines.find(subscription, resource_group, name)
            if existing is None:
                if not simulated:
                    self._refuse_second_host(name)
                machine = self._new_machine(subscription, resource_group, name, simulated, wanted)
                machine = replace(machine, location=location or machine.location, tags=dict(tags or {}))
            else:
                if existing.simulated != simulated:
                    sort = "a simulated one" if existing.simulated else "this host"
                    raise ConflictError(
                        "MachineExists",
                        f"Machine '{name}' exists and is {sort}.",
                        target=name,
                        hint="Choose another name.",
                    )
                _refuse_other_os(existing, wanted)
                machine = replace(
                    existing,
                    location=location or existing.location,
                    tags=dict(existing.tags if tags is None else tags),
                )
            if scenario is not None:
                machine = replace(machine, scenario=scenario)
            self.store.machines.save(machine)
        return machine_view(machine)

    def _new_machine(
        self, subscription: str, resource_group: str, name: str, simulated: bool, os_type: OSType | None
    ) -> Machine:
        import secrets

        from connectedmachine.agent.host import this_host

        host = this_host()
        platform = host.platform if os_type is None else Platform(os_type, host.platform.architecture)
        return Machine(
            id=secrets.token_hex(16),
            subscription=subscription,
            resource_group=resource_group_name(resource_group),
            name=machine_name(name),
            location="local",
            tags={},
            simulated=simulated,
            platform=platform,
            os_name=f"Simulated {os_name(platform.os)}" if simulated else host.os_name,
            os_version="" if simulated else host.os_version,
            fqdn=name if simulated else host.fqdn,
            os_machine_id="" if simulated else host.machine_id,
            created=self.clock.now(),
        )

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

    def machine_put(
        self,
        *,
        resource_group: str,
        name: str,
        body_text: str,
        follow: Follower,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Describe a machine; one that does not exist is made, simulated (decision 0013).

        What is omitted stays, an explicit null clears.

        Raises:
            ConflictError: ``MachineExists``: it runs another operating system.
            InvalidRequestError: ``InvalidName``, ``InvalidRequestContent``.
        """
        return self._describe(resource_group, name, body_text, follow, subscription_id, create=True)

    def machine_patch(
        self,
        *,
        resource_group: str,
        name: str,
        body_text: str,
        follow: Follower,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Describe a machine that exists; as ``machine_put``, and never makes one (``ResourceNotFound``)."""
        return self._describe(resource_group, name, body_text, follow, subscription_id, create=False)

    def _describe(
        self,
        resource_group: str,
        name: str,
        text: str,
        follow: Follower,
        subscription_id: str | None,
        *,
        create: bool,
    ) -> Json:
        from connectedmachine.service.requests import MachineBody

        body = MachineBody.parse(text)
        given_os = body.properties.osType
        wanted = _os_type(given_os) if given_os else None
        subscription = self.subscription(subscription_id)
        with self.store.transaction():
            machine = self.store.machines.find(subscription, resource_group, name)
            if machine is None:
                if not create:
                    raise no_machine(resource_group, name)
                machine = self._new_machine(subscription, resource_group, name, True, wanted)
                machine = replace(machine, location=body.location or machine.location)
            else:
                _refuse_other_os(machine, wanted)
            if body.location and body.location.lower() != machine.location.lower():
                follow.warning(f"The location of '{name}' stays '{machine.location}'.")
            tags = machine.tags if "tags" not in body.model_fields_set else body.tags or {}
            merged = {**machine.details, **body.details()}
            details = {key: value for key, value in merged.items() if value is not None}
            for key in _WITHOUT_EFFECT:
                if key in details and details[key] != machine.details.get(key):
                    follow.warning(f"'{key}' is kept and shown; it has no effect here.")
            machine = replace(machine, tags=dict(tags), details=details)
            self.store.machines.save(machine)
        return machine_view(machine)

    def machine_remove(
        self,
        *,
        resource_group: str,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Forget a machine and its history; one that does not exist is removed already.

        Raises:
            ConflictError: ``CannotDeleteResource`` while it has extensions: what is installed stays in
                somebody's care. ``HCRP409`` while its runner works.
        """
        import shutil

        from connectedmachine.agent.lock import EffectsLock

        found = self.store.machines.find(self.subscription(subscription_id), resource_group, name)
        if found is None:
            return {"removed": False}
        places = self.places(found)
        lock = EffectsLock(places.lock)
        if not lock.acquire():
            raise ConflictError(
                "HCRP409",
                f"The runner of machine '{found.name}' is at work.",
                target=found.name,
                hint="Try again when it is done.",
            )
        try:
            with self.store.transaction():
                extensions = self.store.extensions.of_machine(found.id)
                if not extensions:
                    self.store.machines.delete(found.id)
        finally:
            lock.release()
        if extensions:
            self.start_runner(found)  # Whoever asked for work meanwhile took this for a runner.
            raise ConflictError(
                "CannotDeleteResource",
                f"Machine '{found.name}' has extensions: "
                + ", ".join(extension.name for extension in extensions)
                + ".",
                target=found.name,
                hint="Remove them first; Remove-AzConnectedMachineExtension does that.",
            )
        # A handler's log may be open on Windows; what stays of the folder belongs to no machine any more.
        shutil.rmtree(places.machine, ignore_errors=True)
        return {"removed": True}

    def machine_get(self, *, resource_group: str, name: str, subscription_id: str | None = None) -> Json:
        """One machine; raises NotFoundError ``ResourceNotFound``."""
        return machine_view(self.machine(subscription_id, resource_group, name))

    def machine_list(self, *, resource_group: str | None = None, subscription_id: str | None = None) -> Json:
        """The machines of a subscription or of one resource group."""
        found = self.store.machines.list(self.subscription(subscription_id), resource_group)
        return {"value": [machine_view(machine) for machine in found]}


def _os_type(text: str) -> OSType:
    found = _OS_TYPES.get(text.lower())
    if found is None:
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"'{text}' is no operating system that a machine can have.",
            target="osType",
            hint="Use Linux or Windows.",
        )
    return found


def _refuse_if_given(target: str, value: str | None, what: str, parameter: str) -> None:
    if value is not None:
        raise InvalidRequestError(
            "InvalidRequestContent",
            f"Only a simulated machine can be given {what}.",
            target=target,
            hint=f"Leave {parameter} out, or add -Simulated.",
        )


def _refuse_other_os(machine: Machine, wanted: OSType | None) -> None:
    if wanted is not None and machine.platform.os is not wanted:
        raise ConflictError(
            "MachineExists",
            f"Machine '{machine.name}' exists and runs {os_name(machine.platform.os)}.",
            target=machine.name,
            hint="Choose another name.",
        )
