"""Access tokens: what was written is read, and nothing else passes."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.service.access_tokens import read, written

KEY = b"k" * 32


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20) | st.integers(), max_size=5))
def test_a_token_says_what_was_written_into_it(claims: dict[str, object]) -> None:
    token = read(written(claims, KEY))
    assert token.claims == claims
    assert token.is_signed_with(KEY)
    assert not token.is_signed_with(b"K" * 32)


@given(st.text(max_size=300) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_any_text_is_a_token_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert not read(text).is_signed_with(KEY)


@given(st.integers(min_value=0), st.characters(codec="ascii"))
def test_a_changed_token_is_not_signed(position: int, character: str) -> None:
    text = written({"appid": "a", "exp": 1}, KEY)
    at = position % len(text)
    changed = text[:at] + character + text[at + 1 :]
    with contextlib.suppress(ValueError):
        token = read(changed)
        # The last character of base64 has bits that say nothing.
        assert token == read(text) or not token.is_signed_with(KEY)
