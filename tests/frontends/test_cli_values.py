"""What people write on a command line."""

from __future__ import annotations

import json
import math
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.frontends import cli_values as values


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("5s", 5),
        ("0.5s", 0.5),
        ("5m", 300),
        ("1h30m", 5400),
        ("3d", 259_200),
        ("PT5M", 300),
        ("P3D", 259_200),
        ("P1DT1H", 90_000),
        ("pt0.5s", 0.5),
        ("00:05:00", 300),
        ("0:00:05.5", 5.5),
        ("3.00:00:00", 259_200),
    ],
)
def test_a_duration_is_read_in_each_spelling(text: str, seconds: float) -> None:
    assert values.duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "5", "s", "5 s", "-5s", "5s5m", "P", "PT", "P1DT", "1:2", "24:00:00", "0:60:00", "1e9s", "\u0665s"],
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="such as 5s, 5m, 3d, PT5M or 00:05:00"):
        values.duration(text)


@given(st.text(alphabet="0123456789.:dhmsPT ", max_size=12))
def test_a_duration_is_finite_and_not_negative_or_refused(text: str) -> None:
    try:
        seconds = values.duration(text)
    except ArgumentTypeError:
        return
    assert math.isfinite(seconds)
    assert seconds >= 0


@given(st.integers(0, 10_000), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_the_three_spellings_of_a_duration_agree(days: int, hours: int, minutes: int, seconds: int) -> None:
    expected = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    assert values.duration(f"{days}d{hours}h{minutes}m{seconds}s") == expected
    assert values.duration(f"P{days}DT{hours}H{minutes}M{seconds}S") == expected
    assert values.duration(f"{days}.{hours:02}:{minutes:02}:{seconds:02}") == expected


def test_the_word_default_takes_a_value_back() -> None:
    assert values.duration_or_default("default") is None
    assert values.text_or_default("default") is None
    assert values.duration_or_default("5s") == 5


@pytest.mark.parametrize("text", ["1", "t", "True", "y", "YES"])
def test_true_is_written_as_az_has_it(text: str) -> None:
    assert values.boolean(text) is True


@pytest.mark.parametrize("text", ["0", "f", "False", "n", "NO"])
def test_false_is_written_as_az_has_it(text: str) -> None:
    assert values.boolean(text) is False


@pytest.mark.parametrize("text", ["", "foo", "on", "2", "$true"])
def test_anything_else_is_neither(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="neither true nor false"):
        values.boolean(text)


def test_json_stays_as_it_was_written() -> None:
    assert values.json_object('{"ratio": 1.10}') == '{"ratio": 1.10}'
    assert values.json_object("null") == "null"


def test_json_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"port": 1}', encoding="utf-8-sig")
    assert json.loads(values.json_object(f"@{file}")) == {"port": 1}


@pytest.mark.parametrize("text", ["{", "[]", "3", '"text"', "port=1", "", "[" * 100_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="JSON"):
        values.json_object(text)


def test_a_refusal_does_not_repeat_what_may_be_a_secret() -> None:
    with pytest.raises(ArgumentTypeError) as refused:
        values.json_object('{"password": "hunter2"')
    assert "hunter2" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArgumentTypeError, match=r"nothing\.json"):
        values.json_object(f"@{tmp_path / 'nothing.json'}")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        ([""], {}),
        (["a=b", "c="], {"a": "b", "c": ""}),
        (["a=b=c"], {"a": "b=c"}),
        (['{"a": "b"}'], {"a": "b"}),
    ],
)
def test_tags_are_read_in_each_spelling(words: list[str], expected: dict[str, str]) -> None:
    assert values.tags(words) == expected


@pytest.mark.parametrize("words", [["=b"], ['{"a": 1}']])
def test_what_is_no_tag_is_refused(words: list[str]) -> None:
    with pytest.raises(ArgumentTypeError):
        values.tags(words)
