"""Plan files come from outside: read as they were written, or refused by name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.upgrade_plan import PlannedMove, UpgradePlan, parse, place
from connectedmachine.model.version import Version

MOVE = PlannedMove(
    "agent", ("agent",), OperationKind.CHANGE_VERSION, True, Version.parse("1.0"), Version.parse("1.1"),
    "ab" * 32, (3,), 300.0, 30.0, None,
)  # fmt: skip
REMOVAL = PlannedMove("b", ("b",), OperationKind.REMOVE, False, None, None, None, (), 0.0, 0.0, None)
PLAN = UpgradePlan("id", None, (MOVE, REMOVAL))

json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_plan_is_read_as_it_was_written() -> None:
    assert parse(json.dumps(PLAN.to_json())) == PLAN


def test_the_digest_is_of_what_is_done_not_of_how_it_is_written() -> None:
    written = PLAN.to_json()
    written["takenAt"] = "whenever"
    text = json.dumps(dict(reversed(written.items())), indent=4).replace("300.0", "300")
    assert parse(text) == PLAN
    assert UpgradePlan("id", None, (REMOVAL, MOVE)).digest == PLAN.digest


@given(st.sampled_from([*PLAN.to_json(), *MOVE.to_json()]), json_values)
def test_a_plan_with_anything_changed_is_refused_by_name(name: str, value: object) -> None:
    written = json.loads(json.dumps(PLAN.to_json()))
    (written if name in written else written["moves"][0])[name] = value
    text = json.dumps(written)
    if written == json.loads(json.dumps(PLAN.to_json())):
        assert parse(text) == PLAN
        return
    with pytest.raises(InvalidRequestError) as refused:
        parse(text)
    assert refused.value.code == "InvalidPlan"


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"moves": [1]}', "[" * 100_000, '{"machine": 1}'])
def test_what_is_no_plan_is_refused_by_name(text: str) -> None:
    for read in (parse, place):
        with pytest.raises(InvalidRequestError) as error:
            read(text)
        assert error.value.code == "InvalidPlan"
