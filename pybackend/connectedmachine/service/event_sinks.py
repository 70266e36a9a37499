"""Sinks of events: the system's log, a command or a webhook of the user's choice."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from connectedmachine.model.errors import InvalidRequestError, NotFoundError
from connectedmachine.model.event import Event, EventKind, Sink, SinkKind
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json

DEFAULT_TIMEOUT = 10.0
_LONGEST_TIMEOUT = 60.0

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)


class EventSinkService(ServiceBase):
    def event_sink_add(
        self,
        *,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        command: Sequence[str] | None = None,
        webhook: str | None = None,
        os_log: bool | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        header: str | None = None,
        secret: str | None = None,
        resource_group: str | None = None,
        machine: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Add a sink, or replace the one of that name, for one machine or for all. Exactly one kind is given.

        Args:
            timeout: Seconds after which a delivery counts as failed.
            header: Name of the header in which a webhook gets ``secret``.

        Raises:
            InvalidRequestError: ``InvalidName``, ``InvalidEventSink``.
            NotFoundError: ``ResourceNotFound``.
        """
        if not _NAME.fullmatch(name):
            raise InvalidRequestError(
                "InvalidName",
                f"'{name}' is not a valid sink name.",
                target=name,
                hint="Use 1 to 64 letters, digits, '-', '_' or '.'.",
            )
        kind, target = _target(name, command, webhook, os_log)
        if not 0 < timeout <= _LONGEST_TIMEOUT:
            raise _invalid(name, "Its timeout is not between zero and a minute")
        if (machine is None) is not (resource_group is None):
            raise _invalid(name, "A machine is named with its resource group, or not at all")
        of = None
        if resource_group is not None and machine is not None:
            of = self.machine(subscription_id, resource_group, machine).id
        header = "Authorization" if secret is not None and header is None else header
        if header is not None:
            if kind is not SinkKind.WEBHOOK or secret is None:
                raise _invalid(name, "A header and its secret are given together, to a webhook")
            if not _HEADER.fullmatch(header):
                raise _invalid(name, f"'{header}' is not the name of a header")
        sealed = None if secret is None else self._sealed_secret(name, secret)
        sink = Sink(name, kind, target, float(timeout), of, header or "", sealed)
        self.store.events.save(sink)
        return self._sink_view(sink)

    def event_sink_list(self, *, name: str | None = None) -> Json:
        """Every sink by name, or one, with how many events are on their way; never a secret.

        Raises:
            NotFoundError: ``ResourceNotFound``.
        """
        sinks = self.store.events.list() if name is None else [self._sink(name)]
        return {"value": [self._sink_view(sink) for sink in sinks]}

    def event_sink_remove(
        self,
        *,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Remove a sink, with what is on its way to it."""
        return {"removed": self.store.events.remove(name)}

    def event_sink_test(self, *, name: str) -> Json:
        """Send an event of the kind ``Test`` to a sink, now and once.

        Raises:
            NotFoundError: ``ResourceNotFound``.
            RunnerError: ``EventNotDelivered``.
        """
        import uuid

        from connectedmachine.agent.events.sinks import send

        sink = self._sink(name)
        event = Event(
            id=str(uuid.uuid4()),
            kind=EventKind.TEST,
            time=self.clock.now(),
            resource_group="",
            machine="",
            extensions=(),
            operation="",
            operation_id="",
            from_version=None,
            to_version=None,
            installed_version=None,
            reason=None,
            message="A test; nothing happened.",
            initiator="",
        )
        send(self.store.home, sink, json.dumps(event.to_json()))
        return {"id": event.id, "delivered": True}

    def _sink(self, name: str) -> Sink:
        found = self.store.events.sink(name)
        if found is None:
            raise NotFoundError(
                "ResourceNotFound",
                f"There is no event sink '{name}'.",
                target=name,
                hint="Get-AzConnectedMachineEventSink lists them.",
            )
        return found

    def _sealed_secret(self, name: str, secret: str) -> bytes:
        from connectedmachine.agent.events.sinks import secret_owner
        from connectedmachine.store.secrets import Secrets

        if not secret or any(not " " <= character <= "~" for character in secret):
            raise _invalid(name, "Its secret holds what a header cannot")
        return Secrets(self.store.home).encrypt(secret, secret_owner(name))

    def _sink_view(self, sink: Sink) -> Json:
        machine = None if sink.machine_id is None else self.store.machines.get(sink.machine_id)
        return {
            "name": sink.name,
            "kind": sink.kind.value,
            "target": _shown(sink),
            "timeoutSeconds": sink.timeout,
            "header": sink.header or None,
            "machine": None if machine is None else machine.name,
            "resourceGroup": None if machine is None else machine.resource_group,
            "waiting": self.store.events.waiting(sink.name),
            "lastError": sink.last_error or None,
        }


def _target(
    name: str, command: Sequence[str] | None, webhook: str | None, os_log: bool | None
) -> tuple[SinkKind, tuple[str, ...]]:
    given: list[tuple[SinkKind, tuple[str, ...]]] = []
    if os_log:
        given.append((SinkKind.OS_LOG, ()))
    if command is not None:
        given.append((SinkKind.COMMAND, tuple(command)))
    if webhook is not None:
        given.append((SinkKind.WEBHOOK, (webhook,)))
    if len(given) != 1:
        raise _invalid(name, "A sink is exactly one of the system's log, a command or a webhook")
    kind, target = given[0]
    if kind is SinkKind.COMMAND and (
        not target or not target[0].strip() or any("\0" in word for word in target)
    ):
        raise _invalid(name, "Its command is empty")
    if kind is SinkKind.WEBHOOK and not _is_address(target[0]):
        raise _invalid(name, "Its webhook is not an http or https address")
    return kind, target


def _is_address(text: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        valid_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    printable = all("!" <= character <= "~" for character in text)
    return (
        valid_port and printable and parts.scheme in ("http", "https") and bool(parts.hostname)
        and parts.username is None
    )  # fmt: skip


def _shown(sink: Sink) -> str:
    if sink.kind is not SinkKind.WEBHOOK:
        return " ".join(sink.target)
    from urllib.parse import urlsplit

    # Many webhooks are secrets of their own: whoever knows the rest of the address may post there.
    parts = urlsplit(sink.target[0])
    hidden = "/..." if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{hidden}"


def _invalid(name: str, message: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidEventSink",
        f"{message}.",
        target=name,
        hint="See Get-Help Add-AzConnectedMachineEventSink.",
    )
