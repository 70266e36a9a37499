"""Whoever is not let in changes nothing, whatever they ask for: every row and every file is as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from connectedmachine.frontends.rest.paths import EXTENSION
from connectedmachine.frontends.rest.table import OPERATIONS, Operation
from connectedmachine.frontends.rest.versions import LATEST
from connectedmachine.model.identity import NIL_SUBSCRIPTION
from rest.support import Door, error_of
from service.support import RG, Heard, state_of

NAMES = {
    "subscription": NIL_SUBSCRIPTION, "group": RG, "machine": "m1", "extension": "agent", "location": "local",
    "publisher": "Contoso.Sample", "type": "Agent", "version": "1.0", "operation": "x",
}  # fmt: skip
BODY = (
    b'{"location": "local", "properties": {"publisher": "Microsoft.Azure.Monitoring.DependencyAgent",'
    b' "type": "DependencyAgentLinux"}}'
)
CHANGES = [operation for operation in OPERATIONS if operation.method != "GET"]


def _expired(door: Door) -> dict[str, str]:
    token = door.token()
    door.clock.wall += timedelta(hours=2)
    return {"Authorization": f"Bearer {token}"}


def _revoked(door: Door) -> dict[str, str]:
    token = door.token()
    door.service.credential_revoke(name="client")
    return {"Authorization": f"Bearer {token}"}


CALLERS: dict[str, tuple[int, str, Callable[[Door], dict[str, str]]]] = {
    "no token": (401, "AuthenticationFailed", lambda _: {}),
    "a wrong token": (401, "InvalidAuthenticationToken", lambda _: {"Authorization": "Bearer a.b.c"}),
    "an expired token": (401, "ExpiredAuthenticationToken", _expired),
    "a revoked credential": (401, "InvalidAuthenticationToken", _revoked),
    "a token to read": (
        403, "AuthorizationFailed", lambda door: {"Authorization": f"Bearer {door.token('weak', 'read')}"}
    ),
    "another host": (
        400, "InvalidHost", lambda door: {"Authorization": f"Bearer {door.token()}", "Host": "evil.example"}
    ),
    "a page of another site": (
        403, "ForeignOrigin",
        lambda door: {"Authorization": f"Bearer {door.token()}", "Origin": "https://evil.example"},
    ),
}  # fmt: skip
"""What is amiss with a caller, what they are told, and the headers that they send."""


@pytest.fixture
def served(door: Door) -> Door:
    door.service.machine_connect(
        resource_group=RG, name="m1", location="local", simulated=True, os_type="Linux", follow=Heard()
    )
    return door


def ask(door: Door, operation: Operation, headers: dict[str, str]) -> tuple[int, str]:
    path = f"{operation.path.format(**NAMES)}?api-version={LATEST}"
    content = BODY if operation.body else None
    return error_of(door.call(operation.method, path, headers=headers, content=content))


@pytest.mark.parametrize("who", CALLERS)
def test_who_is_not_let_in_changes_nothing(served: Door, who: str) -> None:
    status, code, headers_of = CALLERS[who]
    headers = headers_of(served)
    before = state_of(served.home)
    for operation in CHANGES:
        served.clock.pass_time(3600 if who == "a wrong token" else 0)  # nobody waits for earlier failures
        assert ask(served, operation, headers) == (status, code), operation.id
    assert state_of(served.home) == before


def test_the_same_requests_of_one_who_is_let_in_do_change_something(served: Door) -> None:
    headers = {"Authorization": f"Bearer {served.token()}"}
    before = state_of(served.home)
    path = f"{EXTENSION.format(**NAMES)}?api-version={LATEST}"
    assert served.call("PUT", path, headers=headers, content=BODY).status_code == 202
    assert state_of(served.home) != before
