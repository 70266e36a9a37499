"""The policy file of Azure's Linux agent, ``waagent_policy.json`` (handler contract 3.3), to an allowlist.

Strict as the agent is: an unknown attribute or a value of another type is refused by name. The agent then
blocks every extension; here the file is refused and nothing changes. What the file may ask for and this
product does not do (signatures, runtime policies) is refused by name, too.
"""

from __future__ import annotations

import json
import re

from connectedmachine.model.configuration import Entry
from connectedmachine.model.errors import InvalidRequestError, NotSupportedError
from connectedmachine.model.identity import HandlerName

_Object = dict[str, object]

_VERSION = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", re.ASCII)
_NEWEST = (0, 1, 0)


def allow_list_of(text: str) -> tuple[Entry, ...]:
    """The allowlist that means the same; empty when the policy admits every extension.

    Raises:
        InvalidRequestError: ``InvalidPolicyFile``, with the path of the attribute as target.
        NotSupportedError: ``PolicyNotSupported``.
    """
    document = _object("the file", _parsed(text), ("policyVersion", "extensionPolicies"))
    _check_version(document)
    policies = _object(
        "extensionPolicies",
        document.get("extensionPolicies", {}),
        ("allowListedExtensionsOnly", "signatureRequired", "extensions"),
    )
    only = _boolean(policies, "extensionPolicies", "allowListedExtensionsOnly")
    signed = _boolean(policies, "extensionPolicies", "signatureRequired")
    extensions = _object("extensionPolicies.extensions", policies.get("extensions", {}), None)
    found: dict[str, Entry] = {}
    for name, policy in extensions.items():
        where = f"extensionPolicies.extensions.{name}"
        entry = _entry(where, name)
        if entry.handler.key in found:
            raise _invalid(where, f"'{name}' is there twice; names are compared without regard to case")
        found[entry.handler.key] = entry
        own = _object(where, policy, ("signatureRequired", "runtimePolicy"))
        if "runtimePolicy" in own:
            raise _unsupported(f"{where}.runtimePolicy")
        # What an extension says of itself comes before what is said of all.
        if _boolean(own, where, "signatureRequired", default=signed):
            individual = "signatureRequired" in own
            raise _unsupported(f"{where if individual else 'extensionPolicies'}.signatureRequired")
    if not only:
        if signed:
            raise _unsupported("extensionPolicies.signatureRequired")
        return ()
    return tuple(found.values()) or (Entry.parse("Allow/None"),)


def _parsed(text: str) -> object:
    def unique(members: list[tuple[str, object]]) -> _Object:
        seen: _Object = {}
        for name, value in members:
            if name in seen:
                raise _invalid(name, f"'{name}' is there twice")
            seen[name] = value
        return seen

    try:
        return json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise _invalid("the file", "the file is not JSON") from None


def _check_version(document: _Object) -> None:
    version = document.get("policyVersion")
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None:
        raise _invalid("policyVersion", "policyVersion is not a text such as 0.1.0")
    if tuple(int(part or 0) for part in match.groups()) > _NEWEST:
        raise _invalid("policyVersion", f"policyVersion {version} is newer than 0.1.0")


def _object(where: str, value: object, known: tuple[str, ...] | None) -> _Object:
    """``value`` as an object with no members but ``known``; ``None`` knows all."""
    if not isinstance(value, dict):
        raise _invalid(where, f"{where} is not an object")
    for name in value:
        if known is not None and name not in known:
            path = name if where == "the file" else f"{where}.{name}"
            raise _invalid(path, f"{path} is not known")
    return value


def _boolean(policy: _Object, where: str, name: str, *, default: bool = False) -> bool:
    value = policy.get(name, default)
    if not isinstance(value, bool):
        raise _invalid(f"{where}.{name}", f"{where}.{name} is neither true nor false")
    return value


def _entry(where: str, name: str) -> Entry:
    publisher, _, type_ = name.rpartition(".")
    try:
        return Entry(HandlerName.checked(publisher, type_))
    except InvalidRequestError:
        raise _invalid(where, f"'{name}' is no Publisher.Type") from None


def _invalid(where: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidPolicyFile",
        f"The policy cannot be used: {what}.",
        target=where,
        hint="Correct the file and import it again; nothing was changed.",
    )


def _unsupported(where: str) -> NotSupportedError:
    return NotSupportedError(
        "PolicyNotSupported",
        f"The policy asks for {where}, which is not supported.",
        target=where,
        hint="Take it out of the file and import it again; nothing was changed.",
    )
