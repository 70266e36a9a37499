"""What commands print: JSON as ``az connectedmachine`` has it, or a table.

A machine is flattened and an extension is not (REST reference, section 7.2); both carry their resource
group. Settings are an object here, parsed from the text that the service keeps.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence

from connectedmachine.frontends.cli_card import card
from connectedmachine.frontends.cli_terminal import printable, shown_time

Item = dict[str, object]

_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "machine": {
        "Name": "name",
        "ResourceGroup": "resourceGroup",
        "Location": "location",
        "OSType": "osType",
        "Status": "status",
        "ProvisioningState": "provisioningState",
    },
    "status": {
        "Handler": "handlerName",
        "Version": "handlerVersion",
        "Status": "status",
        "Message": "formattedMessage.message",
        "Reports": "runtimeSettingsStatus.settingsStatus.status.status",
        "Code": "runtimeSettingsStatus.settingsStatus.status.code",
        "Says": "runtimeSettingsStatus.settingsStatus.status.formattedMessage.message",
    },
    "extension": {
        "Name": "name",
        "Type": "properties.type",
        "Version": "properties.typeHandlerVersion",
        "AutoUpgrade": "properties.enableAutomaticUpgrade",
        "ProvisioningState": "properties.provisioningState",
        "Status": "properties.instanceView.status.message",
    },
    "image": {
        "Publisher": "publisher",
        "Type": "type",
        "Version": "version",
        "OperatingSystem": "operatingSystem",
        "Architecture": "architecture",
        "AutoUpgrade": "supportsAutomaticUpgrade",
        "Withdrawn": "withdrawn",
        "Gallery": "gallery",
    },
    "finding": {
        "Result": "result",
        "Name": "name",
        "Section": "contractSection",
        "Demand": "demand",
        "Observed": "observed",
    },
    "metadata": {
        "Publisher": "publisher",
        "Type": "extensionType",
        "Version": "version",
        "OperatingSystem": "operatingSystem",
        "Architecture": "architecture",
    },
    "name": {"Name": "name"},
    "gallery": {"Name": "name", "Path": "path", "IsDefault": "isDefault"},
    "decision": {
        "Name": "name",
        "Reason": "reason",
        "From": "fromVersion",
        "To": "toVersion",
        "Message": "message",
    },
    "operation": {
        "Time": "time",
        "Name": "name",
        "Operation": "operation",
        "From": "fromVersion",
        "To": "toVersion",
        "Outcome": "outcome",
        "Message": "message",
    },
    "property": {"Property": "property", "Value": "current"},
    "policy": {"Name": "name", "Value": "value", "Source": "source"},
    "probe": {
        "Name": "name",
        "Kind": "kind",
        "Target": "target",
        "State": "lastSample.state",
        "Time": "lastSample.time",
        "Message": "lastSample.message",
    },
    "task": {
        "Name": "name",
        "Scheduler": "scheduler",
        "NextRun": "nextRun",
        "LastRun": "lastRun",
        "LastResult": "lastResult",
        "Description": "description",
    },
    "sink": {
        "Name": "name",
        "Kind": "kind",
        "Target": "target",
        "Machine": "machine",
        "Waiting": "waiting",
        "LastError": "lastError",
    },
    "sent": {"Id": "id", "Delivered": "delivered"},
    "credential": {
        "Name": "name",
        "ClientId": "clientId",
        "Scopes": "scopes",
        "Expires": "expires",
        "LastUsed": "lastUsed",
    },
    "new credential": {"Name": "name", "ClientId": "clientId", "ClientSecret": "clientSecret"},
    "hold": {
        "Name": "name",
        "Version": "version",
        "Until": "until",
        "Expired": "expired",
        "Reason": "reason",
    },
    "pin": {"Name": "name", "Kind": "kind", "Version": "version", "Reason": "reason"},
    "window": {
        "Name": "name",
        "Window": "windowName",
        "TimeZone": "timeZone",
        "Days": "days",
        "Weeks": "weeks",
        "Start": "start",
        "Duration": "durationSeconds",
        "IsOpen": "isOpen",
        "NextOpening": "nextOpening",
    },
}
_GROUP_IN_ID = re.compile(r"/resourceGroups/([^/]+)/", re.IGNORECASE)
# Of a policy these are numbers and no durations.
_PLAIN_NUMBERS = frozenset({"retryGrowth", "retryLimit", "retryJitter"})


def text(kind: str, result: object, output: str) -> str:
    """What a command prints of the service's ``result``.

    Args:
        kind: A key of the columns above; ``plan``, whose table is that of its decisions; ``why``, whose
            table is a card.
        output: ``json`` or ``table``.
    """
    assert isinstance(result, dict)
    if kind == "why" and output == "table":
        return card(result)
    if kind == "plan" and output == "json":
        return json.dumps(result, indent=2, ensure_ascii=_only_ascii())
    listed = result.get("value")
    items = [_shown(kind, item) for item in (listed if isinstance(listed, list) else [result])]
    if output == "table":
        return _table(_COLUMNS["decision" if kind == "plan" else kind], _rows(kind, items))
    return json.dumps(items if isinstance(listed, list) else items[0], indent=2, ensure_ascii=_only_ascii())


def _shown(kind: str, item: Item) -> Item:
    if kind == "machine":
        properties = item["properties"]
        assert isinstance(properties, dict)
        return {**{key: value for key, value in item.items() if key != "properties"}, **properties}
    if kind == "extension":
        group = _GROUP_IN_ID.search(str(item["id"]))
        assert group is not None
        return {**item, "properties": _with_settings(item["properties"]), "resourceGroup": group[1]}
    return item


def _with_settings(properties: object) -> Item:
    assert isinstance(properties, dict)
    shown = {("settings" if key == "settingsText" else key): value for key, value in properties.items()}
    if "settings" in shown:
        shown["settings"] = json.loads(shown["settings"])
    return shown


def _rows(kind: str, items: Sequence[Item]) -> Sequence[Item]:
    if kind == "status":
        aggregate = items[0]["aggregateStatus"]
        assert isinstance(aggregate, dict)
        handlers = aggregate["handlerAggregateStatus"]
        assert isinstance(handlers, list)
        return handlers
    if kind != "policy":
        return items
    values = items[0]["values"]
    assert isinstance(values, list)
    return [{**value, "value": _policy_value(value)} for value in values]


def _policy_value(value: Item) -> object:
    number = value["value"]
    if isinstance(number, bool) or not isinstance(number, int | float) or value["name"] in _PLAIN_NUMBERS:
        return number
    return f"{number:g}s"


def _table(columns: Mapping[str, str], items: Sequence[Item]) -> str:
    rows = [[_cell(_at(item, path)) for path in columns.values()] for item in items]
    if not rows:
        return ""
    header = list(columns)
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _at(item: object, path: str) -> object:
    for name in path.split("."):
        item = item.get(name) if isinstance(item, dict) else None
    return item


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return printable(", ".join(map(str, value)))
    return printable(shown_time(str(value)))


def _only_ascii() -> bool:
    """Whether standard output might damage anything else, as a pipe with a Windows code page does."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "") != "utf8"
