"""What status and heartbeat files have in common: JSON from an untrusted handler, made safe to pass on."""

from __future__ import annotations

import json
import re

# Access tokens that handlers put into messages with the address they called (handler contract 1.6, case 37):
# the signature of a SAS token, keys of connection strings, and what OAuth and HTTP carry.
_SECRET = re.compile(
    r"\b(sig|sas|accountkey|sharedaccesskey|sharedaccesssignature|access_token|refresh_token|client_secret"
    r"|password|pwd)(\s*(?:=|%3d)\s*)[^\s&;\"'<>,)\]}]+"
    r"|\b(bearer)(\s+)[\w.~+/=-]{20,}",
    re.IGNORECASE,
)
_CODE = 64


def parse(data: bytes) -> object:
    """JSON in UTF-8, -16 or -32, with or without a BOM, as Windows tools write it.

    Raises:
        ValueError: It is none, or nested or long beyond reason.
    """
    try:
        document: object = json.loads(data)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    return document


def clean(text: str) -> str:
    """``text`` without access tokens, and without what cannot be stored or shown.

    Lone surrogates can be expressed by JSON and stored by neither UTF-8 nor SQLite; a NUL ends a text early
    for some readers.
    """
    return redact(text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00"))


def redact(text: str) -> str:
    """``text`` with the values of access tokens taken out."""
    return _SECRET.sub(lambda found: "".join(filter(None, found.groups())) + "<redacted>", text)


def text_of(value: object) -> str:
    """A text that a handler may also have left out, or written as something else."""
    return clean(value) if isinstance(value, str) else ""


def code_of(value: object) -> str | None:
    """Handlers write ``0``, ``"0"`` and negatives; all are passed on as they are. ``None``: it is no code."""
    if value is None:
        return "0"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    return clean(str(value)[:_CODE])
