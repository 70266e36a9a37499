"""Who is let in: tokens that are missing, wrong, expired, revoked or too weak change and show nothing."""

from __future__ import annotations

import base64
import json
import os
import sys

import httpx
import pytest

from connectedmachine.frontends.rest.auth import Failures
from rest.support import RESOURCE, TOKEN_PATH, Door, error_of


def test_a_token_opens_the_door(door: Door) -> None:
    assert door.call("GET", RESOURCE, token=door.token()).status_code == 200


@pytest.mark.parametrize("header", [{}, {"Authorization": ""}, {"Authorization": "Bearer "}])
def test_without_a_token_nothing_is_shown(door: Door, header: dict[str, str]) -> None:
    answer = door.call("GET", RESOURCE, headers=header)
    assert error_of(answer) == (401, "AuthenticationFailed")
    assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_basic_is_no_way_to_the_resources(door: Door) -> None:
    answer = door.call("GET", RESOURCE, headers={"Authorization": "Basic YTpi"})
    assert error_of(answer) == (401, "AuthenticationFailed")


def test_what_is_not_served_is_not_told_without_a_token(door: Door) -> None:
    assert error_of(door.call("GET", "/nonsense")) == (401, "AuthenticationFailed")
    assert error_of(door.call("GET", "/nonsense", token=door.token())) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "..", "\xe9.\xe9.\xe9", "e30.W10.e30", "e30.e30.e30", "x" * 5000, f"e30.{'W' * 2000}.e30"],
)
def test_what_is_no_token_is_refused(door: Door, token: str) -> None:
    answer = door.call("GET", RESOURCE, token=token)
    assert error_of(answer) == (401, "InvalidAuthenticationToken")


def _with_claims(token: str, **claims: object) -> str:
    header, body, signature = token.split(".")
    found = json.loads(base64.urlsafe_b64decode(body + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**found, **claims}).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


def test_a_token_whose_claims_were_changed_is_refused(door: Door) -> None:
    changed = _with_claims(door.token(), exp=99999999999)
    assert error_of(door.call("GET", RESOURCE, token=changed)) == (401, "InvalidAuthenticationToken")


def test_a_token_of_one_credential_does_not_pass_for_anothers(door: Door) -> None:
    weak, strong = door.token("weak", "read"), door.credential("strong")
    changed = _with_claims(weak, appid=strong["client_id"])
    assert error_of(door.call("GET", RESOURCE, token=changed)) == (401, "InvalidAuthenticationToken")


def test_a_token_that_says_it_is_unsigned_is_refused(door: Door) -> None:
    _, body, _ = door.token().split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    answer = door.call("GET", RESOURCE, token=f"{header}.{body}.")
    assert error_of(answer) == (401, "InvalidAuthenticationToken")


def test_a_token_ends_after_an_hour(door: Door) -> None:
    token = door.token()
    door.clock.pass_time(3599)
    assert door.call("GET", RESOURCE, token=token).status_code == 200
    door.clock.pass_time(1)
    assert error_of(door.call("GET", RESOURCE, token=token)) == (401, "ExpiredAuthenticationToken")


def test_a_token_ends_with_its_credential(door: Door) -> None:
    form = door.credential(days=1)
    door.clock.pass_time(86_400 - 60)
    answer = door.call("POST", TOKEN_PATH, form=form).json()
    assert answer["expires_in"] <= 60
    door.clock.pass_time(60)
    answer = door.call("GET", RESOURCE, token=answer["access_token"])
    assert error_of(answer) == (401, "ExpiredAuthenticationToken")
    assert door.call("POST", TOKEN_PATH, form=form).status_code == 401


def test_a_revoked_credential_takes_its_tokens_with_it(door: Door) -> None:
    token, other = door.token("gone"), door.token("stays")
    door.service.credential_revoke(name="gone")
    assert error_of(door.call("GET", RESOURCE, token=token)) == (401, "InvalidAuthenticationToken")
    assert door.call("GET", RESOURCE, token=other).status_code == 200


def test_a_token_outlives_the_server(door: Door) -> None:
    token = door.token()
    again = Door(door.home, clock=door.clock)
    assert again.call("GET", RESOURCE, token=token).status_code == 200


IMAGE = "/providers/Microsoft.HybridCompute/locations/x/Publishers/p"


@pytest.mark.parametrize(
    ("scope", "method", "path", "needed"),
    [
        ("read", "PUT", RESOURCE, "operate"),
        ("read", "DELETE", RESOURCE, "operate"),
        ("publish", "POST", RESOURCE, "operate"),
        ("read", "OPTIONS", RESOURCE, "operate"),
        ("operate", "PUT", IMAGE, "publish"),
    ],
)
def test_a_scope_that_is_lacking_is_named(
    door: Door, scope: str, method: str, path: str, needed: str
) -> None:
    answer = door.call(method, path, token=door.token("client", scope))
    assert error_of(answer) == (403, "AuthorizationFailed")
    assert f"'{needed}'" in answer.json()["error"]["message"]


@pytest.mark.parametrize("scope", ["read", "operate", "publish"])
def test_every_scope_includes_reading(door: Door, scope: str) -> None:
    assert door.call("GET", RESOURCE, token=door.token("client", scope)).status_code == 200


def test_who_operates_may_change(door: Door) -> None:
    answer = door.call("PUT", RESOURCE, token=door.token("client", "operate"))
    assert error_of(answer) == (405, "MethodNotAllowed")


@pytest.mark.skipif(sys.platform == "win32", reason="users have numbers on POSIX")
def test_the_same_user_needs_no_token_over_a_socket(door: Door) -> None:
    answer = door.call("GET", RESOURCE, state={"peer_uid": os.geteuid()}, headers={"Host": "localhost"})
    assert answer.status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="users have numbers on POSIX")
def test_another_user_needs_a_token_over_a_socket_too(door: Door) -> None:
    answer = door.call("GET", RESOURCE, state={"peer_uid": os.geteuid() + 1}, headers={"Host": "localhost"})
    assert error_of(answer) == (401, "AuthenticationFailed")


def _guess(door: Door, peer: str = "127.0.0.1") -> httpx.Response:
    return door.call("GET", RESOURCE, token="guess", peer=peer)


def test_who_guesses_too_often_waits(door: Door) -> None:
    for _ in range(Failures.ALLOWED):
        assert _guess(door).status_code == 401
    answer = _guess(door)
    assert error_of(answer) == (429, "TooManyRequests")
    door.clock.pass_time(int(answer.headers["retry-after"]))
    assert _guess(door).status_code == 401


def test_a_valid_token_passes_while_others_guess(door: Door) -> None:
    token = door.token()
    for _ in range(Failures.ALLOWED + 1):
        _guess(door)
    assert door.call("GET", RESOURCE, token=token).status_code == 200


def test_one_peer_does_not_wait_for_another(door: Door) -> None:
    for _ in range(Failures.ALLOWED + 1):
        _guess(door, "10.0.0.1")
    assert _guess(door, "10.0.0.2").status_code == 401


def test_an_expired_token_is_no_guess(door: Door) -> None:
    token = door.token()
    door.clock.pass_time(3600)
    for _ in range(Failures.ALLOWED + 1):
        assert error_of(door.call("GET", RESOURCE, token=token)) == (401, "ExpiredAuthenticationToken")


def test_failures_of_ever_more_peers_do_not_fill_the_memory(door: Door) -> None:
    failures = Failures(door.clock)
    for number in range(3 * Failures.PEERS):
        failures.add(f"peer {number}")
    assert len(failures._times) == Failures.PEERS
