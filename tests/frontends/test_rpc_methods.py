"""The method table: the same as the schemas and as the service, and strict about what it lets through."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import connectedmachine
from connectedmachine.frontends.rpc_methods import (
    METHODS,
    MUTATIONS,
    RpcError,
    allowed_parameters,
    checked,
    service_method,
    snake_case,
    type_of,
)
from connectedmachine.service import Service

SCHEMAS = Path(connectedmachine.__file__).with_name("schemas") / "rpc"
EXTENSION: dict[str, object] = {"resourceGroup": "rg", "machine": "m", "name": "e"}


def params_schema(method: str) -> dict[str, object]:
    schema = json.loads((SCHEMAS / f"{method}.json").read_text(encoding="utf-8"))
    params = schema["properties"]["params"]
    assert isinstance(params, dict)
    return params


def test_there_is_one_schema_for_each_method_and_nothing_else() -> None:
    names = {path.stem for path in SCHEMAS.iterdir()}
    assert names == {*METHODS, "frames", "resources"}


@pytest.mark.parametrize("path", sorted(SCHEMAS.iterdir()), ids=lambda path: path.stem)
def test_every_schema_is_one(path: Path) -> None:
    Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("method", METHODS)
def test_table_and_schema_name_the_same_parameters(method: str) -> None:
    required, allowed = allowed_parameters(method)
    schema = params_schema(method)
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert (schema["required"], frozenset(properties)) == (list(required), allowed)
    assert schema["additionalProperties"] is False


VALUES = ["text", True, 5, -1, 2.5, None, ["a"], [1], {"a": "b"}, {"a": 1}]


@pytest.mark.parametrize("method", METHODS)
def test_table_and_schema_agree_on_types(method: str) -> None:
    """A schema may be narrower, with an enumeration: what it lets through the table lets through too."""
    required, allowed = allowed_parameters(method)
    properties = params_schema(method)["properties"]
    assert isinstance(properties, dict)
    others = {name: 1 if type_of(name) == "a number of seconds" else "text" for name in required}
    for name in allowed:
        let_through = [value for value in VALUES if Draft202012Validator(properties[name]).is_valid(value)]
        assert let_through or "enum" in properties[name]
        for value in let_through:
            checked(method, {**others, name: value})
        for value in VALUES:
            if "enum" not in properties[name] and value not in let_through:
                with pytest.raises(RpcError):
                    checked(method, {**others, name: value})


@pytest.mark.parametrize("method", METHODS)
def test_table_and_service_name_the_same_parameters(method: str) -> None:
    parameters = dict(inspect.signature(getattr(Service, service_method(method))).parameters)
    del parameters["self"]
    assert ("follow" in parameters) == (method in MUTATIONS)
    parameters.pop("follow", None)
    required, allowed = allowed_parameters(method)
    # Service.once takes the key; the methods need not know of it.
    assert {snake_case(name) for name in allowed - {"idempotencyKey"}} == set(parameters)
    must = {name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty}
    assert {snake_case(name) for name in required} == must


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(RpcError) as refused:
        checked("extension.get", {**EXTENSION, "nmae": "x"})
    assert (refused.value.number, refused.value.target) == (-32602, "nmae")


def test_a_missing_parameter_is_refused_by_name() -> None:
    with pytest.raises(RpcError) as refused:
        checked("extension.get", {"resourceGroup": "rg", "name": "e"})
    assert (refused.value.number, refused.value.target) == (-32602, "machine")


@pytest.mark.parametrize(
    ("method", "params", "target"),
    [
        ("extension.get", {**EXTENSION, "name": 7}, "name"),
        ("extension.get", {**EXTENSION, "subscriptionId": None}, "subscriptionId"),
        ("extension.put", {**EXTENSION, "bodyText": "{}", "wait": "true"}, "wait"),
        ("extension.put", {**EXTENSION, "bodyText": {}}, "bodyText"),
        ("probe.add", {**EXTENSION, "command": "echo"}, "command"),
        ("probe.add", {**EXTENSION, "tcp": "a:1", "interval": True}, "interval"),
        ("probe.add", {**EXTENSION, "tcp": "a:1", "interval": None}, "interval"),
        ("policy.set", {"resourceGroup": "rg", "machine": "m", "healthWindow": -1}, "healthWindow"),
        ("policy.set", {"resourceGroup": "rg", "machine": "m", "healthWindow": float("nan")}, "healthWindow"),
        ("policy.set", {"resourceGroup": "rg", "machine": "m", "name": None}, "name"),
        ("machine.connect", {"resourceGroup": "rg", "name": "m", "tags": {"a": 1}}, "tags"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(
    method: str, params: dict[str, object], target: str
) -> None:
    with pytest.raises(RpcError) as refused:
        checked(method, params)
    assert (refused.value.number, refused.value.target) == (-32602, target)


def test_null_clears_a_policy_value() -> None:
    params: dict[str, object] = {
        "resourceGroup": "rg",
        "machine": "m",
        "healthWindow": None,
        "preset": None,
    }
    assert checked("policy.set", params) == {
        "resource_group": "rg",
        "machine": "m",
        "health_window": None,
        "preset": None,
    }


def test_null_clears_a_value_of_the_configuration() -> None:
    params: dict[str, object] = {"resourceGroup": "rg", "machine": "m", "allowList": None, "mode": None}
    assert checked("config.set", params)["allow_list"] is None
    with pytest.raises(RpcError):
        checked("config.set", {**params, "edit": None})
