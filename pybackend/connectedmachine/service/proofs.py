"""What a credential is recognised by: a secret, kept as its scrypt hash; and its tokens' key, kept sealed."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from connectedmachine.store.credentials import Proof
from connectedmachine.store.secrets import Secrets

_RANDOM_BYTES = 32
_LONGEST_SECRET = 256
_NOBODY = Proof(bytes(16), b"", b"")


def new_proof(home: Path, client_id: str) -> tuple[str, Proof]:
    """A new secret, and what to keep of it.

    Raises:
        StoreError: ``SecretUnreadable``.
    """
    # Hexadecimal: a secret that begins with a dash could not be given to az as an option's value.
    secret, salt = secrets.token_hex(_RANDOM_BYTES), os.urandom(16)
    key = Secrets(home).encrypt(secrets.token_hex(_RANDOM_BYTES), _owner(client_id))
    return secret, Proof(salt, _hash(secret, salt), key)


def is_secret(secret: str, proof: Proof | None) -> bool:
    """Whether it is the secret; for no proof at all it takes as long to say no."""
    known = proof or _NOBODY
    return hmac.compare_digest(_hash(secret[:_LONGEST_SECRET], known.salt), known.secret_hash)


def token_key(home: Path, client_id: str, proof: Proof) -> bytes:
    """The key that tokens are signed with.

    Raises:
        StoreError: ``SecretUnreadable``.
    """
    return bytes.fromhex(Secrets(home).decrypt(proof.token_key, _owner(client_id)))


def _hash(secret: str, salt: bytes) -> bytes:
    # 16 MiB and some 40 ms each.
    return hashlib.scrypt(secret.encode("utf-8", "surrogatepass"), salt=salt, n=2**14, r=8, p=1)


def _owner(client_id: str) -> str:
    return f"credential/{client_id}"
