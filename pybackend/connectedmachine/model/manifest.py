"""HandlerManifest.json as bytes to :class:`HandlerManifest` (handler contract 1.2).

Tolerant where Azure's agent is: a BOM, booleans as strings, any ``version``, unknown keys and missing
commands are read; only what no runtime could act on is refused. Nothing here judges whether a manifest
is fit to publish: the gallery does, with ``schemas/handler-manifest.json``.
"""

from __future__ import annotations

import json

from connectedmachine.model.errors import PackageError
from connectedmachine.model.handler import Command, HandlerManifest, ResourceLimits

MANIFEST_NAME = "HandlerManifest.json"

# No host has more, so such a limit is none.
_MOST_CPU_PERCENT = 1e6
_MOST_MEMORY_MIB = 2.0**32


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
    return ResourceLimits(
        _limit(limits.get("cpuQuotaPercentage"), _MOST_CPU_PERCENT),
        _limit(limits.get("memoryQuotaInMB"), _MOST_MEMORY_MIB),
    )


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
