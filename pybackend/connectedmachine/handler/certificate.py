"""The machine's certificate, for which ``protectedSettings`` are encrypted.

Handler contract 1.1 and 1.4: handlers find ``<THUMBPRINT>.crt`` and ``.prv`` two levels above ``config/``,
that is in the library's root, and decrypt with ``openssl cms -decrypt``. Nobody else trusts this
certificate for anything, and no rule looks at its dates.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.handler._files import read_regular, write_durably

if TYPE_CHECKING:  # cryptography is slow to import
    from cryptography.x509 import Certificate

_FILE_BYTES = 64 * 1024
_VALID_FROM = datetime(2021, 1, 1, tzinfo=UTC)
_VALID_TO = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # RFC 5280's way to say "no end"


def ensure_certificate(library_root: Path) -> str:
    """The thumbprint (SHA-1, upper-case hexadecimal) of this library's certificate, made when there is none.

    Raises:
        DiskFullError: ``DiskFull``.
    """
    for path in sorted(library_root.glob("*.crt")):
        if path.with_suffix(".prv").is_file() and _read(path) is not None:
            return path.stem
    return _create(library_root)


def encrypt_for(library_root: Path, thumbprint: str, plain: bytes) -> bytes:
    """``plain`` as DER of CMS EnvelopedData for that certificate."""
    from cryptography.hazmat.primitives.ciphers.algorithms import AES256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

    path = library_root / f"{thumbprint}.crt"
    certificate = _read(path)
    if certificate is None:
        raise OSError(f"'{path}' is not the certificate that its name says")
    builder = PKCS7EnvelopeBuilder().set_data(plain).add_recipient(certificate)
    # Binary: otherwise line ends are rewritten as for mail.
    return builder.set_content_encryption_algorithm(AES256).encrypt(Encoding.DER, [PKCS7Options.Binary])


def _read(path: Path) -> Certificate | None:
    """The certificate at ``path``, if it is the one that its name says."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1

    try:
        certificate = x509.load_pem_x509_certificate(read_regular(path, _FILE_BYTES).data)
    except (OSError, ValueError):
        return None
    return certificate if certificate.fingerprint(SHA1()).hex().upper() == path.stem else None  # noqa: S303


def _create(library_root: Path) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Az.ConnectedMachineLite settings")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(_VALID_TO)
        .sign(key, SHA256())
    )
    thumbprint = certificate.fingerprint(SHA1()).hex().upper()  # noqa: S303 - a name that handlers expect
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # The key first: a certificate that is there is always one that can be used.
    write_durably(library_root / f"{thumbprint}.prv", private)
    write_durably(library_root / f"{thumbprint}.crt", certificate.public_bytes(Encoding.PEM), 0o644)
    return thumbprint
