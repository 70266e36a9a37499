"""The schemas of what handlers read and write say what the code does."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import connectedmachine
from connectedmachine.handler.environment import prepare_folder
from connectedmachine.handler.heartbeat import INVALID_HEARTBEAT, parse_heartbeat
from connectedmachine.handler.settings import write_settings
from connectedmachine.handler.status import INVALID_STATUS, parse_status
from connectedmachine.model.identity import HandlerName

SCHEMAS = Path(connectedmachine.__file__).with_name("schemas")
# Neither what marks a broken file, nor what JSON has no word for.
TEXT = st.text(max_size=5).filter(lambda text: text not in (INVALID_STATUS, INVALID_HEARTBEAT))
NUMBER = st.integers(0, 9) | st.floats(0, 9)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
KIND = st.sampled_from(["success", "error", "warning", "transitioning", "ready", "notready"]) | JSON
MESSAGE = st.fixed_dictionaries({}, optional={"lang": JSON, "message": TEXT | JSON}) | JSON
PART = st.fixed_dictionaries(
    {}, optional={"name": JSON, "status": KIND, "code": NUMBER | JSON, "formattedMessage": MESSAGE}
)
WHOLE = st.fixed_dictionaries(
    {"status": KIND},
    optional={
        "name": JSON,
        "code": NUMBER | JSON,
        "formattedMessage": MESSAGE,
        "Message": MESSAGE,
        "substatus": st.lists(PART | JSON, max_size=3) | JSON,
    },
)


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text("utf-8")))


def file_of(key: str) -> st.SearchStrategy[object]:
    elements = st.fixed_dictionaries({key: WHOLE}) | st.fixed_dictionaries({}, optional={key: JSON}) | JSON
    return st.lists(elements, max_size=2) | JSON


@given(file_of("status"))
@example(None)
@example([])
def test_a_status_is_refused_exactly_when_it_breaks_the_schema(document: object) -> None:
    refused = parse_status(json.dumps(document).encode(), 1.0).code == INVALID_STATUS
    assert refused == (not validator("handler-status").is_valid(document))


@given(file_of("heartbeat"))
@example(None)
@example([])
def test_a_heartbeat_is_refused_exactly_when_it_breaks_the_schema(document: object) -> None:
    refused = parse_heartbeat(json.dumps(document).encode(), 1.0).code == INVALID_HEARTBEAT
    assert refused == (not validator("handler-heartbeat").is_valid(document))


@pytest.mark.parametrize("public", [None, '{"a": 1}'])
@pytest.mark.parametrize("protected", [None, '{"a": 1}'])
def test_settings_are_written_by_the_schema(folder: Path, public: str | None, protected: str | None) -> None:
    seq = write_settings(folder, 3, public, protected, folder.parent)
    data = (folder / "config" / f"{seq}.settings").read_bytes()
    if public is None and protected is None:
        assert data == b""
    else:
        validator("handler-settings").validate(json.loads(data))


def test_the_environment_file_is_written_by_the_schema(folder: Path, tmp_path: Path) -> None:
    prepare_folder(folder, tmp_path / "log", HandlerName("Contoso", "Agent"))
    validator("handler-environment").validate(json.loads((folder / "HandlerEnvironment.json").read_bytes()))
