"""What every request owes: an api-version, a path and a method that are served."""

from __future__ import annotations

import pytest

from connectedmachine.frontends.rest.versions import PUBLISHED
from rest_arm.support import AGENT, GROUP, MACHINE, MACHINES, PROVIDER, Arm, refused

pytestmark = pytest.mark.usefixtures("desk")


def test_every_published_version_is_accepted(arm: Arm) -> None:
    refused_ones = [v for v in PUBLISHED if arm.ask("GET", MACHINE, version=v).status_code != 200]

    assert refused_ones == []


def test_a_version_in_any_case_is_accepted(arm: Arm) -> None:
    assert arm.ask("GET", MACHINE, version="2024-11-10-PREVIEW").status_code == 200


def test_a_request_without_a_version_is_refused(arm: Arm) -> None:
    for path in (MACHINE, MACHINES, AGENT, "/subscriptions", GROUP):
        refused(arm.ask("GET", path, version=None), 400, "MissingApiVersionParameter")


def test_a_version_that_was_never_published_is_refused_with_those_that_were(arm: Arm) -> None:
    error = refused(arm.ask("GET", MACHINE, version="2018-01-01"), 400, "NoRegisteredProviderFound")

    assert "2024-07-10, " in str(error["message"])


def test_what_is_no_version_is_refused(arm: Arm) -> None:
    refused(arm.ask("GET", MACHINE, version="latest"), 400, "InvalidApiVersionParameter")


def test_the_documentations_version_is_taken_and_every_answer_says_so(arm: Arm) -> None:
    assert "x-ms-azcmlite-note" in arm.ask("GET", MACHINE, version="2019-12-01").headers
    assert "x-ms-azcmlite-note" in arm.ask("GET", AGENT, version="2019-12-01").headers
    assert "x-ms-azcmlite-note" not in arm.ask("GET", MACHINE, version="2019-12-12").headers


NOT_OFFERED = {
    ("POST", f"{MACHINE}/assessPatches"): "machines/assessPatches",
    ("POST", f"{MACHINE}/installPatches"): "machines/installPatches",
    ("PUT", f"{MACHINE}/runCommands/c"): "machines/runCommands",
    ("GET", f"{MACHINE}/networkProfile"): "machines/networkProfile",
    ("GET", f"{MACHINE}/licenseProfiles/default"): "machines/licenseProfiles",
    ("GET", f"{GROUP}/providers/Microsoft.HybridCompute/licenses"): "licenses",
    ("GET", f"{GROUP}/providers/Microsoft.HybridCompute/gateways/g"): "gateways",
    ("GET", f"{GROUP}/providers/Microsoft.HybridCompute/privateLinkScopes"): "privateLinkScopes",
    ("GET", "/providers/Microsoft.HybridCompute/operations"): "operations",
}


def test_an_operation_that_is_not_offered_is_named(arm: Arm) -> None:
    for (method, path), what in NOT_OFFERED.items():
        error = refused(arm.ask(method, path), 404, "InvalidResourceType")
        assert error["target"] == f"Microsoft.HybridCompute/{what}"


def test_a_path_that_is_not_served_is_an_arm_error(arm: Arm) -> None:
    virtual = f"{GROUP}/providers/Microsoft.Compute/virtualMachines"
    for path in (virtual, "/subscriptions/", "/providers/x"):
        refused(arm.ask("GET", path), 404, "ResourceNotFound")
    for path in (f"{MACHINES}/", f"{AGENT}/"):
        refused(arm.ask("GET", path), 404, "InvalidResourceType")


def test_a_method_that_is_not_served_is_refused_with_those_that_are(arm: Arm) -> None:
    answer = arm.ask("POST", MACHINE, "{}")

    refused(answer, 405, "MethodNotAllowed")
    assert answer.headers["Allow"] == "GET, PUT, PATCH, DELETE"


def test_head_is_answered_as_get(arm: Arm) -> None:
    assert arm.ask("HEAD", MACHINE).status_code == 200


def test_an_unknown_query_parameter_is_refused_by_name(arm: Arm) -> None:
    error = refused(arm.ask("GET", f"{MACHINE}?$filter=x"), 400, "InvalidQueryParameter")

    assert error["target"] == "$filter"


def test_what_cannot_be_expanded_is_refused(arm: Arm) -> None:
    refused(arm.ask("GET", f"{MACHINE}?$expand=everything"), 400, "InvalidExpand")


def test_an_operation_that_never_was_is_not_found(arm: Arm) -> None:
    for kind in ("operationstatus", "operationresults"):
        refused(arm.ask("GET", f"{PROVIDER}/locations/x/{kind}/none"), 404, "ResourceNotFound")
