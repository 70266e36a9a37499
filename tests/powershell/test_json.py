"""JSON text from PowerShell values and back; Python's json is the judge."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powershell.engine import Shell


def written(shared_shell: Shell, value: str) -> Any:
    """What WriteJson makes of a PowerShell expression."""
    return json.loads(shared_shell.within(f"WriteJson ({value})").only())


def quoted(text: str) -> str:
    """A PowerShell expression for ``text``, whatever is in it."""
    encoded = base64.b64encode(text.encode()).decode()
    return f"([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{encoded}')))"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("@{ a = @(1) }", {"a": [1]}),
        ("@{ a = @() }", {"a": []}),
        ("@{ a = @(@(1), @(2, 3)) }", {"a": [[1], [2, 3]]}),
        ("@{ a = ,@('x') }", {"a": [["x"]]}),
        ("@{}", {}),
        ("@{ a = $null }", {"a": None}),
        ("@{ a = $true; b = $false }", {"a": True, "b": False}),
        ("@{ a = [switch] $true }", {"a": True}),
        ("@{ a = 9007199254740993 }", {"a": 9007199254740993}),
        ("@{ a = [uint64]::MaxValue }", {"a": 2**64 - 1}),
        ("@{ a = [bigint]::Pow(10, 40) }", {"a": 10**40}),
        ("@{ a = 0.1 }", {"a": 0.1}),
        ("@{ a = 1e300 }", {"a": 1e300}),
        ("@{ a = [decimal] 12.50 }", {"a": 12.5}),
        ("@{ a = [datetime]::SpecifyKind('2026-01-02T03:04:05', 'Utc') }", {"a": "2026-01-02T03:04:05Z"}),
        ("@{ a = [datetimeoffset] '2026-01-02T03:04:05.25+02:00' }", {"a": "2026-01-02T01:04:05.25Z"}),
        ("@{ a = [DayOfWeek]::Friday }", {"a": "Friday"}),
        ("@{ a = [char] 'x' }", {"a": "x"}),
        ("@{ a = [version] '1.10' }", {"a": "1.10"}),
        ("@{ a = [guid]::Empty }", {"a": "00000000-0000-0000-0000-000000000000"}),
        ("@{ a = [uri] 'http://x/y' }", {"a": "http://x/y"}),
        ("[ordered]@{ b = 1; a = 2 }", {"b": 1, "a": 2}),
        ("[pscustomobject]@{ a = [pscustomobject]@{ b = 1 } }", {"a": {"b": 1}}),
        ("@{ a = [Collections.Generic.List[int]] (1, 2) }", {"a": [1, 2]}),
        ("@{ a = ('x' | Add-Member -NotePropertyName Note -NotePropertyValue 1 -PassThru) }", {"a": "x"}),
        ("@{ 1 = 'number as key' }", {"1": "number as key"}),
    ],
)
def test_a_value_is_written_as_it_is(shared_shell: Shell, expression: str, value: object) -> None:
    assert written(shared_shell, expression) == value


def test_the_order_of_an_ordered_dictionary_is_kept(shared_shell: Shell) -> None:
    assert (
        shared_shell.within("WriteJson ([ordered]@{ z = 1; a = 2; m = 3 })").only() == '{"z":1,"a":2,"m":3}'
    )


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("$a = @{}; $a.a = $a; $a", "deeper than 64"),
        ("@{ a = Get-Process -Id $PID }", "System.Diagnostics.Process"),
        ("@{ a = [double]::NaN }", "NaN"),
        ("@{ a = { 1 } }", "ScriptBlock"),
        ("@{ a = (ConvertTo-SecureString 'x' -AsPlainText -Force) }", "SecureString"),
    ],
)
def test_what_is_no_json_is_refused_by_name(shared_shell: Shell, expression: str, word: str) -> None:
    assert word in shared_shell.within(f"$value = $({expression}); WriteJson $value").problem.message


def test_secure_strings_are_opened_only_when_asked(shared_shell: Shell) -> None:
    value = "@{ a = (ConvertTo-SecureString 'p' -AsPlainText -Force) }"
    assert shared_shell.within(f"WriteJson ({value}) -OpenSecrets").only() == '{"a":"p"}'


def test_what_is_nested_64_deep_is_written(shared_shell: Shell) -> None:
    text = shared_shell.within("$v = 1; foreach ($i in 1..63) { $v = @{ a = $v } }; WriteJson $v").only()
    assert text.count("a") == 63


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=JSON, ascii_only=st.booleans())
@settings(max_examples=150, deadline=None)
def test_reading_and_writing_gives_the_same_value(
    shared_shell: Shell, value: object, ascii_only: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    again = shared_shell.within(f"WriteJson (ReadJson {quoted(text)})").only()
    assert json.loads(again) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    ['{"a":1', '{"a":"x', '{"value":[{"a":1}', "[1,2", "", "{", '{"a":1}}', '{"a":1} x', "tru", '{"a":01x}'],
)
def test_a_text_that_was_cut_short_is_no_value(shared_shell: Shell, text: str) -> None:
    assert "not one whole JSON value" in shared_shell.within(f"ReadJson '{text}'").problem.message


def test_a_text_that_looks_like_a_date_stays_text(shared_shell: Shell) -> None:
    outcome = shared_shell.within('(ReadJson \'{"a":"2026-01-02T03:04:05Z"}\').a')
    assert outcome.only() == "2026-01-02T03:04:05Z"


def test_keys_are_found_without_regard_to_case(shared_shell: Shell) -> None:
    assert shared_shell.within('(ReadJson \'{"CommandToExecute":"x"}\').commandtoexecute').only() == "x"


def test_keys_that_differ_by_case_only_are_both_kept(shared_shell: Shell) -> None:
    outcome = shared_shell.within(
        "$v = ReadJson '{\"a\":1,\"A\":2,\"b\":3}'; $v['a'], $v['A'], $v['b'] -join ' '"
    )
    assert outcome.only() == "1 2 3"


def test_an_empty_key_is_a_key(shared_shell: Shell) -> None:
    assert shared_shell.within("(ReadJson '{\"\":5}')['']").only() == "5"


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("7", "Int32", "7"),
        ("-2147483649", "Int64", "-2147483649"),
        ("9223372036854775808", "BigInteger", "9223372036854775808"),
        ("1.5", "Double", "1.5"),
        ("1e2", "Double", "100"),
        ("true", "Boolean", "True"),
    ],
)
def test_numbers_have_the_type_that_holds_them(
    shared_shell: Shell, text: str, type_: str, value: str
) -> None:
    assert shared_shell.within(f"$v = ReadJson '{text}'; $v.GetType().Name; $v").output == [type_, value]


def test_a_list_of_one_stays_a_list(shared_shell: Shell) -> None:
    assert shared_shell.within('(ReadJson \'{"a":[{"b":1}]}\').a.GetType().Name').only() == "Object[]"
