"""The certificate of the server, made at first use and renewed (REST reference, section 6).

A small authority signs the server's certificate and its key is forgotten at once: clients trust one file,
and nobody can ever sign anything else with it. Whoever has Python 3.13's strict checks accepts the pair too,
which a self-signed certificate does not always pass.
"""

from __future__ import annotations

import ipaddress
import ssl
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.handler._files import write_durably
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import InvalidRequestError, StoreError
from connectedmachine.store import Store

if TYPE_CHECKING:
    from cryptography import x509

_VALID_FOR = timedelta(days=730)
_RENEWED_BEFORE_END = timedelta(days=365)
"""Looked at when a server starts: one that runs for a year has a valid certificate all the time."""

_FOLDER = "rest"


def certificate_path(home: Path) -> Path:
    """The file that clients trust: the authority's certificate, PEM."""
    return home / _FOLDER / "ca.pem"


def own_context(store: Store, names: frozenset[str], clock: Clock) -> ssl.SSLContext:
    """A TLS context with the server's own certificate, for at least ``names``.

    Raises:
        StoreError: ``CertificateUnusable``; DiskFullError ``DiskFull``.
    """
    chain = store.home / _FOLDER / "server.pem"
    authority = certificate_path(store.home)
    try:
        # The store's write lock: of two servers that start at once, one makes the certificate of both.
        with store.transaction():
            chain.parent.mkdir(mode=0o700, exist_ok=True)
            known = _names_if_good(chain, clock.now())
            if known is None or not names <= known:
                write_durably(chain, _new_chain(names | (known or frozenset()), clock.now()))
            trusted = _last_certificate(chain.read_bytes())
            if not authority.exists() or authority.read_bytes() != trusted:
                write_durably(authority, trusted, 0o644)
            return _context(chain, None)
    except (OSError, ValueError) as error:
        raise StoreError(
            "CertificateUnusable",
            f"The certificate in {chain.parent} cannot be made or read: {_reason(error)}.",
            target=str(chain),
            hint="Check the folder's permissions; delete its files to have them made again.",
        ) from error


def given_context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """A TLS context with a certificate of the user's, PEM; the key may be in the same file.

    Raises:
        InvalidRequestError: ``CertificateUnusable``.
    """
    try:
        return _context(certificate, key)
    except (OSError, ValueError) as error:
        raise InvalidRequestError(
            "CertificateUnusable",
            f"'{certificate}' is no certificate with its key that can be used: {_reason(error)}.",
            target=str(certificate),
            hint="Give PEM files: --certificate with the chain, --key with its key, without a passphrase.",
        ) from error


def _context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Without a callback OpenSSL would ask for the passphrase of a key on the terminal.
    context.load_cert_chain(certificate, key, password=lambda: "")
    return context


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return (error.strerror if isinstance(error, OSError) else None) or "it is damaged"


def _names_if_good(chain: Path, now: datetime) -> frozenset[str] | None:
    """The names of the certificate in ``chain``, unless there is none, or it has to be renewed."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(chain.read_bytes())[0]
        _context(chain, None)
    except (FileNotFoundError, ValueError, IndexError, ssl.SSLError):
        return None
    if not found.not_valid_before_utc <= now < found.not_valid_after_utc - _RENEWED_BEFORE_END:
        return None
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    return frozenset({*names.get_values_for_type(x509.DNSName), *addresses})


def _last_certificate(chain: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_pem_x509_certificates(chain)[-1].public_bytes(Encoding.PEM)


def _new_chain(names: frozenset[str], now: datetime) -> bytes:
    """Key and certificate of the server, and the certificate of the authority, PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    # Two authorities of one machine must not have one name: a client that trusts the older one would
    # check the newer one's signature with the wrong key and say "bad signature".
    issuer = _name(f"connectedmachine authority {x509.random_serial_number():x}"[:60])
    authority_id = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())

    def begun(subject: x509.Name) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + _VALID_FOR)
        )

    authority = (
        begun(issuer)
        .public_key(authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(authority_id, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        begun(_name("connectedmachine serve"))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, sorted(names)))), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority_id), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + certificate.public_bytes(pem) + authority.public_bytes(pem)


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
