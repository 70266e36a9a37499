"""A policy file of Azure's Linux agent to an allowlist: what is taken and what is refused (case 34)."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import ConnectedMachineError, InvalidRequestError, NotSupportedError
from connectedmachine.service.policy_file import allow_list_of


def policy(version: object = "0.1.0", **policies: object) -> dict[str, Any]:
    return {"policyVersion": version, "extensionPolicies": policies}


def taken(document: object) -> list[str]:
    return [str(entry) for entry in allow_list_of(json.dumps(document))]


def test_an_allowlist_is_taken() -> None:
    listed: dict[str, object] = {
        "Contoso.Sample.Agent": {},
        "Microsoft.Azure.Monitor.AzureMonitorLinuxAgent": {},
    }
    assert taken(policy(allowListedExtensionsOnly=True, extensions=listed)) == [
        "Contoso.Sample/Agent",
        "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent",
    ]


def test_an_allowlist_of_nothing_admits_nothing() -> None:
    assert taken(policy(allowListedExtensionsOnly=True)) == ["Allow/None"]


@pytest.mark.parametrize("document", [{"policyVersion": "0.1.0"}, policy(), policy(extensions={"A.B": {}})])
def test_without_allowlisting_everything_is_admitted(document: object) -> None:
    assert taken(document) == []


@pytest.mark.parametrize("version", ["0", "0.0", "0.1", "0.1.0", "0.0.9"])
def test_partial_and_older_versions_are_taken(version: str) -> None:
    assert taken(policy(version)) == []


def test_what_an_extension_says_beats_what_is_said_of_all() -> None:
    document = policy(
        allowListedExtensionsOnly=True,
        signatureRequired=True,
        extensions={"A.B": {"signatureRequired": False}},
    )
    assert taken(document) == ["A/B"]


@pytest.mark.parametrize(
    ("document", "target"),
    [
        ([], "the file"),
        ({}, "policyVersion"),
        (policy(1), "policyVersion"),
        (policy(None), "policyVersion"),
        (policy("0.1.1"), "policyVersion"),
        (policy("0.2"), "policyVersion"),
        (policy("1"), "policyVersion"),
        (policy("0.1.0.0"), "policyVersion"),
        (policy("v0.1"), "policyVersion"),
        ({**policy(), "other": 1}, "other"),
        ({**policy(), "extensionPolicies": []}, "extensionPolicies"),
        (policy(other=True), "extensionPolicies.other"),
        (policy(allowListedExtensionsOnly="true"), "extensionPolicies.allowListedExtensionsOnly"),
        (policy(allowListedExtensionsOnly=None), "extensionPolicies.allowListedExtensionsOnly"),
        (policy(signatureRequired=1), "extensionPolicies.signatureRequired"),
        (policy(extensions=[]), "extensionPolicies.extensions"),
        (policy(extensions={"A.B": []}), "extensionPolicies.extensions.A.B"),
        (policy(extensions={"A.B": {"other": 1}}), "extensionPolicies.extensions.A.B.other"),
        (
            policy(extensions={"A.B": {"signatureRequired": "no"}}),
            "extensionPolicies.extensions.A.B.signatureRequired",
        ),
        (policy(extensions={"Agent": {}}), "extensionPolicies.extensions.Agent"),
        (policy(extensions={"A.B": {}, "a.b": {}}), "extensionPolicies.extensions.a.b"),
    ],
)
def test_an_error_names_its_attribute(document: object, target: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        taken(document)
    assert (refused.value.code, refused.value.target) == ("InvalidPolicyFile", target)


@pytest.mark.parametrize(
    "text", ["", "{", "{} {}", '{"policyVersion": "0.1", "policyVersion": "0.1"}', "[" * 10**5]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        allow_list_of(text)
    assert refused.value.code == "InvalidPolicyFile"


@pytest.mark.parametrize(
    ("document", "target"),
    [
        (policy(signatureRequired=True), "extensionPolicies.signatureRequired"),
        (
            policy(signatureRequired=True, allowListedExtensionsOnly=True, extensions={"A.B": {}}),
            "extensionPolicies.signatureRequired",
        ),
        (
            policy(extensions={"A.B": {"signatureRequired": True}}),
            "extensionPolicies.extensions.A.B.signatureRequired",
        ),
        (policy(extensions={"A.B": {"runtimePolicy": {}}}), "extensionPolicies.extensions.A.B.runtimePolicy"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(document: object, target: str) -> None:
    with pytest.raises(NotSupportedError) as refused:
        taken(document)
    assert (refused.value.code, refused.value.target) == ("PolicyNotSupported", target)


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["policyVersion", "extensionPolicies", "extensions", "A.B", "signatureRequired"]),
            inner,
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_no_document_is_an_uncaught_exception(document: object) -> None:
    with suppress(ConnectedMachineError):
        taken(document)
