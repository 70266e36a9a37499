"""The methods that the PowerShell module may call, as a table, and the check of a request against it.

Contract: design page, section 9; ``schemas/rpc/`` says the same as JSON Schemas, and a test compares the
two. At run time this table is enough: it costs nothing to import, and its refusals name what is wrong.
"""

from __future__ import annotations

_MACHINE = "resourceGroup machine"

METHODS: dict[str, tuple[str, str]] = {
    # method: (required parameters, optional parameters)
    "machine.connect": ("resourceGroup name", "location tags simulated osType scenarioText"),
    "machine.get": ("resourceGroup name", ""),
    "machine.status": ("resourceGroup name", ""),
    "machine.list": ("", "resourceGroup"),
    "machine.patch": ("resourceGroup name bodyText", ""),
    "machine.remove": ("resourceGroup name", ""),
    "extension.get": (f"{_MACHINE} name", ""),
    "extension.list": (_MACHINE, ""),
    "extension.put": (f"{_MACHINE} name bodyText", "wait ignoreWindow"),
    "extension.patch": (f"{_MACHINE} name bodyText", "wait ignoreWindow"),
    "extension.remove": (f"{_MACHINE} name", "wait"),
    "extension.resetState": (f"{_MACHINE} name", "wait"),
    "extension.upgrade": (f"{_MACHINE} targetsText", "wait ignoreWindow"),
    "extension.preview": (f"{_MACHINE} name verb", "bodyText"),
    "image.publish": (
        "path publisher type version operatingSystem",
        "architecture supportsAutomaticUpgrade gallery",
    ),
    "image.unpublish": ("publisher type version", "operatingSystem architecture gallery"),
    "image.check": (
        "path",
        "previousPath publisher type version operatingSystem settings protectedSettings window",
    ),
    "image.list": ("", "publisher type gallery"),
    "metadata.get": ("location publisher type version", ""),
    "metadata.list": ("location publisher type", ""),
    "publisher.list": ("location", ""),
    "type.list": ("location publisher", ""),
    "gallery.add": ("name path", ""),
    "gallery.list": ("", "name"),
    "gallery.remove": ("name", ""),
    "upgrade.run": (_MACHINE, "name planText retry wait"),
    "upgrade.plan": (_MACHINE, "name retry"),
    "upgrade.why": (f"{_MACHINE} name", "at"),
    "upgrade.decisions": (_MACHINE, "name"),
    "upgrade.history": (_MACHINE, "name"),
    "upgrade.resolve": (f"{_MACHINE} name choice", ""),
    "schedule.register": ("", "resourceGroup machine every at jitter scheduler"),
    "schedule.unregister": ("", ""),
    "schedule.list": ("", ""),
    "eventSink.add": ("name", "resourceGroup machine command webhook osLog timeout header secret"),
    "eventSink.list": ("", "name"),
    "eventSink.remove": ("name", ""),
    "eventSink.test": ("name", ""),
    "policy.get": (_MACHINE, "name"),
    "policy.set": (
        _MACHINE,
        "name preset healthWindow stableFor healthyFor retryInterval retryGrowth retryLongest retryLimit"
        " retryFor retryJitter manualHealthWindow sampleInterval rollbackPause enrolByDefault passInterval"
        " installTimeout updateTimeout enableTimeout disableTimeout uninstallTimeout",
    ),
    "config.get": (_MACHINE, ""),
    "config.set": (_MACHINE, "extensionsEnabled allowList blockList mode edit"),
    "config.import": (f"{_MACHINE} policyText", ""),
    "probe.add": (f"{_MACHINE} name", "command tcp http processName serviceName interval timeout"),
    "probe.list": (_MACHINE, "name"),
    "probe.remove": (f"{_MACHINE} name", ""),
    "hold.add": (f"{_MACHINE} name", "version until reason"),
    "hold.list": (_MACHINE, "name"),
    "hold.remove": (f"{_MACHINE} name", "version"),
    "hold.clear": (_MACHINE, "name"),
    "pin.add": (f"{_MACHINE} name version", "block reason"),
    "pin.list": (_MACHINE, "name"),
    "pin.remove": (f"{_MACHINE} name", "version"),
    "window.add": (f"{_MACHINE} windowName timeZone start duration", "name days weeks blackouts spread"),
    "window.list": (_MACHINE, "name"),
    "window.remove": (f"{_MACHINE} windowName", "name"),
}

