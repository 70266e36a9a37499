"""The bodies of requests: which members there are, of which type, and whether they were given at all.

pydantic checks them; it is imported by whoever writes, never on the path of a read. What this product does
not know is refused by name (design page, section 9).
"""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.service.json_text import items, members


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


_Parsed = TypeVar("_Parsed", bound=_Body)


class ExtensionProperties(_Body):
    """``properties`` of a PUT or PATCH (REST reference, section 2).

    ``instanceView`` and ``provisioningState`` are the service's own: clients send back what they got, so
    they are accepted and ignored.
    """

    publisher: str | None = None
    type: str | None = None
    typeHandlerVersion: str | None = None  # noqa: N815 # Azure's name
    autoUpgradeMinorVersion: bool | None = None  # noqa: N815
    enableAutomaticUpgrade: bool | None = None  # noqa: N815
    forceUpdateTag: str | None = None  # noqa: N815
    provisionAfterExtensions: list[str] | None = None  # noqa: N815 # as Microsoft.Compute spells it
    settings: dict[str, JsonValue] | None = None
    protectedSettings: dict[str, JsonValue] | None = None  # noqa: N815
    provisioningState: str | None = None  # noqa: N815
    instanceView: dict[str, JsonValue] | None = None  # noqa: N815


class ExtensionBody(_Body):
    """A PUT or PATCH of an extension. ``id``, ``name``, ``type`` and ``systemData`` are ignored."""

    location: str | None = None
    tags: dict[str, str] | None = None
    properties: ExtensionProperties = Field(default_factory=ExtensionProperties)
    id: str | None = None
    name: str | None = None
    type: str | None = None
    systemData: dict[str, JsonValue] | None = None  # noqa: N815
    resourceGroup: str | None = None  # noqa: N815

    def gives(self, name: str) -> bool:
        """Say whether a member was given, also as null: null clears, what is omitted stays."""
        return name in self.model_fields_set or name in self.properties.model_fields_set


class ExtensionRequest:
    """A parsed body, with settings as the text that the user wrote."""

    def __init__(self, text: str, *, ignores_window: bool = False) -> None:
        """Parse ``text``; ``ignores_window`` is said beside it: Azure's bodies have no such member.

        Raises:
            InvalidRequestError: ``InvalidRequestContent``, naming the member.
        """
        self.ignores_window = ignores_window
        self.body = _parsed(ExtensionBody, text)
        inner = members(members(text).get("properties", "{}"))
        self.settings = _text(inner, "settings")
        self.protected_settings = _text(inner, "protectedSettings")


class MachineProperties(_Body):
    """``properties`` of a PUT or PATCH of a machine (REST reference, section 2).

    The first group describes a machine and is kept as it came; the second is the service's own: clients
    send back what they got, so it is accepted and ignored.
    """

    osType: str | None = None  # noqa: N815 # Azure's name
    vmId: str | None = None  # noqa: N815
    locationData: dict[str, JsonValue] | None = None  # noqa: N815
    osProfile: dict[str, JsonValue] | None = None  # noqa: N815
    cloudMetadata: dict[str, JsonValue] | None = None  # noqa: N815
    agentUpgrade: dict[str, JsonValue] | None = None  # noqa: N815
    licenseProfile: dict[str, JsonValue] | None = None  # noqa: N815
    serviceStatuses: dict[str, JsonValue] | None = None  # noqa: N815
    clientPublicKey: str | None = None  # noqa: N815
    identityKeyStore: str | None = None  # noqa: N815
    tpmEkCertificate: str | None = None  # noqa: N815
    privateLinkScopeResourceId: str | None = None  # noqa: N815
    parentClusterResourceId: str | None = None  # noqa: N815
    hardwareResourceId: str | None = None  # noqa: N815
    mssqlDiscovered: str | None = None  # noqa: N815

    provisioningState: JsonValue = None  # noqa: N815
    status: JsonValue = None
    statusReason: JsonValue = None  # noqa: N815
    lastStatusChange: JsonValue = None  # noqa: N815
    errorDetails: JsonValue = None  # noqa: N815
    agentConfiguration: JsonValue = None  # noqa: N815
    agentVersion: JsonValue = None  # noqa: N815
    displayName: JsonValue = None  # noqa: N815
    machineFqdn: JsonValue = None  # noqa: N815
    osName: JsonValue = None  # noqa: N815
    osVersion: JsonValue = None  # noqa: N815
    osSku: JsonValue = None  # noqa: N815
    osEdition: JsonValue = None  # noqa: N815
    vmUuid: JsonValue = None  # noqa: N815
    domainName: JsonValue = None  # noqa: N815
    adFqdn: JsonValue = None  # noqa: N815
    dnsFqdn: JsonValue = None  # noqa: N815
    detectedProperties: JsonValue = None  # noqa: N815
    networkProfile: JsonValue = None  # noqa: N815
    hardwareProfile: JsonValue = None  # noqa: N815
    storageProfile: JsonValue = None  # noqa: N815
    firmwareProfile: JsonValue = None  # noqa: N815
    extensions: JsonValue = None
    architecture: JsonValue = None
    simulated: JsonValue = None


