"""Credentials: a secret is shown once and kept nowhere, and each one ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.world import FakeClock
from connectedmachine.model.errors import ConflictError, InvalidRequestError, NotFoundError, StoreError
from connectedmachine.service import Service
from connectedmachine.service.tokens import TokenService
from connectedmachine.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home")


@pytest.fixture
def service(store: Store) -> Service:
    return Service(store, FakeClock())


def names(service: Service) -> list[str]:
    listed = service.credential_list()["value"]
    assert isinstance(listed, list)
    return [credential["name"] for credential in listed]


def test_a_credential_may_read_for_a_year_unless_it_is_said_otherwise(service: Service) -> None:
    made = service.credential_create(name="a")
    assert made["scopes"] == ["read"]
    assert str(made["expires"])[:4] == str(int(str(made["created"])[:4]) + 1)


def test_a_secret_is_shown_once(service: Service) -> None:
    made = service.credential_create(name="a")
    assert str(made["clientSecret"]) not in str(service.credential_list())


def test_a_secret_is_kept_nowhere(service: Service, store: Store) -> None:
    secret = str(service.credential_create(name="a")["clientSecret"])
    store.close()
    for path in store.home.iterdir():
        assert secret.encode() not in path.read_bytes()


def test_two_credentials_have_two_secrets(service: Service) -> None:
    secrets = {service.credential_create(name=name)["clientSecret"] for name in ("a", "b")}
    assert len(secrets) == 2


def test_a_name_is_given_once_in_any_case(service: Service) -> None:
    service.credential_create(name="a")
    with pytest.raises(ConflictError) as refused:
        service.credential_create(name="A")
    assert refused.value.code == "CredentialExists"


def test_a_revoked_name_may_be_given_again(service: Service) -> None:
    service.credential_create(name="a")
    assert service.credential_revoke(name="A") == {"revoked": True}
    assert names(service) == []
    service.credential_create(name="a")


def test_what_is_not_there_cannot_be_revoked(service: Service) -> None:
    with pytest.raises(NotFoundError):
        service.credential_revoke(name="a")


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "a/b", "\xe9"])
def test_a_wrong_name_is_refused(service: Service, name: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        service.credential_create(name=name)
    assert refused.value.code == "InvalidName"


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", ""]])
def test_a_wrong_scope_is_refused(service: Service, scopes: list[str]) -> None:
    with pytest.raises(InvalidRequestError):
        service.credential_create(name="a", scopes=scopes)
    assert names(service) == []


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_credential_has_an_end(service: Service, days: int) -> None:
    with pytest.raises(InvalidRequestError):
        service.credential_create(name="a", expires_in_days=days)


def test_a_store_without_its_key_knows_no_token(service: Service, store: Store) -> None:
    """A copy of the store alone is of no use to whoever wants to forge one."""
    made = service.credential_create(name="a")
    tokens = TokenService(store, service.clock)
    (store.home / "secrets.key").unlink()
    with pytest.raises(StoreError) as refused:
        tokens.token_issue(
            client_id=str(made["clientId"]),
            client_secret=str(made["clientSecret"]),
            tenant="t",
            issuer="i",
            audience="a",
        )
    assert refused.value.code == "SecretUnreadable"
