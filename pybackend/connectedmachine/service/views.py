"""The JSON forms of what the service answers: Azure's names for resources, ours for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectedmachine import __version__
from connectedmachine.model.clock import to_text
from connectedmachine.model.configuration import Configuration, Mode
from connectedmachine.model.decision import Decision
from connectedmachine.model.health import Probe
from connectedmachine.model.identity import extension_id, machine_id
from connectedmachine.model.image import ExtensionImage, OSType
from connectedmachine.model.monitor_mode import ADMITTED
from connectedmachine.model.operation import Operation, Pause, StepRecord
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import Hold
from connectedmachine.model.request import Request, RequestStatus
from connectedmachine.model.resource import Extension, Machine, Status
from connectedmachine.model.version import Version
from connectedmachine.store.probes import LastSample
from connectedmachine.upgrade.gate import Refusal
from connectedmachine.upgrade.operation import next_step

Json = dict[str, object]

EXTENSION_TYPE = "Microsoft.HybridCompute/machines/extensions"
MACHINE_TYPE = "Microsoft.HybridCompute/machines"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


def _version(version: Version | None) -> str | None:
    return None if version is None else str(version)


def os_name(os: OSType) -> str:
    """``Linux``, ``Windows`` or ``macOS``."""
    return "macOS" if os is OSType.MACOS else os.value.capitalize()


def machine_view(machine: Machine) -> Json:
    """A machine resource (REST reference, section 2)."""
    view: Json = {
        "id": machine_id(machine.subscription, machine.resource_group, machine.name),
        "name": machine.name,
        "type": MACHINE_TYPE,
        "location": machine.location,
        "resourceGroup": machine.resource_group,
        "systemData": {"createdAt": to_text(machine.created)},
        "properties": {
            "provisioningState": "Succeeded",
            "status": "Connected",
            "osType": machine.platform.os.value,
            "osName": machine.os_name,
            "osVersion": machine.os_version,
            "architecture": machine.platform.architecture.value,
            "agentVersion": __version__,
            "displayName": machine.name,
            "machineFqdn": machine.fqdn,
            "vmId": machine.id,
            "simulated": machine.simulated,
            "lastStatusChange": to_text(machine.created),
        },
    }
    if machine.tags:
        view["tags"] = dict(machine.tags)
    of_resource = {name: machine.details[name] for name in ("identity", "kind") if name in machine.details}
    properties = view["properties"]
    assert isinstance(properties, dict)
    properties.update((name, value) for name, value in machine.details.items() if name not in of_resource)
    view.update(of_resource)
    return view


def extension_view(machine: Machine, extension: Extension, refused: Refusal | None = None) -> Json:
    """An extension resource; settings as the JSON text that the user wrote, protected ones never.

    That the machine does not admit it wins over whatever it reports (handler contract, case 33).
    """
    installed = extension.installed
    version = str(extension.requested) if installed is None else str(installed.version)
    status = extension.status
    if refused is not None:
        status = Status(refused.code, "Error", "Not ready", refused.message)
    shown_status: Json = {"code": status.code, "level": status.level, "message": status.message}
    if status.display:
        shown_status["displayStatus"] = status.display
    if status.time is not None:
        shown_status["time"] = to_text(status.time)
    properties: Json = {
        "publisher": extension.handler.publisher,
        "type": extension.handler.type,
        "typeHandlerVersion": version,
        "autoUpgradeMinorVersion": extension.auto_upgrade_minor,
        "enableAutomaticUpgrade": extension.automatic_upgrade,
        "provisioningState": extension.provisioning.value,
        "instanceView": {
            "name": extension.name,
            "type": extension.handler.type,
            "typeHandlerVersion": version,
            "status": shown_status,
        },
    }
    if extension.force_update_tag is not None:
        properties["forceUpdateTag"] = extension.force_update_tag
    if extension.provision_after:
        properties["provisionAfterExtensions"] = list(extension.provision_after)
    if extension.settings.public is not None:
        properties["settingsText"] = extension.settings.public
    view: Json = {
        "id": extension_id(machine.subscription, machine.resource_group, machine.name, extension.name),
        "name": extension.name,
        "type": EXTENSION_TYPE,
        "location": extension.location,
        "systemData": {
            "createdAt": to_text(extension.created),
            "lastModifiedAt": to_text(extension.changed),
        },
        "properties": properties,
    }
    if extension.tags:
        view["tags"] = dict(extension.tags)
    return view


def request_view(
    request: Request, status: RequestStatus, machine: Machine | None, extensions: list[Json]
) -> Json:
    """An accepted request; ``value`` has the extensions it is about as they are now."""
    verdict = request.verdict
    view: Json = {
        "id": request.id,
        "verb": request.verb.value,
        "status": status.value,
        "startTime": to_text(request.accepted),
        "location": machine.location if machine else "",
        "value": extensions,
    }
    if request.ended is not None:
        view["endTime"] = to_text(request.ended)
    if verdict is not None and verdict.code:
        view["error"] = {"code": verdict.code, "message": verdict.message}
    return view


def image_view(image: ExtensionImage) -> Json:
    """A published version."""
    return {
        "gallery": image.gallery,
        "publisher": image.handler.publisher,
        "type": image.handler.type,
        "version": str(image.version),
        "operatingSystem": os_name(image.platform.os),
        "architecture": image.platform.architecture.value,
        "supportsAutomaticUpgrade": image.supports_automatic_upgrade,
        "sha256": image.sha256,
        "length": image.length,
        "published": image.published,
        "withdrawn": image.withdrawn,
    }


def metadata_view(location: str, images: Sequence[ExtensionImage]) -> Json:
    """One version of a type, from the images of it for every platform."""
    first = images[0]
    publisher, type_ = first.handler.publisher.lower(), first.handler.type.lower()
    return {
        "id": f"{_type_id(location, publisher, type_)}/versions/{first.version}",
        "publisher": publisher,
        "extensionType": type_,
        "version": str(first.version),
        "operatingSystem": ", ".join(sorted({os_name(image.platform.os) for image in images})),
        "architecture": sorted({image.platform.architecture.value for image in images}),
    }


def publisher_view(location: str, publisher: str) -> Json:
    """A publisher."""
    return {"id": _publisher_id(location, publisher), "name": publisher}


def type_view(location: str, publisher: str, type_: str) -> Json:
    """A type of a publisher."""
    return {"id": _type_id(location, publisher.lower(), type_), "name": type_}


def _publisher_id(location: str, publisher: str) -> str:
    return f"/providers/Microsoft.HybridCompute/locations/{location}/publishers/{publisher}"


def _type_id(location: str, publisher: str, type_: str) -> str:
    return f"{_publisher_id(location, publisher)}/extensionTypes/{type_}"


def decision_view(machine: Machine, decision: Decision) -> Json:
    """What a pass decided about one extension."""
    return {
        "name": decision.extension,
        "machine": machine.name,
        "resourceGroup": machine.resource_group,
        "reason": decision.reason.value,
        "fromVersion": _version(decision.from_version),
        "toVersion": _version(decision.to_version),
        "message": decision.message,
        "nextLook": _time(decision.next_look),
        "operationId": decision.operation_id,
        "time": _time(decision.time),
    }


def operation_view(machine: Machine, operation: Operation, now: datetime) -> Json:
    """An operation with its journal."""
    if operation.outcome is not None:
        outcome = operation.outcome.value
    else:
        outcome = "RollbackPending" if isinstance(next_step(operation), Pause) else "InProgress"
    old = operation.old.version if operation.old else None
    return {
        "id": operation.id,
        "time": to_text(operation.began),
        "name": operation.extension,
        "extensions": [instance.name for instance in operation.instances],
        "machine": machine.name,
        "resourceGroup": machine.resource_group,
        "operation": operation.kind.value,
        "fromVersion": _version(old),
        "toVersion": str(operation.new.version),
        "outcome": outcome,
        "code": operation.code,
        "message": operation.message,
        "initiator": operation.initiator,
        "durationSeconds": round(((operation.ended or now) - operation.began).total_seconds(), 3),
        "finished": _time(operation.ended),
        "steps": [_step_view(record) for record in operation.journal],
    }


def _step_view(record: StepRecord) -> Json:
    return {
        "name": str(record.step) if record.step else f"operator chose {record.choice}",
        "round": record.round,
        "began": to_text(record.began),
        "ended": _time(record.ended),
        "outcome": None if record.outcome is None else record.outcome.value,
        "exitCode": record.exit_code,
        "code": record.code,
        "message": record.message,
    }


def probe_view(probe: Probe, last: LastSample | None) -> Json:
    """A probe and its last sample."""
    return {
        "name": probe.name,
        "kind": probe.kind.value,
        "target": " ".join(probe.target),
        "intervalSeconds": probe.interval,
        "timeoutSeconds": probe.timeout,
        "lastSample": None
        if last is None
        else {
            "state": last.health.health.value,
            "message": last.health.message,
            "time": to_text(last.time),
        },
    }


def hold_view(machine: Machine, hold: Hold, now: datetime) -> Json:
    """A user's hold."""
    return {
        "name": hold.extension,
        "machine": machine.name,
        "version": None if hold.version is None else str(hold.version),
        "until": _time(hold.until),
        "expired": hold.is_over(now),
        "reason": hold.reason,
        "created": to_text(hold.created),
    }


