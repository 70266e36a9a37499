"""What status and heartbeat files have in common: JSON from an untrusted handler, made safe to pass on."""

from __future__ import annotations

import json


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
    """``text`` without lone surrogates, which JSON can express and neither UTF-8 nor SQLite can store."""
    return text.encode("utf-8", "backslashreplace").decode()
