"""From the options of a command to calls of the service, where that is more than passing them on."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TYPE_CHECKING

from connectedmachine.frontends.cli_values import boolean, content, tags
from connectedmachine.frontends.rpc_methods import METHODS, MUTATIONS, service_method
from connectedmachine.model.errors import InvalidRequestError, NotFoundError
from connectedmachine.model.upgrade_plan import place

if TYPE_CHECKING:
    from connectedmachine.frontends.cli_terminal import Terminal
    from connectedmachine.service import Service

Options = dict[str, object]
"""Options that were given, by the service's names."""

CONFIGURATION = {
    "config.mode": "mode",
    "extensions.allowlist": "allow_list",
    "extensions.blocklist": "block_list",
    "extensions.enabled": "extensions_enabled",
}
"""azcmagent's names of a machine's configuration, and the service's."""

Call = Callable[["Service", Options, "Terminal"], object]
"""Does a command; returns what it shows."""

# The members of request bodies: of the resource, of its properties, and those that are JSON text already.
_RESOURCE = ("location", "tags", "identity", "kind")
_PROPERTIES = (
    "publisher",
    "type",
    "typeHandlerVersion",
    "autoUpgradeMinorVersion",
    "enableAutomaticUpgrade",
    "provisionAfterExtensions",
    "forceUpdateTag",
    "settings",
    "protectedSettings",
    "locationData",
    "osProfile",
    "agentUpgrade",
    "parentClusterResourceId",
    "privateLinkScopeResourceId",
)
_JSON_TEXTS = ("settings", "protectedSettings", "identity", "locationData", "osProfile", "agentUpgrade")


def passed_on(method: str, by: str = "CLI") -> Call:
    """A call of the service's ``method`` with the options as they are; ``by`` begins the initiator's name."""

    def call(service: Service, options: Options, terminal: Terminal) -> object:
        # None: what only this front end offers, such as credentials.
        named = next((name for name in METHODS if service_method(name) == method), None)
        do = getattr(service, method)
        if named is None or named not in MUTATIONS:
            return do(**options)
        mutation = {**_with_tags(options), "follow": terminal, "initiator": initiator(by)}
        if "wait" not in METHODS[named][1].split():
            return do(**mutation)
        with terminal.waiting():
            return do(**mutation)

    return call


def connect(service: Service, options: Options, terminal: Terminal) -> object:
    """Connect this host under its own name, unless another is given."""
    import socket

    named = {"name": socket.gethostname().split(".")[0], **options}
    return passed_on("machine_connect")(service, named, terminal)


def written(method: str) -> Call:
    """A call of a method that takes a request body, put together from the options."""

    def call(service: Service, options: Options, terminal: Terminal) -> object:
        rest, body = _split(_with_tags(options))
        return passed_on(method)(service, {**rest, "body_text": body}, terminal)

    return call


def delete(service: Service, options: Options, terminal: Terminal) -> object:
    """Remove an extension, after a question unless ``--yes`` answers it."""
    if not options.pop("yes", False):
        terminal.confirm(f"Remove extension '{options['name']}' from machine '{options['machine']}'?")
    return passed_on("extension_remove")(service, options, terminal)


def check(service: Service, options: Options, terminal: Terminal) -> object:
    """Check a package, after a question unless ``--yes`` answers it: a stranger's programs run here."""
    if not options.pop("yes", False):
        terminal.confirm(f"Run the commands of '{options['path']}' on this host, as you?")
    with terminal.unwinding():
        return passed_on("image_check")(service, options, terminal)


def delete_machine(service: Service, options: Options, terminal: Terminal) -> object:
    """Forget a machine, after a question unless ``--yes`` answers it."""
    if not options.pop("yes", False):
        terminal.confirm(f"Forget machine '{options['name']}' and its history?")
    return passed_on("machine_remove")(service, options, terminal)


def upgrade_extension(service: Service, options: Options, terminal: Terminal) -> object:
    """Move extensions to given versions; ``target-version`` is az's spelling of ``targetVersion``."""
    targets = json.loads(str(options.pop("targets"))) or {}
    for target in targets.values():
        if isinstance(target, dict) and "target-version" in target:
            target.setdefault("targetVersion", target.pop("target-version"))
    named = {**options, "targets_text": json.dumps(targets)}
    return passed_on("extension_upgrade")(service, named, terminal)


def run_pass(service: Service, options: Options, terminal: Terminal) -> object:
    """A pass over one machine, or that of a plan; when neither is given, over every one that is this host."""
    run = passed_on("upgrade_run")
    if "plan_text" in options:
        named = zip(
            ("subscription_id", "resource_group", "machine"), place(str(options["plan_text"])), strict=True
        )
        return run(service, {**dict(named), **options}, terminal)
    return _pass(service, options, terminal, run)


def scheduled_pass(service: Service, options: Options, terminal: Terminal) -> object:
    """A pass over this host when the system's scheduler is who asks."""
    return _pass(service, options, terminal, passed_on("upgrade_run", by="Task"))


