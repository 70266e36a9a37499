"""JSON arrays as the texts of their items; objects are in ``test_bodies``."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.service.json_text import items

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.lists(VALUES), st.sampled_from(["", " ", "\n\t"]))
def test_the_items_of_an_array_are_its_texts(values: list[object], blank: str) -> None:
    texts = [json.dumps(value) for value in values]

    assert items(f"{blank}[{blank}{f'{blank},{blank}'.join(texts)}{blank}]{blank}") == texts


@pytest.mark.parametrize("text", ["", "{}", "[", "[1", "[1,]", "[1 2]", "[1]x", "[NaN]", "null"])
def test_what_is_no_array_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        items(text)

    assert refused.value.code == "InvalidRequestContent"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(InvalidRequestError):
        items(text)
