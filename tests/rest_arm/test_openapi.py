"""The OpenAPI document says what is served; the published examples are replayed against both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from connectedmachine.frontends.rest.openapi import document
from connectedmachine.frontends.rest.table import OPERATIONS, Operation
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from rest_arm.support import MACHINE, MACHINES, Arm
from service.support import Desk

REGISTRY = Registry().with_resource("openapi", DRAFT202012.create_resource(document()))
NAMES = {"subscription": NIL_SUBSCRIPTION, "group": "rg", "machine": "m1", "extension": "agent",
         "location": "westeurope", "publisher": "Contoso.Sample", "type": "Agent", "version": "1.0",
         "operation": "none"}  # fmt: skip


def validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"openapi#/components/schemas/{schema}"}, registry=REGISTRY)


def check(schema: str, value: object) -> None:
    validator(schema).validate(value)


def schemas_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == "$ref":
                yield str(inner)
            yield from schemas_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas_in(inner)


def test_it_is_served_without_a_version(arm: Arm) -> None:
    assert arm.client.get("/openapi.json").json() == document()


def test_every_reference_in_it_leads_somewhere() -> None:
    components = document()["components"]
    assert isinstance(components, dict)
    known = {f"#/components/schemas/{name}" for name in components["schemas"]}
    assert set(schemas_in(document())) <= known
    for name, schema in components["schemas"].items():
        Draft202012Validator.check_schema(schema), name


@pytest.fixture
def agent(desk: Desk) -> Desk:
    desk.publish("Agent", "1.0", "1.1")
    desk.create(typeHandlerVersion="1.0", settings={"a": 1})
    return desk


@pytest.mark.usefixtures("agent")
def test_what_is_read_is_as_described(arm: Arm) -> None:
    for operation in OPERATIONS:
        if operation.method == "GET" and "{operation}" not in operation.path:
            answer = arm.ask("GET", operation.path.format(**NAMES))
            assert answer.status_code == 200, operation.id
            check(operation.answers[200], answer.json())


@pytest.mark.usefixtures("agent")
def test_a_refusal_is_as_described(arm: Arm) -> None:
    check("Error", arm.ask("GET", f"{MACHINE}/extensions/none").json())


# The published examples, with the names of a machine that is here (REST reference, section 3).

PUT_EXTENSION = {
    "location": "eastus2euap",
    "properties": {
        "publisher": "Microsoft.Compute",
        "type": "CustomScriptExtension",
        "typeHandlerVersion": "1.10",
        "settings": {"commandToExecute": 'powershell.exe -c "Get-Process"'},
    },
}
PATCH_EXTENSION = {
    "properties": {
        "publisher": "Microsoft.Compute",
        "type": "CustomScriptExtension",
        "typeHandlerVersion": "1.10",
        "enableAutomaticUpgrade": True,
        "settings": {"commandToExecute": 'powershell.exe -c "Get-Process"'},
    }
}
UPGRADE = {"extensionTargets": {"Microsoft.Compute.CustomScriptExtension": {"targetVersion": "1.10"}}}
ADD = {"extensions": [{"type": "CustomScriptExtension", "publisher": "Microsoft.Compute"}]}
PUT_MACHINE = {
    "identity": {"type": "SystemAssigned"},
    "location": "eastus2euap",
    "properties": {
        "locationData": {"name": "Redmond"},
        "vmId": "b7a098cc-b0b8-46e8-a205-62f301a62a8f",
        "clientPublicKey": "string",
        "privateLinkScopeResourceId": "/subscriptions/s/resourceGroups/g/scopes/p",
        "parentClusterResourceId": "/subscriptions/s/providers/Microsoft.AzureStackHCI/clusters/c",
        "osProfile": {"windowsConfiguration": {"patchSettings": {"assessmentMode": "AutomaticByPlatform"}}},
    },
}
PATCH_MACHINE = {
    "identity": {"type": "SystemAssigned"},
    "properties": {
        "locationData": {"name": "Redmond"},
        "osProfile": {
            "windowsConfiguration": {"patchSettings": {"patchMode": "Manual"}},
            "linuxConfiguration": {"patchSettings": {"patchMode": "Manual"}},
        },
    },
}


def test_the_published_examples_of_extensions_are_taken(arm: Arm, desk: Desk) -> None:
    desk.publish("CustomScriptExtension", "1.10.3", publisher="Microsoft.Compute")
    path = f"{MACHINE}/extensions/CustomScriptExtension"

    for method, url, body, schema in (
        ("PUT", path, PUT_EXTENSION, "ExtensionBody"),
        ("PATCH", path, PATCH_EXTENSION, "ExtensionBody"),
        ("POST", f"{MACHINE}/upgradeExtensions", UPGRADE, "UpgradeExtensionsBody"),
        ("POST", f"{MACHINE}/addExtensions", ADD, "AddExtensionsBody"),
        ("DELETE", path, None, ""),
    ):
        if schema:
            check(schema, body)
        answer = arm.ask(method, url, body)
        assert (answer.status_code, answer.content) == (202, b"")
        found = arm.done(answer)
        check("OperationStatus", found)
        if method == "PUT":
            check("MachineExtension", found["properties"])
            properties = arm.get(path)["properties"]
            assert isinstance(properties, dict)
            assert properties["typeHandlerVersion"] == "1.10.3.0"
            assert properties["autoUpgradeMinorVersion"] is False


@pytest.mark.usefixtures("desk")
def test_the_published_examples_of_machines_are_taken(arm: Arm) -> None:
    for method, body in (("PUT", PUT_MACHINE), ("PATCH", PATCH_MACHINE)):
        check("MachineBody", body)
        answer = arm.ask(method, f"{MACHINES}/m2", body)
        assert answer.status_code == 200
        check("Machine", answer.json())
    assert arm.get(f"{MACHINES}/m2")["properties"]["vmId"] == "b7a098cc-b0b8-46e8-a205-62f301a62a8f"  # type: ignore[index]


# Whatever is asked, the answer is one of those described.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    ["location", "tags", "properties", "identity", "extensions", "extensionTargets", "id", "kind", "settings"]
)
BODIES = st.one_of(
    st.builds(json.dumps, st.dictionaries(MEMBERS, JSON, max_size=3)),
    st.builds(json.dumps, JSON),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=20),
)
SEGMENTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)


@pytest.mark.usefixtures("agent")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operation=st.sampled_from(OPERATIONS),
    odd=st.dictionaries(st.sampled_from(sorted(NAMES)), SEGMENTS, max_size=2),
    body=BODIES,
)
def test_no_request_is_answered_with_an_error_of_the_servers_own(
    arm: Arm, operation: Operation, odd: dict[str, str], body: str
) -> None:
    names = {name: quote(value, safe="") for name, value in {**NAMES, **odd}.items()}
    path = operation.path.format(**names)

    answer = arm.ask(operation.method, path, body if operation.body else None)

    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        check("Error", answer.json())
    elif answer.content:
        check(operation.answers[answer.status_code], answer.json())
