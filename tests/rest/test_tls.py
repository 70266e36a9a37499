"""The certificate of the server: strict clients accept it, and it is made anew when it has to be."""

from __future__ import annotations

import ssl
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from agent.world import FakeClock
from connectedmachine.frontends.rest.names import LOOPBACK, address_of, served_names
from connectedmachine.frontends.rest.tls import certificate_path, given_context, own_context
from connectedmachine.model.errors import InvalidRequestError, StoreError
from connectedmachine.store import Store

NAMES = frozenset(LOOPBACK)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home")


def chain_of(store: Store) -> Path:
    return store.home / "rest" / "server.pem"


def handshake(server: ssl.SSLContext, trusted: Path, name: str) -> None:
    """A client that checks strictly meets the server, in memory; raises ssl.SSLError when it refuses."""
    client = ssl.create_default_context(cafile=str(trusted))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    waiting = list(ends)
    while waiting:
        for end in list(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)


@pytest.mark.parametrize("name", LOOPBACK)
def test_a_strict_client_accepts_the_server_by_each_name(store: Store, name: str) -> None:
    handshake(own_context(store, NAMES, FakeClock()), certificate_path(store.home), name)


def test_a_client_refuses_the_server_by_another_name(store: Store) -> None:
    context = own_context(store, NAMES, FakeClock())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, certificate_path(store.home), "example.com")


def test_the_certificate_stays_from_start_to_start(store: Store) -> None:
    own_context(store, NAMES, FakeClock())
    before = chain_of(store).read_bytes()
    own_context(store, NAMES, FakeClock())
    assert chain_of(store).read_bytes() == before


def test_the_certificate_is_renewed_long_before_its_end(store: Store) -> None:
    a_year_ago = FakeClock()
    a_year_ago.pass_time(-timedelta(days=366).total_seconds())
    own_context(store, NAMES, a_year_ago)
    before = certificate_path(store.home).read_bytes()
    context = own_context(store, NAMES, FakeClock())
    assert certificate_path(store.home).read_bytes() != before
    handshake(context, certificate_path(store.home), "localhost")


def test_a_further_name_is_added_to_those_there_are(store: Store) -> None:
    own_context(store, frozenset({*NAMES, "10.1.2.3"}), FakeClock())
    context = own_context(store, frozenset({*NAMES, "server.example"}), FakeClock())
    for name in ("10.1.2.3", "server.example", "127.0.0.1"):
        handshake(context, certificate_path(store.home), name)


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_a_damaged_certificate_is_made_anew(store: Store, content: bytes) -> None:
    own_context(store, NAMES, FakeClock())
    chain_of(store).write_bytes(content)
    handshake(own_context(store, NAMES, FakeClock()), certificate_path(store.home), "localhost")


def test_a_lost_or_wrong_file_of_the_clients_is_put_right(store: Store) -> None:
    own_context(store, NAMES, FakeClock())
    certificate_path(store.home).write_bytes(b"another")
    handshake(own_context(store, NAMES, FakeClock()), certificate_path(store.home), "localhost")


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_the_key_is_its_owners_alone(store: Store) -> None:
    own_context(store, NAMES, FakeClock())
    assert chain_of(store).stat().st_mode & 0o777 == 0o600


def test_the_key_of_the_authority_is_kept_nowhere(store: Store) -> None:
    own_context(store, NAMES, FakeClock())
    content = b"".join(path.read_bytes() for path in (store.home / "rest").iterdir())
    assert content.count(b"PRIVATE KEY-----\n") == 2  # begin and end of the server's own
    authority = x509.load_pem_x509_certificate(certificate_path(store.home).read_bytes())
    server = x509.load_pem_x509_certificates(chain_of(store).read_bytes())[0]
    assert authority.public_key() != server.public_key()


def test_a_folder_that_is_a_file_is_said(store: Store) -> None:
    (store.home / "rest").write_text("x")
    with pytest.raises(StoreError) as refused:
        own_context(store, NAMES, FakeClock())
    assert refused.value.code == "CertificateUnusable"


def test_a_certificate_of_the_users_own_is_used(store: Store) -> None:
    own_context(store, NAMES, FakeClock())
    handshake(given_context(chain_of(store), None), certificate_path(store.home), "localhost")


@pytest.mark.parametrize("content", [None, b"no PEM"])
def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidRequestError) as refused:
        given_context(path, None)
    assert refused.value.code == "CertificateUnusable"
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_loopback_server_has_loopback_names(host: str) -> None:
    assert served_names(address_of(host)) == NAMES


def test_a_server_on_every_address_answers_to_each() -> None:
    names = served_names(address_of("::"))
    assert names > NAMES
    assert "::" not in names


def test_a_host_is_an_address() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        address_of("example.com")
    assert refused.value.code == "InvalidHost"
