"""The bodies of requests: which members there are, of which type, and whether they were given at all.

pydantic checks them; it is imported by whoever writes, never on the path of a read. What this product does
not know is refused by name (design page, section 9).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.service.json_text import members


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


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

    def __init__(self, text: str) -> None:
        """Parse ``text``.

        Raises:
            InvalidRequestError: ``InvalidRequestContent``, naming the member.
        """
        outer = members(text)
        try:
            self.body = ExtensionBody.model_validate_json(text)
        except ValidationError as error:
            raise _refusal(error) from None
        inner = members(outer.get("properties", "{}"))
        self.settings = _text(inner, "settings")
        self.protected_settings = _text(inner, "protectedSettings")


class UpgradeTarget(_Body):
    """What ``upgradeExtensions`` wants of one handler."""

    targetVersion: str | None = None  # noqa: N815


def upgrade_targets(text: str) -> dict[str, UpgradeTarget]:
    """Parse ``{"<Publisher>.<Type>": {"targetVersion": "1.2"}}``.

    Raises:
        InvalidRequestError: ``InvalidRequestContent``.
    """
    try:
        return {key: UpgradeTarget.model_validate_json(value) for key, value in members(text).items()}
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
