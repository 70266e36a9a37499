"""Secrets at rest: AES-256-GCM with a key that only this machine's administrators can read.

The key file is 0600 on POSIX and sealed with DPAPI in machine scope on Windows (design page, section 8).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.model.errors import StoreError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_FILE = "secrets.key"
_NONCE_BYTES = 12
_KEY_BYTES = 32


def owner_of(machine_id: str, extension: str) -> str:
    """Whose secret it is: what was sealed for one extension opens for no other."""
    return f"{machine_id}/{extension}"


class Secrets:
    """Encrypts and decrypts; the key is made at first use."""

    def __init__(self, home: Path) -> None:
        self._path = home / KEY_FILE

    def encrypt(self, text: str, owner: str) -> bytes:
        """Encrypt ``text`` so that it can be read back for the same ``owner`` only.

        Raises:
            StoreError: ``SecretUnreadable`` when the key is damaged or cannot be made.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher(owner, create=True).encrypt(nonce, text.encode(), owner.lower().encode())

    def decrypt(self, sealed: bytes, owner: str) -> str:
        """Read back what ``encrypt`` made.

        Raises:
            StoreError: ``SecretUnreadable`` when the key is missing, damaged or another one.
        """
        from cryptography.exceptions import InvalidTag

        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            plain = self._cipher(owner, create=False).decrypt(nonce, content, owner.lower().encode())
        except (InvalidTag, ValueError) as error:
            raise self._unreadable(owner) from error
        return plain.decode()

    def _cipher(self, owner: str, *, create: bool) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self._key(create=create))
        except (ValueError, OSError) as error:
            raise self._unreadable(owner) from error

    def _unreadable(self, owner: str) -> StoreError:
        return StoreError(
            "SecretUnreadable",
            f"The secrets of {owner} cannot be kept or read with the key in {self._path}.",
            target=owner,
            hint="Restore the key file; if it is lost, delete it, set the protected settings again and make"
            " new credentials.",
        )

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
            _sync_folder(self._path.parent)
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


def _sync_folder(folder: Path) -> None:
    """Have a new name in a folder survive power loss; Windows has no such call and needs none."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
