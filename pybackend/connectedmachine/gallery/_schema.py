"""JSON Schemas of files that others write, compiled once per process."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@cache
def _validator(name: str) -> Validator:
    from jsonschema import Draft202012Validator  # heavy, and a plain read of the store never needs it

    text = resources.files("connectedmachine").joinpath("schemas", f"{name}.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def violation(name: str, document: Any) -> str | None:
    """What is wrong with ``document`` by the schema ``name``: ``a.b: why``, or ``None`` if nothing is."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(name).iter_errors(document))
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "document"
    return f"{place}: {error.message[:200]}"
