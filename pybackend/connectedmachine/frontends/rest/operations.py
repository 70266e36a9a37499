"""Long operations (REST reference, sections 4, 5, 9): the first answer, the status document, the result."""

from __future__ import annotations

import json
from urllib.parse import quote

from connectedmachine.frontends.rest import paths
from connectedmachine.frontends.rest.call import Call, Reply
from connectedmachine.frontends.rest.views import View, extension_text, items, properties_text
from connectedmachine.model.request import RequestVerb

RETRY_AFTER = "1"
"""Seconds; without it, clients wait for 30 between two looks."""

_RUNNING = ("Queued", "InProgress")


def accepted(call: Call, request: View) -> Reply:
    """202 with both absolute URLs: some clients read the one, some the other."""
    return Reply(202, headers=_headers(call, request))


def status(call: Call) -> Reply:
    """The operation document; always 200, whatever the operation came to."""
    request = _request(call)
    document = {
        "id": call.path,
        "name": request["id"],
        "status": request["status"],
        "startTime": request["startTime"],
    }
    document.update((name, request[name]) for name in ("endTime", "error") if name in request)
    text = json.dumps(document)
    result = _result_text(request) if request["status"] == "Succeeded" else None
    if result is not None:
        text = f'{text[:-1]}, "properties": {result}}}'
    return Reply(200, text, _headers(call, request) if request["status"] in _RUNNING else {})


def result(call: Call) -> Reply:
    """What the operation led to: 202 while it runs, an ARM error when it failed."""
    request = _request(call)
    if request["status"] in _RUNNING:
        return Reply(202, headers=_headers(call, request))
    if "error" in request:
        code = 409 if request["status"] == "Canceled" else 400
        return Reply(code, json.dumps({"error": request["error"]}))
    text = _result_text(request)
    return Reply(204) if text is None else Reply(200, text)


def _request(call: Call) -> View:
    return call.service.request_get(id=call.names["operation"], subscription_id=call.names["subscription"])


def _result_text(request: View) -> str | None:
    """The result as JSON text; ``None`` when there is none to show."""
    extensions = items(request)
    verb = RequestVerb(str(request["verb"]))
    if verb is RequestVerb.UPGRADE:
        return f"[{', '.join(map(extension_text, extensions))}]"
    if verb is RequestVerb.ADD:
        return f'{{"extensions": [{", ".join(map(properties_text, extensions))}]}}'
    if verb is RequestVerb.REMOVE or not extensions:
        return None
    return extension_text(extensions[0])


def _headers(call: Call, request: View) -> dict[str, str]:
    names = {
        "subscription": call.names["subscription"],
        "location": str(request["location"]) or "local",
        "operation": str(request["id"]),
    }
    quoted = {name: quote(value, safe="") for name, value in names.items()}
    query = f"?api-version={call.version}"
    return {
        "Azure-AsyncOperation": call.base + paths.OPERATION_STATUS.format(**quoted) + query,
        "Location": call.base + paths.OPERATION_RESULT.format(**quoted) + query,
        "Retry-After": RETRY_AFTER,
    }