def _pass(service: Service, options: Options, terminal: Terminal, run: Call) -> object:
    if "machine" in options:
        if "resource_group" not in options:
            raise _missing("--machine-name needs --resource-group.")
        return run(service, options, terminal)
    if "name" in options:
        raise _missing("--name needs --machine-name.")
    among: Options = {key: options[key] for key in ("resource_group", "subscription_id") if key in options}
    listed = passed_on("machine_list")(service, among, terminal)
    machines = [machine for machine in _items(listed) if not _properties(machine)["simulated"]]
    if not machines:
        raise NotFoundError(
            "ResourceNotFound",
            "This host is connected as no machine.",
            hint="Connect-AzConnectedMachine does that; -MachineName names a simulated one.",
        )
    decisions: list[object] = []
    for machine in machines:
        where = {"resource_group": machine["resourceGroup"], "machine": machine["name"]}
        decisions += _items(run(service, {**options, **where}, terminal))
    return {"value": decisions}


def retry(service: Service, options: Options, terminal: Terminal) -> object:
    """A pass for which nothing that failed has to wait."""
    return passed_on("upgrade_run")(service, {**options, "retry": True}, terminal)


def config_list(service: Service, options: Options, terminal: Terminal) -> object:
    """Every property of a machine's configuration."""
    return _as_properties(passed_on("config_get")(service, options, terminal), *CONFIGURATION)


def config_get(service: Service, options: Options, terminal: Terminal) -> object:
    """One property."""
    named = str(options.pop("property"))
    return _as_properties(passed_on("config_get")(service, options, terminal), named)


def config_set(service: Service, options: Options, terminal: Terminal) -> object:
    """Set one property; the entries of a list have commas between them, as azcmagent has it."""
    named, text = str(options.pop("property")), str(options.pop("value"))
    value: object = text
    if CONFIGURATION[named].endswith("_list"):
        value = [entry.strip() for entry in text.split(",") if entry.strip()]
    elif "edit" in options:
        raise InvalidRequestError(
            "InvalidArgument", f"{named} is no list.", target=named, hint="Leave --add or --remove out."
        )
    if named == "extensions.enabled":
        value = _boolean(named, text)
    return _set(service, {**options, CONFIGURATION[named]: value}, terminal, named)


def config_clear(service: Service, options: Options, terminal: Terminal) -> object:
    """Give one property its default."""
    named = str(options.pop("property"))
    return _set(service, {**options, CONFIGURATION[named]: None}, terminal, named)


def config_import(service: Service, options: Options, terminal: Terminal) -> object:
    """Take the allowlist from a policy file."""
    file = str(options.pop("file"))
    try:
        named = {**options, "policy_text": content(file)}
    except ArgumentTypeError as error:
        message = f"Argument FILE: {error}."
        raise InvalidRequestError("InvalidArgument", message, target=file, hint="Give another.") from error
    return _as_properties(passed_on("config_import")(service, named, terminal), *CONFIGURATION)


def _set(service: Service, options: Options, terminal: Terminal, named: str) -> object:
    return _as_properties(passed_on("config_set")(service, options, terminal), named)


def _as_properties(configuration: object, *names: str) -> object:
    assert isinstance(configuration, dict)
    from connectedmachine.service.views import camel_case

    shown = [{"property": name, "current": configuration[camel_case(CONFIGURATION[name])]} for name in names]
    if len(names) == 1:
        return shown[0]
    if configuration["modeAllowList"]:
        shown.append({"property": "config.mode allows", "current": configuration["modeAllowList"]})
    return {"value": shown}


def _boolean(named: str, text: str) -> bool:
    try:
        return boolean(text)
    except ArgumentTypeError as error:
        message = f"Property {named}: {error}."
        raise InvalidRequestError(
            "InvalidArgument", message, target=named, hint="Write true or false."
        ) from error


def _with_tags(options: Options) -> Options:
    if "tags" not in options:
        return options
    words = options["tags"]
    assert isinstance(words, list)
    try:
        return {**options, "tags": tags(words)}
    except ArgumentTypeError as error:
        raise InvalidRequestError(
            "InvalidArgument",
            f"Argument --tags: {error}.",
            target="--tags",
            hint='Write --tags env=test owner=me, or --tags \'{"env": "test"}\'.',
        ) from error


def _split(options: Options) -> tuple[Options, str]:
    """The options that are not part of a request body, and the body; settings stay as they were written."""
    members = [_member(name, options) for name in _RESOURCE if name in options]
    properties = [_member(name, options) for name in _PROPERTIES if name in options]
    members.append(f'"properties": {{{", ".join(properties)}}}')
    rest = {key: value for key, value in options.items() if key not in (*_PROPERTIES, *_RESOURCE)}
    return rest, f"{{{', '.join(members)}}}"


def _member(name: str, options: Options) -> str:
    value = options[name] if name in _JSON_TEXTS else json.dumps(options[name])
    return f"{json.dumps(name)}: {value}"


def initiator(by: str) -> str:
    """Who asks, and by what."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without an account, and nothing in the environment
        user = "?"
    return f"{by}: {user}@{socket.gethostname()}"


def _missing(message: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidArgument", message, hint="Name the machine, or leave both out to look at this host."
    )


def _items(result: object) -> list[dict[str, object]]:
    assert isinstance(result, dict)
    return list(result["value"])


def _properties(machine: dict[str, object]) -> dict[str, object]:
    properties = machine["properties"]
    assert isinstance(properties, dict)
    return properties