def pin_view(machine: Machine, pin: Pin) -> Json:
    """A user's pin."""
    return {
        "name": pin.extension,
        "machine": machine.name,
        "version": str(pin.version),
        "kind": pin.kind.value,
        "reason": pin.reason,
        "created": to_text(pin.created),
    }


def policy_view(
    machine: Machine, extension: str | None, values: Mapping[str, object], sources: Mapping[str, str]
) -> Json:
    """A policy in force, each value with where it comes from."""
    return {
        "machine": machine.name,
        "resourceGroup": machine.resource_group,
        "extension": extension,
        "preset": values["preset"],
        "values": [
            {"name": camel_case(name), "value": value, "source": sources[name]}
            for name, value in values.items()
        ],
    }


def configuration_view(machine: Machine, configuration: Configuration) -> Json:
    """A machine's configuration; ``modeAllowList`` is what the mode admits, where it narrows that."""
    return {
        "machine": machine.name,
        "resourceGroup": machine.resource_group,
        "extensionsEnabled": configuration.extensions_enabled,
        "allowList": [str(entry) for entry in configuration.allow_list],
        "blockList": [str(entry) for entry in configuration.block_list],
        "mode": configuration.mode.value,
        "modeAllowList": list(ADMITTED) if configuration.mode is Mode.MONITOR else [],
    }


def camel_case(name: str) -> str:
    """``health_window`` to ``healthWindow``."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
