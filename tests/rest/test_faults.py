"""A scenario makes the calls go wrong that it names, and no others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from starlette.types import Receive, Scope, Send

import connectedmachine
from connectedmachine.frontends.rest.faults import Faults, read_scenario
from connectedmachine.model.errors import InvalidRequestError
from rest.support import RESOURCE, TOKEN_PATH, Door, error_of, scenario
from rest.test_limits import run

BUSY: dict[str, object] = {"status": 429, "retryAfter": 3}


def test_the_schema_is_one() -> None:
    path = Path(connectedmachine.__file__).with_name("schemas") / "rest-scenario.json"
    Draft202012Validator.check_schema(json.loads(path.read_text("utf-8")))


def test_the_call_that_is_named_goes_wrong_and_no_other(tmp_path: Path) -> None:
    rules = scenario(tmp_path, {"method": "GET", "path": "/TEN*", "call": 2, "do": BUSY})
    door = Door(tmp_path / "home", rules)
    token = door.token()
    answers = [door.call("GET", RESOURCE, token=token) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert error_of(answers[1]) == (429, "TooManyRequests")
    assert answers[1].headers["retry-after"] == "3"


def test_without_a_number_every_call_goes_wrong(tmp_path: Path) -> None:
    rules = scenario(tmp_path, {"path": "/tenants", "do": {"status": 503, "code": "Down", "message": "x"}})
    door = Door(tmp_path / "home", rules)
    for _ in range(2):
        assert error_of(door.call("GET", RESOURCE)) == (503, "Down")


def test_another_method_or_path_is_served(tmp_path: Path) -> None:
    rules = scenario(
        tmp_path, {"method": "PUT", "path": "/tenants", "do": BUSY}, {"path": "/tenants/*", "do": BUSY}
    )
    door = Door(tmp_path / "home", rules)
    assert door.call("GET", RESOURCE, token=door.token()).status_code == 200


def test_the_token_endpoint_may_go_wrong_too(tmp_path: Path) -> None:
    door = Door(tmp_path / "home", scenario(tmp_path, {"path": "*/token", "call": 1, "do": BUSY}))
    form = door.credential()
    assert door.call("POST", TOKEN_PATH, form=form).status_code == 429
    assert door.call("POST", TOKEN_PATH, form=form).status_code == 200


def test_rules_count_apart_and_the_first_answer_counts(tmp_path: Path) -> None:
    rules = scenario(
        tmp_path,
        {"call": 1, "do": {"status": 500}},
        {"call": 1, "do": {"status": 501}},
        {"call": 2, "do": {"status": 502}},
    )
    door = Door(tmp_path / "home", rules)
    assert [door.call("GET", RESOURCE).status_code for _ in range(3)] == [500, 502, 401]


def test_a_delay_lets_the_call_go_on(tmp_path: Path) -> None:
    door = Door(tmp_path / "home", scenario(tmp_path, {"do": {"delaySeconds": 0.01}}))
    assert door.call("GET", RESOURCE, token=door.token()).status_code == 200


def test_a_failing_operation_is_handed_to_the_resource(tmp_path: Path) -> None:
    rules = scenario(tmp_path, {"do": {"failOperation": {"code": "HCRP400", "message": "Exit code 1."}}})
    seen: list[object] = []

    async def resource(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 # an application
        seen.append(scope["state"]["fail_operation"])

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await Faults(resource, rules)({**scope, "state": {}}, receive, send)

    run(with_state)
    assert seen == [("HCRP400", "Exit code 1.")]


def test_a_dropped_connection_gets_no_answer(tmp_path: Path) -> None:
    rules = scenario(tmp_path, {"do": {"dropConnection": True}})
    dropped: list[bool] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001 # an application
        raise AssertionError("it was served")

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        state = {"abort_connection": lambda: dropped.append(True)}
        await Faults(never, rules)({**scope, "state": state}, receive, send)

    assert run(with_state, {"type": "http.disconnect"}) == []
    assert dropped == [True]


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({}, "rules[0]"),
        ({"do": {}}, "rules[0].do"),
        ({"do": {"status": 200}}, "rules[0].do.status"),
        ({"do": {"status": "429"}}, "rules[0].do.status"),
        ({"do": {"status": 429, "dropConnection": True}}, "rules[0].do"),
        ({"do": {"retryAfter": 1}}, "rules[0].do"),
        ({"do": {"delaySeconds": -1}}, "rules[0].do.delaySeconds"),
        ({"do": {"failOperation": {"code": "X"}}}, "rules[0].do.failOperation"),
        ({"do": BUSY, "call": 0}, "rules[0].call"),
        ({"do": BUSY, "method": "get"}, "rules[0].method"),
        ({"do": {"status": 429, "code": "a\r\nb"}}, "rules[0].do.code"),
        ({"do": BUSY, "pfad": "x"}, "rules[0]"),
    ],
)
def test_a_wrong_rule_is_named_by_its_place(tmp_path: Path, rule: Mapping[str, object], place: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        scenario(tmp_path, rule)
    assert refused.value.code == "InvalidScenario"
    assert f"cannot be used: {place}: " in refused.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{\n  x", "line 2, column 3"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "the document"),
        (b" " * ((1 << 20) + 1), "larger than"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "scenario.json"
    path.write_bytes(content)
    with pytest.raises(InvalidRequestError, match=said):
        read_scenario(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        read_scenario(tmp_path / "none.json")
