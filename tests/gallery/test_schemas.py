"""The schemas of this room are themselves valid."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from jsonschema import Draft202012Validator


@pytest.mark.parametrize("name", ["handler-manifest", "image"])
def test_a_schema_is_a_valid_schema(name: str) -> None:
    text = resources.files("connectedmachine").joinpath("schemas", f"{name}.json").read_text("utf-8")
    Draft202012Validator.check_schema(json.loads(text))