MUTATIONS = frozenset(
    {
        "machine.connect",
        "machine.patch",
        "machine.remove",
        "extension.put",
        "extension.patch",
        "extension.remove",
        "extension.resetState",
        "extension.upgrade",
        "image.publish",
        "image.unpublish",
        "image.check",
        "gallery.add",
        "gallery.remove",
        "upgrade.run",
        "upgrade.resolve",
        "schedule.register",
        "schedule.unregister",
        "eventSink.add",
        "eventSink.remove",
        "policy.set",
        "config.set",
        "config.import",
        "probe.add",
        "probe.remove",
        "hold.add",
        "hold.remove",
        "hold.clear",
        "pin.add",
        "pin.remove",
        "window.add",
        "window.remove",
    }
)
"""The methods that change something: they follow, and take ``idempotencyKey`` and ``initiator`` too."""

# A parameter's name says its type, in every method; whatever is not named here is a string.
_BOOLEANS = frozenset(
    {
        "wait",
        "ignoreWindow",
        "simulated",
        "osLog",
        "supportsAutomaticUpgrade",
        "extensionsEnabled",
        "retry",
        "block",
        "enrolByDefault",
    }
)
_SECONDS = frozenset(
    {
        "healthWindow",
        "stableFor",
        "healthyFor",
        "retryInterval",
        "retryLongest",
        "retryFor",
        "manualHealthWindow",
        "sampleInterval",
        "rollbackPause",
        "passInterval",
        "installTimeout",
        "updateTimeout",
        "enableTimeout",
        "disableTimeout",
        "uninstallTimeout",
        "interval",
        "timeout",
        "window",
        "duration",
        "spread",
        "every",
        "jitter",
    }
)
_NUMBERS = frozenset({"retryGrowth", "retryLimit", "retryJitter"})
_STRING_LISTS = frozenset({"command", "allowList", "blockList", "days", "weeks", "blackouts"})
_STRING_MAPS = frozenset({"tags"})
_CLEARED_BY_NULL = {
    "policy.set": _SECONDS | _NUMBERS | {"preset", "enrolByDefault"},
    "config.set": frozenset({"extensionsEnabled", "allowList", "blockList", "mode"}),
}


class RpcError(Exception):
    """An error of the protocol itself: JSON-RPC's number, a stable code, one sentence."""

    def __init__(self, number: int, code: str, message: str, target: str = "") -> None:
        super().__init__(message)
        self.number = number
        self.code = code
        self.message = message
        self.target = target


def checked(method: str, params: dict[str, object]) -> dict[str, object]:
    """Return ``params`` as keyword arguments of the service's method.

    Raises:
        RpcError: The method is unknown, a parameter is unknown, missing or of another type.
    """
    if method not in METHODS:
        raise RpcError(-32601, "MethodNotFound", f"There is no method '{method}'.", method)
    required, allowed = allowed_parameters(method)
    for name, value in params.items():
        if name not in allowed:
            raise RpcError(-32602, "InvalidParams", f"{method} takes no parameter '{name}'.", name)
        if value is None and name in _CLEARED_BY_NULL.get(method, ()):
            continue
        if not _is_of_type(name, value):
            raise RpcError(-32602, "InvalidParams", f"'{name}' of {method} is not {type_of(name)}.", name)
    for name in required:
        if name not in params:
            raise RpcError(-32602, "InvalidParams", f"{method} needs the parameter '{name}'.", name)
    return {snake_case(name): value for name, value in params.items()}


def allowed_parameters(method: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The required and all parameters of a method, by their names on the wire."""
    return _PARAMETERS[method]


def _parameters(method: str) -> tuple[tuple[str, ...], frozenset[str]]:
    required, optional = (tuple(names.split()) for names in METHODS[method])
    allowed = {*required, *optional}
    if "resourceGroup" in allowed:
        allowed.add("subscriptionId")
    if method in MUTATIONS:
        allowed |= {"idempotencyKey", "initiator"}
    return required, frozenset(allowed)


_PARAMETERS = {method: _parameters(method) for method in METHODS}


def type_of(name: str) -> str:
    """The type of the parameter called ``name``, in words."""
    if name in _BOOLEANS:
        return "true or false"
    if name in _SECONDS:
        return "a number of seconds"
    if name in _NUMBERS:
        return "a number from zero"
    if name in _STRING_LISTS:
        return "a list of strings"
    if name in _STRING_MAPS:
        return "an object of strings"
    return "a string"


def _is_of_type(name: str, value: object) -> bool:
    if name in _BOOLEANS:
        return isinstance(value, bool)
    if name in _SECONDS or name in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    if name in _STRING_LISTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if name in _STRING_MAPS:
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return isinstance(value, str)


def service_method(method: str) -> str:
    """``extension.resetState`` to ``extension_reset_state``."""
    return snake_case(method.replace(".", "_"))


def snake_case(name: str) -> str:
    """``healthWindow`` to ``health_window``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
