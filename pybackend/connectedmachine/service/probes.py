"""Health probes that users configure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectedmachine.model.errors import InvalidRequestError, NotFoundError
from connectedmachine.model.health import Probe, ProbeKind
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json, probe_view

DEFAULT_INTERVAL = 5.0
DEFAULT_TIMEOUT = 5.0
_LONGEST = 3600.0

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_TCP = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):(\d{1,5})", re.ASCII)
# systemctl and launchctl are given the name as one argument; a letter first keeps it from being an option.
_SERVICE = re.compile(r"[A-Za-z0-9_][\w.@:\\ -]{0,255}", re.ASCII)


class ProbeService(ServiceBase):
    def probe_add(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        command: Sequence[str] | None = None,
        tcp: str | None = None,
        http: str | None = None,
        process_name: str | None = None,
        service_name: str | None = None,
        interval: float = DEFAULT_INTERVAL,
        timeout: float = DEFAULT_TIMEOUT,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Add a probe, or replace the one of that name. Exactly one of the five kinds is given.

        Raises:
            InvalidRequestError: ``InvalidName``, ``InvalidProbe``.
        """
        found = self.machine(subscription_id, resource_group, machine)
        if not _NAME.fullmatch(name):
            raise InvalidRequestError(
                "InvalidName",
                f"'{name}' is not a valid probe name.",
                target=name,
                hint="Use 1 to 64 letters, digits, '-', '_' or '.'.",
            )
        given: list[tuple[ProbeKind, Sequence[str]]] = [
            (kind, target)
            for kind, target in (
                (ProbeKind.COMMAND, command),
                (ProbeKind.TCP, None if tcp is None else [tcp]),
                (ProbeKind.HTTP, None if http is None else [http]),
                (ProbeKind.PROCESS, None if process_name is None else [process_name]),
                (ProbeKind.SERVICE, None if service_name is None else [service_name]),
            )
            if target is not None
        ]
        if len(given) != 1:
            raise _invalid(name, "A probe is exactly one of command, TCP, HTTP, process or service")
        kind, target = given[0]
        _check(name, kind, target)
        for what, value in (("interval", interval), ("timeout", timeout)):
            if not 0 < value <= _LONGEST:
                raise _invalid(name, f"Its {what} is not between zero and an hour")
        probe = Probe(name, kind, tuple(target), float(interval), float(timeout))
        self.store.probes.save(found.id, probe)
        return probe_view(probe, None)

    def probe_list(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """The probes of a machine with their last samples; raises NotFoundError for an unknown name."""
        found = self.machine(subscription_id, resource_group, machine)
        probes = self.store.probes.of_machine(found.id, name)
        if name is not None and not probes:
            raise NotFoundError(
                "ResourceNotFound",
                f"There is no probe '{name}' on machine '{found.name}'.",
                target=name,
                hint="Get-AzConnectedMachineHealthProbe lists them.",
            )
        return {"value": [probe_view(probe, last) for probe, last in probes]}

    def probe_remove(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Remove a probe."""
        found = self.machine(subscription_id, resource_group, machine)
        return {"removed": self.store.probes.remove(found.id, name)}


def _check(name: str, kind: ProbeKind, target: Sequence[str]) -> None:
    first = target[0] if target else ""
    if not first.strip() or any("\0" in word for word in target):
        raise _invalid(name, "Its target is empty")
    if kind is ProbeKind.TCP:
        match = _TCP.fullmatch(first)
        if match is None or not 0 < int(match[2]) < 65536:
            raise _invalid(name, f"'{first}' is not host:port")
    if kind is ProbeKind.HTTP:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(first)
            port_is_valid = parts.port is None or parts.port > 0
        except ValueError:
            port_is_valid = False
        if not port_is_valid or parts.scheme not in ("http", "https") or not parts.hostname:
            raise _invalid(name, f"'{first}' is not an http or https address")
    if kind is ProbeKind.SERVICE and not _SERVICE.fullmatch(first):
        raise _invalid(name, f"'{first}' is not a service name")


def _invalid(name: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidProbe", f"{message}.", target=name, hint="See Get-Help Add-AzConnectedMachineHealthProbe."
    )
