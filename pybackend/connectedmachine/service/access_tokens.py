"""Access tokens: JSON Web Tokens (RFC 7519) signed with HMAC-SHA-256. Pure.

``az login --identity`` reads claims out of its token (REST reference, section 7.4), so it cannot be opaque.
The algorithm is fixed: what a token's header says of it is never asked.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST = 4096
"""Characters; ours are a fifth of it."""

_HEADER = {"alg": "HS256", "typ": "JWT"}


@dataclass(frozen=True, repr=False)
class ReadToken:
    """A token as it was read; nothing about it is known to be true before ``is_signed_with``."""

    claims: Mapping[str, object]
    signed: bytes
    signature: bytes

    def is_signed_with(self, key: bytes) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.signature, _signature(self.signed, key))


def written(claims: Mapping[str, object], key: bytes) -> str:
    """The token with these claims."""
    signed = b".".join(
        _encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (_HEADER, claims)
    )
    return b".".join((signed, _encoded(_signature(signed, key)))).decode("ascii")


def read(text: str) -> ReadToken:
    """Take a token apart.

    Raises:
        ValueError: It is none.
    """
    if len(text) > LONGEST:
        raise ValueError("too long")
    signed, _, signature = text.encode("ascii").rpartition(b".")
    _, _, claims = signed.partition(b".")
    try:
        found = json.loads(_decoded(claims))
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(found, dict):
        raise ValueError("no claims")  # noqa: TRY004 # it is about a text, not an argument's type
    return ReadToken(found, signed, _decoded(signature))


def _signature(signed: bytes, key: bytes) -> bytes:
    return hmac.digest(key, signed, hashlib.sha256)


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
