"""Protected settings at rest: AES-256-GCM with a key that only this machine's administrators can read.

The key file is 0600 on POSIX and sealed with DPAPI in machine scope on Windows (design page, section 8).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from connectedmachine.model.errors import StoreError

KEY_FILE = "secrets.key"
_NONCE_BYTES = 12
_KEY_BYTES = 32


class Secrets:
    """Encrypts and decrypts; the key is made at first use."""

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE

    def encrypt(self, text: str, owner: str) -> bytes:
        """Encrypt ``text`` so that it can be read back for the same ``owner`` only."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self._key(create=True)).encrypt(nonce, text.encode(), owner.lower().encode())

    def decrypt(self, sealed: bytes, owner: str) -> str:
        """Read back what ``encrypt`` made.

        Raises:
            StoreError: ``SecretUnreadable`` when the key is missing or another one.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            plain = AESGCM(self._key(create=False)).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], owner.lower().encode()
            )
        except (InvalidTag, FileNotFoundError) as error:
            raise StoreError(
                "SecretUnreadable",
                f"The protected settings of {owner} cannot be read with the key in {self._path}.",
                target=owner,
                hint="Restore the key file, or set the protected settings again.",
            ) from error
        return plain.decode()

    def _key(self, *, create: bool) -> bytes:
        try:
            return _unseal(self._path.read_bytes())
        except FileNotFoundError:
            if not create:
                raise
        key = os.urandom(_KEY_BYTES)
        staged = self._path.with_name(f"{KEY_FILE}.{os.getpid()}.{os.urandom(4).hex()}")
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_seal(key))
                file.flush()
                os.fsync(file.fileno())
            # Of two processes that make a key at once, the first one's stays: link never replaces.
            os.link(staged, self._path)
        except FileExistsError:
            return _unseal(self._path.read_bytes())
        finally:
            staged.unlink(missing_ok=True)
        return key


if sys.platform == "win32":
    from connectedmachine.store._dpapi_windows import seal as _seal
    from connectedmachine.store._dpapi_windows import unseal as _unseal
else:

    def _seal(key: bytes) -> bytes:
        return key

    def _unseal(sealed: bytes) -> bytes:
        return sealed
