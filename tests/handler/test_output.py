"""What is shown of a command's output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.handler.output import join_output

EMPTY = "[stdout]\n\n\n[stderr]\n"
ROOM = 3200 - len(EMPTY)


def test_both_streams_are_shown() -> None:
    assert join_output(b"out", b"err") == "[stdout]\nout\n\n[stderr]\nerr"


def test_nothing_is_shown_of_a_command_that_said_nothing() -> None:
    assert join_output(b"", b" \n") == ""


def test_only_the_head_of_a_stream_is_read() -> None:
    assert "end" not in join_output(b"x" * 3200 + b"end", b"")


def test_each_half_keeps_its_tail_when_both_are_long() -> None:
    text = join_output(b"a" * 2000 + b"A", b"b" * 2000 + b"B")
    assert len(text) == 3200
    out, err = text.split("\n\n[stderr]\n")
    assert out.endswith("aA")
    assert err.endswith("bB")
    assert abs(out.count("a") - err.count("b")) <= 1


def test_a_short_half_leaves_its_room_to_the_other() -> None:
    assert join_output(b"a" * 3200, b"bb").count("a") == ROOM - 2
    assert join_output(b"aa", b"b" * 3200).count("b") == ROOM - 2


def test_undecodable_bytes_are_escaped() -> None:
    assert "caf\\xe9 \N{SNOWMAN}" in join_output(b"caf\xe9 \xe2\x98\x83", b"")


@given(st.binary(max_size=4000), st.binary(max_size=4000))
def test_any_output_becomes_a_text_of_bounded_length_that_can_be_stored(out: bytes, err: bytes) -> None:
    text = join_output(out, err)
    assert len(text) <= 3200
    text.encode()


def test_access_tokens_are_redacted() -> None:
    said = join_output(
        b"GET https://x.blob/y?sv=1&sig=s3cr3t&se=2", b"Authorization: Bearer abcdefghijklmnopqrstuvw"
    )
    assert "sig=<redacted>&se=2" in said
    assert "Bearer <redacted>" in said
