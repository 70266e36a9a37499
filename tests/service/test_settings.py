"""Settings: kept as text, applied when they change, protected ones never seen again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.service.json_text import members, same
from service.support import RG, SAMPLE, Desk, at, refused
from service.test_omitted_and_null import secret

TEXTS = [
    '{"version": 1.10}',
    '{"n": 123456789012345678901234567890}',
    '{"n": 1.0000000000000000000001, "e": 1E400}',
    '{"name": "Zürich \\u00fc 東京 \U0001f600"}',
    '{"z": 1, "a": 2, "m": {"y": [], "b": {}}}',
    '{ "spaced" :\t[ 1 ,2 ] }',
    '{"when": "2021-08-10T00:00:00Z", "null": null, "yes": true}',
    "{}",
]


def body(settings: str, member: str = "settings") -> str:
    return f'{{"properties": {{"publisher": "{SAMPLE}", "type": "Agent", "{member}": {settings}}}}}'


@pytest.fixture
def stocked(desk: Desk) -> Desk:
    desk.publish("Agent", "1.0")
    return desk


def runs(desk: Desk) -> list[object]:
    return [done["operation"] for done in desk.history()]


@pytest.mark.parametrize("text", TEXTS)
def test_settings_come_back_as_they_were_written(stocked: Desk, text: str) -> None:
    assert at(stocked.put("agent", body(text)), "properties.settingsText") == text
    assert at(stocked.get(), "properties.settingsText") == text


@pytest.mark.parametrize("text", TEXTS)
def test_protected_settings_are_kept_as_they_were_written(stocked: Desk, text: str) -> None:
    stocked.put("agent", body(text, "protectedSettings"))

    assert secret(stocked) == text


@pytest.mark.parametrize("member", ["settings", "protectedSettings"])
def test_changed_settings_are_applied_and_the_same_again_are_not(stocked: Desk, member: str) -> None:
    stocked.put("agent", body('{"a": 1, "b": 2}', member))
    stocked.put("agent", body('{"a": 1, "b": 3}', member))
    assert runs(stocked) == ["Configure", "Install"]

    stocked.put("agent", body('{"a": 1, "b": 3}', member))
    stocked.put("agent", body('{ "b":3,"a":1 }', member))

    assert runs(stocked) == ["Configure", "Install"]


@pytest.mark.parametrize(
    ("old", "new"), [("1", "true"), ("0", "false"), ("1.1", "1.10"), ("1", "1.0"), ("1e400", "1e500")]
)
@pytest.mark.parametrize("member", ["settings", "protectedSettings"])
def test_what_only_python_thinks_equal_is_a_change(stocked: Desk, member: str, old: str, new: str) -> None:
    stocked.put("agent", body(f'{{"on": {old}}}', member))

    stocked.put("agent", body(f'{{"on": {new}}}', member))

    assert runs(stocked) == ["Configure", "Install"]


def test_another_force_update_tag_runs_enable_again_and_the_same_does_not(stocked: Desk) -> None:
    stocked.create(settings={"a": 1}, forceUpdateTag="1")

    stocked.patch(forceUpdateTag="2")
    stocked.patch(forceUpdateTag="2")

    assert runs(stocked) == ["Configure", "Install"]
    assert at(stocked.get(), "properties.forceUpdateTag") == "2"
    assert at(stocked.get(), "properties.settingsText") == '{"a": 1}'
    steps = stocked.history()[0]["steps"]
    assert isinstance(steps, list)
    assert [step["name"] for step in steps] == ["enable(new)"]


def test_settings_given_with_a_version_are_one_operation(stocked: Desk) -> None:
    stocked.create(typeHandlerVersion="1.0")
    stocked.publish("Agent", "1.1")

    stocked.patch(typeHandlerVersion="1.1", settings={"a": 1})

    assert runs(stocked) == ["ChangeVersion", "Install"]


def test_settings_that_nobody_can_decrypt_any_more_can_be_set_again(stocked: Desk) -> None:
    stocked.put("agent", body('{"key": "old"}', "protectedSettings"))
    (stocked.service.store.home / "secrets.key").unlink()

    stocked.put("agent", body('{"key": "new"}', "protectedSettings"))

    assert secret(stocked) == '{"key": "new"}'


def test_protected_settings_are_nowhere_in_what_the_service_says_or_stores(stocked: Desk) -> None:
    word = "correct-horse-battery"
    request = body(json.dumps({"key": word}), "protectedSettings")
    stocked.publish("Agent", "1.1")
    service = stocked.service
    service.once("key-1", "extension.put", lambda: stocked.put("agent", request))
    stocked.run_pass()
    stocked.patch(typeHandlerVersion="1.0")
    stocked.heard.warning(stocked.preview("put", body=request))

    machine: dict[str, Any] = {"resource_group": RG, "machine": "m1"}
    said = json.dumps(
        [
            stocked.get(),
            service.extension_list(**machine),
            service.upgrade_history(**machine),
            service.upgrade_plan(**machine),
            service.upgrade_decisions(**machine),
            service.policy_get(**machine),
            service.machine_list(),
            stocked.heard.warnings,
            stocked.heard.shown,
        ]
    )
    assert word not in said
    assert "protectedSettings" not in said
    for path in service.store.home.rglob("*"):
        assert not path.is_file() or word.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "broken",
    [
        '{"key": "correct-horse", "key": 1} trailing',
        '"correct-horse"',
        '["correct-horse"]',
        '{"key": "correct-horse" "b": 1}',
        '{"key": NaN, "b": "correct-horse"}',
        '{"key": "correct-horse\\ud800"}',
    ],
)
def test_a_refusal_does_not_repeat_a_secret(stocked: Desk, broken: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        stocked.put("agent", body(broken, "protectedSettings"))

    found = refused(error, "InvalidRequestContent")
    assert "correct-horse" not in f"{found.message}{found.target}{found.hint}"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5), st.sampled_from([None, 2]), st.booleans())
def test_each_member_is_the_text_that_stands_there(
    document: dict[str, object], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)

    found = members(text)

    assert {key: json.loads(value) for key, value in found.items()} == document
    assert all(value in text for value in found.values())


@given(st.text())
def test_any_text_is_an_object_or_a_refusal(text: str) -> None:
    try:
        found = members(text)
    except ConnectedMachineError:
        return
    assert found.keys() == json.loads(text).keys()


@given(JSON_VALUES)
def test_layout_and_key_order_are_not_part_of_what_json_means(value: object) -> None:
    assert same(json.dumps(value), json.dumps(value, indent=3, sort_keys=True, ensure_ascii=False))
