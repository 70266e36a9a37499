"""What is wrong with a document that a user wrote, by one of the published JSON Schemas."""

from __future__ import annotations

import json
from importlib import resources


def violation(name: str, document: object) -> str | None:
    """``a.b[2]: why`` by ``schemas/<name>.json``, or ``None`` if nothing is wrong."""
    from jsonschema import Draft202012Validator  # heavy, and a plain read never needs it
    from jsonschema.exceptions import best_match

    schema = resources.files("connectedmachine").joinpath("schemas", f"{name}.json").read_text("utf-8")
    error = best_match(Draft202012Validator(json.loads(schema)).iter_errors(document))
    if error is None:
        return None
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return f"{place.lstrip('.') or 'the document'}: {error.message[:200]}"
