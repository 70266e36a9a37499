"""Tokens and discovery, in the forms that MSAL and azure-identity ask for them."""

from __future__ import annotations

import base64
import json

import pytest

from connectedmachine.frontends.rest.auth import Failures
from rest.support import BASE, RESOURCE, TOKEN_PATH, Door, error_of


def claims_of(token: str) -> dict[str, object]:
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert isinstance(claims, dict)
    return claims


def test_a_token_is_a_web_token_with_the_claims_that_az_reads(door: Door) -> None:
    form = door.credential()
    answer = door.call("POST", TOKEN_PATH, form=form)
    said = answer.json()
    assert (said["token_type"], said["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    claims = claims_of(said["access_token"])
    assert claims["tid"] == "my-tenant"
    assert claims["appid"] == claims["oid"] == form["client_id"]
    assert claims["aud"] == "https://management.azure.com/"
    assert claims["iss"] == f"{BASE}/my-tenant/v2.0"
    assert "/providers/Microsoft.HybridCompute/machines/" in str(claims["xms_mirid"])


def test_version_1_says_numbers_as_texts(door: Door) -> None:
    form = door.credential()
    del form["scope"]
    answer = door.call("POST", "/t/oauth2/token", form={**form, "resource": "https://x/"})
    said = answer.json()
    assert (said["expires_in"], said["resource"]) == ("3600", "https://x/")
    assert int(said["expires_on"]) > 0


def test_the_secret_may_come_as_basic_authentication(door: Door) -> None:
    form = door.credential()
    pair = f"{form.pop('client_id')}:{form.pop('client_secret')}"
    header = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    assert door.call("POST", TOKEN_PATH, form=form, headers=header).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_secret": "\u20ac"}, 401, "invalid_client"),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, 401, "invalid_client"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"client_secret": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
    ],
)
def test_a_refusal_is_the_standards(door: Door, change: dict[str, str], status: int, error: str) -> None:
    answer = door.call("POST", TOKEN_PATH, form={**door.credential(), **change})
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"&&&", b"a=1&" * 100, b"{}"])
def test_a_body_that_is_no_form_is_refused(door: Door, body: bytes) -> None:
    assert door.call("POST", TOKEN_PATH, content=body).status_code == 400


def test_a_tenant_that_is_none_is_refused(door: Door) -> None:
    path = f"/{'x' * 200}/oauth2/v2.0/token"
    answer = door.call("POST", path, form=door.credential())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_client_id_is_known_in_any_case(door: Door) -> None:
    form = door.credential()
    form["client_id"] = form["client_id"].upper()
    assert door.call("POST", TOKEN_PATH, form=form).status_code == 200


def test_a_form_is_small(door: Door) -> None:
    answer = door.call("POST", TOKEN_PATH, content=b"a" * (door.limits.form + 1))
    assert error_of(answer) == (413, "RequestEntityTooLarge")


def test_who_fails_too_often_waits_even_with_the_right_secret(door: Door) -> None:
    form = door.credential()
    for _ in range(Failures.ALLOWED):
        door.call("POST", TOKEN_PATH, form={**form, "client_secret": "wrong"})
    answer = door.call("POST", TOKEN_PATH, form=form)
    assert error_of(answer) == (429, "TooManyRequests")
    assert door.call("POST", TOKEN_PATH, form=form, peer="10.0.0.2").status_code == 200
    door.clock.pass_time(int(answer.headers["retry-after"]))
    assert door.call("POST", TOKEN_PATH, form=form).status_code == 200


def test_getting_a_token_is_using_the_credential(door: Door) -> None:
    form = door.credential()
    assert door.last_used() is None
    door.call("POST", TOKEN_PATH, form=form)
    assert door.last_used() is not None


def test_a_managed_identity_gets_a_token_that_works(door: Door) -> None:
    form = door.credential()
    header = {"X-IDENTITY-HEADER": f"{form['client_id']}:{form['client_secret']}"}
    path = "/msi/token?api-version=2019-08-01&resource=https://management.azure.com/"
    said = door.call("GET", path, headers=header).json()
    assert (said["token_type"], said["resource"]) == ("Bearer", "https://management.azure.com/")
    assert int(said["expires_on"]) == claims_of(said["access_token"])["exp"]
    assert door.call("GET", RESOURCE, token=said["access_token"]).status_code == 200


@pytest.mark.parametrize(("header", "status"), [("", 400), ("x", 400), ("x:y", 401)])
def test_a_managed_identity_has_to_prove_itself(door: Door, header: str, status: int) -> None:
    answer = door.call("GET", "/msi/token?resource=x", headers={"X-IDENTITY-HEADER": header})
    assert answer.status_code == status


@pytest.mark.parametrize(("version", "oauth"), [("/v2.0", "oauth2/v2.0"), ("", "oauth2")])
def test_discovery_names_the_token_endpoint_of_this_server(door: Door, version: str, oauth: str) -> None:
    said = door.call("GET", f"/t{version}/.well-known/openid-configuration").json()
    assert said["token_endpoint"] == f"{BASE}/t/{oauth}/token"
    assert said["issuer"] == f"{BASE}/t{version}"


def test_discovery_of_instances_names_this_server_alone(door: Door) -> None:
    said = door.call("GET", "/common/discovery/instance?api-version=1.1").json()
    assert said["metadata"][0]["aliases"] == [BASE.removeprefix("https://")]


def test_az_finds_its_cloud_as_an_object(door: Door) -> None:
    """A list crashes az."""
    said = door.call("GET", "/metadata/endpoints?api-version=2022-09-01").json()
    assert said["resourceManager"] == said["authentication"]["loginEndpoint"] == BASE


@pytest.mark.parametrize("version", ["2019-05-01", "2020-06-01"])
def test_earlier_versions_of_the_metadata_are_lists(door: Door, version: str) -> None:
    (said,) = door.call("GET", f"/metadata/endpoints?api-version={version}").json()
    assert said["resourceManager"] == BASE


def test_powershell_finds_its_endpoints(door: Door) -> None:
    said = door.call("GET", "/metadata/endpoints?api-version=2015-01-01").json()
    assert said["authentication"]["loginEndpoint"] == said["graphEndpoint"] == BASE


def test_metadata_without_a_version_are_refused(door: Door) -> None:
    assert error_of(door.call("GET", "/metadata/endpoints")) == (400, "MissingApiVersionParameter")


def test_tenants_are_listed_with_a_token_alone(door: Door) -> None:
    assert door.call("GET", "/tenants").status_code == 401
    (tenant,) = door.call("GET", "/tenants", token=door.token()).json()["value"]
    assert tenant["id"] == f"/tenants/{tenant['tenantId']}"
