"""The aggregate status of a machine, in the form that Azure's agent reports it (handler contract, section 5).

Every handler speaks for itself here: what is wrong with one's files is that one's error.
"""

from __future__ import annotations

import re
from datetime import datetime

from connectedmachine import __version__
from connectedmachine.agent.hands import Reading, Report
from connectedmachine.model.clock import to_text
from connectedmachine.model.handler import Readiness, StatusKind, Substatus
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.views import Json, os_name
from connectedmachine.upgrade.health import handler_state

_INTEGER = re.compile(r"-?[0-9]{1,15}", re.ASCII)


class AggregateService(ServiceBase):
    def machine_status(self, *, resource_group: str, name: str, subscription_id: str | None = None) -> Json:
        """What a machine's handlers report of themselves, read now; nothing is started or changed.

        Raises:
            NotFoundError: ``ResourceNotFound``.
            PermissionDeniedError: ``WrongHost``: the handlers' files are on another host.
        """
        from connectedmachine.agent.hosting import hands_for
        from connectedmachine.agent.observer import Observer

        machine = self.machine(subscription_id, resource_group, name)
        hands = hands_for(self.store, machine, self.clock)
        observer = Observer(self.store, hands)
        now = self.clock.now()
        handlers = []
        for extension in self.store.extensions.of_machine(machine.id):
            if extension.installed is None:
                handlers.append(_waiting_view(extension))
            else:
                reading = observer.reading(extension)
                handlers.append(_handler_view(reading, hands.report(reading), now))
        return {
            "version": "1.1",
            "timestampUTC": _seconds(now),
            "guestOSInfo": _guest_os(machine),
            "supportedFeatures": [{"Key": "MultipleExtensionsPerHandler", "Value": "1.0"}],
            "aggregateStatus": {
                "guestAgentStatus": {
                    "version": __version__,
                    "status": Readiness.READY.value,
                    "formattedMessage": _formatted("The agent is ready."),
                },
                "handlerAggregateStatus": handlers,
            },
        }


def _guest_os(machine: Machine) -> Json:
    from connectedmachine.agent.host import this_host

    return {
        "computerName": machine.name if machine.simulated else this_host().name,
        "osType": os_name(machine.platform.os),
        "osName": machine.os_name,
        "osVersion": machine.os_version,
        "architecture": machine.platform.architecture.value,
    }


def _waiting_view(extension: Extension) -> Json:
    """An extension of which nothing is installed: it waits for an image or a retry."""
    return {
        "handlerName": str(extension.handler),
        "handlerVersion": str(extension.requested),
        "status": Readiness.NOT_READY.value,
        "code": -1,
        "useExactVersion": True,
        "formattedMessage": _formatted(extension.status.message or "Nothing is installed yet."),
    }


def _handler_view(reading: Reading, report: Report, now: datetime) -> Json:
    state, code, message = handler_state(
        report.heartbeat, enabled=reading.enabled, reports_heartbeat=reading.manifest.report_heartbeat
    )
    view: Json = {
        "handlerName": str(reading.handler),
        "handlerVersion": str(reading.version),
        "status": state.value,
        "code": _code(code),
        "useExactVersion": True,
        "formattedMessage": _formatted(message),
    }
    if reading.settings.has_any or report.status.is_current:
        view["runtimeSettingsStatus"] = {
            "sequenceNumber": reading.settings.wire_seq,
            **({} if reading.instance is None else {"extensionName": reading.instance}),
            "settingsStatus": {
                "version": 1.0,
                "timestampUTC": _seconds(now),
                "status": _status_view(reading, report),
            },
        }
    return view


def _status_view(reading: Reading, report: Report) -> Json:
    status = report.status
    enabled = "" if reading.enabled_at is None else _seconds(reading.enabled_at)
    view: Json = {
        "name": status.name or str(reading.handler),
        "configurationAppliedTime": status.applied or enabled,
        "operation": status.operation,
        "status": status.kind.value,
        "code": _code(status.code),
        "formattedMessage": _formatted(status.message),
    }
    if not status.is_current:
        # What lies there is of before: an earlier version's, or of before the last enable.
        waiting = _formatted("The handler has not reported a status since it was enabled.")
        return {**view, "status": StatusKind.TRANSITIONING.value, "code": 0, "formattedMessage": waiting}
    if status.substatus:
        view["substatus"] = [_substatus_view(part) for part in status.substatus]
    return view


def _substatus_view(part: Substatus) -> Json:
    return {
        "name": part.name,
        "status": part.kind.value,
        "code": _code(part.code),
        "formattedMessage": _formatted(part.message),
    }


def _formatted(message: str) -> Json:
    return {"lang": "en-US", "message": message}


def _code(text: str) -> int | str:
    """A number as one, whether or not the handler wrote it so; anything else as it is."""
    return int(text) if _INTEGER.fullmatch(text) else text


def _seconds(moment: datetime) -> str:
    return to_text(moment)[: len("2026-01-31T12:00:00")] + "Z"
