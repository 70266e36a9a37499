"""The settings file of an extension (handler contract 1.4 and 1.5)."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from connectedmachine.handler._files import write_durably
from connectedmachine.handler.certificate import encrypt_for, ensure_certificate
from connectedmachine.handler.layout import file_stem, make_private
from connectedmachine.model.errors import InvalidRequestError


def write_settings(
    folder: Path,
    sequence: int,
    settings: str | None,
    protected_settings: str | None,
    certificate_folder: Path,
    extension: str | None = None,
) -> int:
    """Write ``config/<sequence>.settings``, or an empty ``config/0.settings`` when there are no settings.

    The JSON of ``settings`` goes into the file as it was written, so that no number loses a digit.

    Args:
        folder: The version folder.
        sequence: Number of these settings.
        settings: Text of a JSON object, or ``None``.
        protected_settings: Text of a JSON object, or ``None``; reaches the disk encrypted only.
        certificate_folder: Where the machine's certificate is or shall be: the library's root.
        extension: Comes before the number in the file's name, where the handler may have several.

    Returns:
        The number in effect, for ``ConfigSequenceNumber``: 0 when there are no settings.

    Raises:
        InvalidRequestError: ``InvalidSettings`` when a text is not a JSON object.
        DiskFullError: ``DiskFull``.
    """
    config = folder / "config"
    make_private(config)
    if settings is None and protected_settings is None:
        write_durably(config / f"{file_stem(extension, 0)}.settings", b"")
        return 0
    public = "null" if settings is None else _json_object(settings, "settings")
    protected, thumbprint = "null", "null"
    if protected_settings is not None:
        plain = _json_object(protected_settings, "protectedSettings").encode()
        name = ensure_certificate(certificate_folder)
        protected = json.dumps(base64.b64encode(encrypt_for(certificate_folder, name, plain)).decode())
        thumbprint = json.dumps(name)
    document = (
        '{"runtimeSettings":[{"handlerSettings":{'
        f'"protectedSettingsCertThumbprint":{thumbprint},'
        f'"protectedSettings":{protected},'
        f'"publicSettings":{public}'
        "}}]}"
    )
    write_durably(config / f"{file_stem(extension, sequence)}.settings", document.encode())
    return sequence


def _json_object(text: str, what: str) -> str:
    try:
        is_object = isinstance(json.loads(text, parse_constant=_refuse_constant), dict)
        text.encode()  # half of a surrogate pair is text for Python and for no file
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        # Neither the text nor the parser's message: both may hold a secret.
        raise InvalidRequestError(
            "InvalidSettings",
            f"The {what} are not a JSON object.",
            target=what,
            hint='Pass a JSON object, for example {"port": 8080}.',
        )
    return text


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