class MachineBody(_Body):
    """A PUT or PATCH of a machine. ``id``, ``name``, ``type`` and what follows it are ignored."""

    location: str | None = None
    tags: dict[str, str] | None = None
    identity: dict[str, JsonValue] | None = None
    kind: str | None = None
    properties: MachineProperties = Field(default_factory=MachineProperties)
    id: JsonValue = None
    name: JsonValue = None
    type: JsonValue = None
    systemData: JsonValue = None  # noqa: N815
    resources: JsonValue = None
    resourceGroup: JsonValue = None  # noqa: N815

    @classmethod
    def parse(cls, text: str) -> MachineBody:
        """Parse ``text``.

        Raises:
            InvalidRequestError: ``InvalidRequestContent``, naming the member.
        """
        return _parsed(cls, text)

    def details(self) -> dict[str, object]:
        """What is given of the members that are kept as they came; null clears one."""
        given = {
            **{name: getattr(self, name) for name in self.model_fields_set},
            **{name: getattr(self.properties, name) for name in self.properties.model_fields_set},
        }
        return {name: value for name, value in given.items() if name in MACHINE_DETAILS}


MACHINE_DETAILS = (
    "identity",
    "kind",
    "vmId",
    "locationData",
    "osProfile",
    "cloudMetadata",
    "agentUpgrade",
    "licenseProfile",
    "serviceStatuses",
    "clientPublicKey",
    "identityKeyStore",
    "tpmEkCertificate",
    "privateLinkScopeResourceId",
    "parentClusterResourceId",
    "hardwareResourceId",
    "mssqlDiscovered",
)
"""Members of a machine that say something about it to people, and mean nothing here."""


class UpgradeTarget(_Body):
    """What ``upgradeExtensions`` wants of one handler."""

    targetVersion: str | None = None  # noqa: N815


class UpgradeExtensionsBody(_Body):
    """A POST to ``upgradeExtensions``."""

    extensionTargets: dict[str, UpgradeTarget]  # noqa: N815


class AddExtensionsBody(_Body):
    """A POST to ``addExtensions``."""

    extensions: list[ExtensionProperties]


def upgrade_targets(text: str) -> dict[str, UpgradeTarget]:
    """Parse ``{"<Publisher>.<Type>": {"targetVersion": "1.2"}}``.

    Raises:
        InvalidRequestError: ``InvalidRequestContent``.
    """
    try:
        return {key: UpgradeTarget.model_validate_json(value) for key, value in members(text).items()}
    except ValidationError as error:
        raise _refusal(error) from None


def extension_targets(text: str) -> str:
    """The targets of an ``upgradeExtensions`` body, as the text that ``upgrade_targets`` takes.

    Raises:
        InvalidRequestError: ``InvalidRequestContent``.
    """
    _parsed(UpgradeExtensionsBody, text)
    return members(text)["extensionTargets"]


def added_extensions(text: str) -> list[ExtensionRequest]:
    """The extensions of an ``addExtensions`` body, each with publisher and type.

    Raises:
        InvalidRequestError: ``InvalidRequestContent``.
    """
    listed = _parsed(AddExtensionsBody, text).extensions
    for number, properties in enumerate(listed):
        for name in ("publisher", "type"):
            if not getattr(properties, name):
                raise InvalidRequestError(
                    "InvalidRequestContent",
                    f"'extensions.{number}' names no {name}.",
                    target=f"extensions.{number}.{name}",
                    hint="Give publisher and type of each extension.",
                )
    return [ExtensionRequest(f'{{"properties": {item}}}') for item in items(members(text)["extensions"])]


def _parsed(model: type[_Parsed], text: str) -> _Parsed:
    members(text)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _refusal(error) from None


def _text(found: dict[str, str], name: str) -> str | None:
    value = found.get(name)
    return None if value in (None, "null") else value


def _refusal(error: ValidationError) -> InvalidRequestError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    if first["type"] == "extra_forbidden":
        message, hint = f"'{where}' is not supported.", "Leave it out."
    else:
        message, hint = f"'{where}' is not valid: {first['msg']}.", "Correct it and send the request again."
    return InvalidRequestError("InvalidRequestContent", message, target=where, hint=hint)
