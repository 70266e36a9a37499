"""The method table: the same as the schemas and as the service, and strict about what it lets through."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import connectedmachine
import pytest
from connectedmachine.frontends.rpc_methods import METHODS, MUTATIONS, RpcError, allowed_parameters, checked
from connectedmachine.service import Service
from jsonschema import Draft202012Validator

SCHEMAS = Path(connectedmachine.__file__).with_name("schemas") / "rpc"
EXTENSION = {"resourceGroup": "rg", "machine": "m", "name": "e"}


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
    assert (schema["required"], set(properties)) == (required, allowed)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", ["text", True, 5, -1, 2.5, None, ["a"], [1], {"a": "b"}, {"a": 1}], ids=repr)
def test_table_and_schema_agree_on_types(method: str, value: object) -> None:
    """A schema may be narrower (an enumeration): what it lets through the table lets through too."""
    required, allowed = allowed_parameters(method)
    properties = params_schema(method)["properties"]
    assert isinstance(properties, dict)
    for name in allowed:
        if not Draft202012Validator(properties[name]).is_valid(value) if "$ref" not in properties[name] else True:
            continue
        params: dict[str, object] = dict.fromkeys(required, "text")
        if name in params:
            params[name] = value
        checked(method, {**params, name: value})


@pytest.mark.parametrize("method", METHODS)
def test_table_and_service_name_the_same_parameters(method: str) -> None:
    signature = inspect.signature(getattr(Service, method.replace(".", "_")))
    of_service = set(signature.parameters) - {"self", "follow"}
    required, allowed = allowed_parameters(method)
    names = {name: next(iter(checked_name(name))) for name in allowed - {"idempotencyKey"}}
    assert set(names.values()) == of_service
    must = {
        name
        for name, parameter in signature.parameters.items()
        if name != "self" and name != "follow" and parameter.default is inspect.Parameter.empty
    }
    assert {names[name] for name in required} == must
    assert ("follow" in signature.parameters) == (method in MUTATIONS)


def checked_name(name: str) -> dict[str, object]:
    """The keyword that a parameter becomes, by way of a method that has it."""
    for method in METHODS:
        required, allowed = allowed_parameters(method)
        if name in allowed:
            for value in ("x", True, 1, ["x"], {"x": "y"}):
                try:
                    arguments = checked(method, {**dict.fromkeys(required, "x"), name: value})
                except RpcError:
                    continue
                others = checked(method, dict.fromkeys([r for r in required if r != name], "x")) if name not in required else {}
                return {key: arguments[key] for key in arguments if key not in others and arguments[key] == value}
    raise AssertionError(name)


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
    params = {"resourceGroup": "rg", "machine": "m", "healthWindow": None, "preset": None}
    assert checked("policy.set", params) == {
        "resource_group": "rg",
        "machine": "m",
        "health_window": None,
        "preset": None,
    }
