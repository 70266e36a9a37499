"""Targets: the readers of what handlers and publishers write, and the writer of what users say."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from random import Random

from connectedmachine.gallery._schema import violation
from connectedmachine.handler.heartbeat import parse_heartbeat
from connectedmachine.handler.settings import write_settings
from connectedmachine.handler.status import parse_status
from connectedmachine.model.errors import InvalidRequestError, PackageError
from connectedmachine.model.handler import HandlerManifest, StatusKind
from connectedmachine.model.manifest import manifest_document, parse_manifest
from fuzzing.mutating import damaged, document, encoded, json_input

_LARGE = 128 * 1024
_MESSAGE = {"lang": "en", "message": "all is well"}

MANIFESTS: tuple[object, ...] = (
    [
        {
            "name": "Agent",
            "version": "1.5.124",
            "handlerManifest": {
                "installCommand": "bin/x -c install",
                "uninstallCommand": "bin/x -c uninstall",
                "updateCommand": "./x update",
                "enableCommand": "x enable",
                "disableCommand": "x disable",
                "resetStateCommand": "x reset",
                "updateMode": "UpdateWithInstall",
                "reportHeartbeat": "true",
                "continueOnUpdateFailure": True,
                "supportsMultipleExtensions": False,
                "rebootAfterInstall": False,
            },
            "resourceLimits": {"cpuQuotaPercentage": 5, "services": [{"name": "x", "memoryQuotaInMB": 9}]},
            "signingInfo": {"publisher": "P", "type": "T", "version": "1.0"},
        }
    ],
)
STATUSES: tuple[object, ...] = (
    [{"version": 1.0, "timestampUTC": "2026-01-01T00:00:00Z", "status": {"status": "success"}}],
    [
        {
            "version": "1.0",
            "status": {
                "name": "n",
                "operation": "enable",
                "configurationAppliedTime": "2026-01-01T00:00:00Z",
                "status": "warning",
                "code": 0,
                "formattedMessage": _MESSAGE,
                "substatus": [
                    None,
                    {"name": "a", "status": "error", "code": "-5", "formattedMessage": _MESSAGE},
                ],
            },
        }
    ],
    [],
    None,
)
HEARTBEATS: tuple[object, ...] = (
    [{"version": 1.0, "heartbeat": {"status": "ready", "code": 0, "formattedMessage": _MESSAGE}}],
    [{"version": 1.0, "heartbeat": {"status": "notready", "Message": "why"}}],
)
SETTINGS: tuple[object, ...] = ({"port": 8080, "name": "x", "deep": {"list": [1, {"a": None}]}}, {})


def manifest(random: Random, _: Path) -> bool:
    """Read or refused by its code; what was read survives the journal, and the schema has an opinion."""
    data = json_input(random, MANIFESTS)
    try:
        read = parse_manifest(data, "m")
    except PackageError as error:
        assert error.code == "MalformedManifest"
        error.message.encode()
        return False
    assert HandlerManifest.from_json(json.loads(json.dumps(read.to_json()))) == read
    violation("handler-manifest", manifest_document(data, "m"))
    return True


def status(random: Random, _: Path) -> bool:
    """A status of a known kind that can be stored and shown, and is not larger than the limits allow."""
    content = document(random, STATUSES)
    if random.random() < 0.02 and isinstance(content, list) and content and isinstance(content[0], dict):
        body = content[0].get("status")
        if isinstance(body, dict):
            long = {"lang": "", "message": random.choice("ab\N{SNOWMAN}") * 60_000}
            body["substatus"] = [
                {"name": str(n), "status": "error", "formattedMessage": long} for n in range(4)
            ]
    data = encoded(random, content)
    read = parse_status(damaged(random, data) if random.random() < 0.4 else data, 1.0)
    assert read.kind in StatusKind
    texts = [read.code, read.message, read.name, read.operation, read.applied]
    texts += [text for part in read.substatus for text in (part.name, part.code, part.message)]
    size = len("".join(texts).encode())
    # A replacement is longer than what it replaces, and four-byte characters stand for one.
    assert size <= (max(len(data), _LARGE) + 8192) * 8
    assert "\0" not in "".join(texts)
    return read.code != "1012"


def heartbeat(random: Random, _: Path) -> bool:
    """A reading that can be stored and shown, with a reason when it is not ready."""
    read = parse_heartbeat(json_input(random, HEARTBEATS), 1.0)
    (read.code + read.message).encode()
    assert len(read.message) <= 1024 + 100
    return read.ready


def settings(random: Random, folder: Path) -> bool:
    """Refused with nothing written, or in the file exactly as they were said."""
    text = _text(random)
    secret = _text(random) if random.random() < 0.25 else None
    version, config = folder / "Contoso.Agent-1.0", folder / "Contoso.Agent-1.0" / "config"
    for old in config.glob("*"):
        old.unlink()
    try:
        seq = write_settings(version, 7, text, secret, folder)
    except InvalidRequestError as error:
        assert error.code == "InvalidSettings"
        assert not any(config.iterdir())
        assert len(error.message) < 200
        return False
    written = (config / f"{seq}.settings").read_bytes()
    assert text.encode() in written
    (entry,) = json.loads(written)["runtimeSettings"]
    kept = entry["handlerSettings"]
    assert kept["publicSettings"] == json.loads(text)
    assert (secret is None) == (kept["protectedSettings"] is None)
    if secret is not None:
        base64.b64decode(kept["protectedSettings"], validate=True)
        assert len(secret) < 8 or secret.encode() not in written.replace(text.encode(), b"")
    return True


def _text(random: Random) -> str:
    """Text as a user may give it: it was decoded on its way here, and may hold anything."""
    content = document(random, SETTINGS)
    text = json.dumps(content, ensure_ascii=random.random() < 0.5, indent=random.choice((None, 2)))
    if random.random() < 0.3:
        text = damaged(random, text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")
    return text
