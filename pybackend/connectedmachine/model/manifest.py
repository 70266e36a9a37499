"""HandlerManifest.json as bytes to :class:`HandlerManifest` (handler contract 1.2).

Tolerant where Azure's agent is: a BOM, booleans as strings, any ``version``, unknown keys and missing
commands are read; only what no runtime could act on is refused. Nothing here judges whether a manifest
is fit to publish: the gallery does, with ``schemas/handler-manifest.json``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from connectedmachine.model.errors import PackageError
from connectedmachine.model.handler import Command, HandlerManifest, ResourceLimits

MANIFEST_NAME = "HandlerManifest.json"

_FLAGS = ("reportHeartbeat", "continueOnUpdateFailure", "supportsMultipleExtensions")

# No host has more, so such a limit is none.
_MOST_CPU_PERCENT = 1e6
_MOST_MEMORY_MIB = 2.0**32
_MOST_SERVICES = 16
# What a systemd unit may be called.
_SERVICE = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}", re.ASCII)


def manifest_document(data: bytes, where: str) -> list[dict[str, object]]:
    """Read the JSON of a manifest: a list of objects, of which a runtime uses the first.

    Args:
        data: The file, in UTF-8 or UTF-16 or -32, with or without a BOM.
        where: What to call the file in errors.

    Raises:
        PackageError: ``MalformedManifest``.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise _malformed(where, "is not JSON") from None
    if not isinstance(document, list) or not document:
        raise _malformed(where, "is not a JSON array with one element")
    if not isinstance(document[0], dict):
        raise _malformed(where, "does not hold a JSON object as its first element")
    return document


def parse_manifest(data: bytes, where: str) -> HandlerManifest:
    """Read what a runtime acts on.

    Args:
        data: The file, in UTF-8 or UTF-16 or -32, with or without a BOM.
        where: What to call the file in errors.

    Raises:
        PackageError: ``MalformedManifest``, naming the file and the key.
    """
    element = manifest_document(data, where)[0]
    body = element.get("handlerManifest")
    if not isinstance(body, dict):
        raise _malformed(where, "has no object 'handlerManifest'")
    commands: dict[Command, str] = {}
    for command in Command:
        line = _text(body, f"{command}Command", where)
        if line:
            commands[command] = line
    mode = _text(body, "updateMode", where)
    return HandlerManifest(
        commands,
        update_with_install=mode is None or mode.lower() == "updatewithinstall",
        continue_on_update_failure=_flag(body, "continueOnUpdateFailure"),
        report_heartbeat=_flag(body, "reportHeartbeat"),
        supports_multiple_extensions=_flag(body, "supportsMultipleExtensions"),
        resource_limits=_limits(element.get("resourceLimits")),
    )


def misread_flags(document: list[dict[str, object]]) -> list[str]:
    """The flags that say neither true nor false: every runtime takes them for false, and tells nobody."""
    body = document[0].get("handlerManifest")
    flags = {key: body.get(key) for key in _FLAGS} if isinstance(body, dict) else {}
    return [key for key, value in flags.items() if not _says_true_or_false(value)]


def _says_true_or_false(value: object) -> bool:
    if isinstance(value, str):
        return value.lower() in ("true", "false")
    return value is None or isinstance(value, bool)


def _text(body: dict[str, object], key: str, where: str) -> str | None:
    value = body.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _malformed(where, f"has a value other than text at 'handlerManifest.{key}'")


def _flag(body: dict[str, object], key: str) -> bool:
    """Azure's reading: true, or the text ``true`` in any case; anything else is the default, false."""
    value = body.get(key)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _limits(value: object) -> ResourceLimits:
    """What is no limit that a host could keep is none, as with a flag that is none."""
    limits = value if isinstance(value, dict) else {}
    services = limits.get("services")
    return ResourceLimits(
        _limit(limits.get("cpuQuotaPercentage"), _MOST_CPU_PERCENT),
        _limit(limits.get("memoryQuotaInMB"), _MOST_MEMORY_MIB),
        tuple(_limited(services[:_MOST_SERVICES])) if isinstance(services, list) else (),
    )


def _limited(services: list[object]) -> Iterator[str]:
    """The services that have a limit, by name."""
    for service in services:
        name = service.get("name") if isinstance(service, dict) else None
        if isinstance(name, str) and _SERVICE.fullmatch(name) and _limits(service) != ResourceLimits():
            yield name


def _limit(value: object, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        return None
    return float(value)


def _malformed(where: str, what: str) -> PackageError:
    return PackageError(
        "MalformedManifest",
        f"The manifest {where} {what}.",
        target=where,
        hint="Ask the publisher for a package whose HandlerManifest.json follows the handler design.",
    )
