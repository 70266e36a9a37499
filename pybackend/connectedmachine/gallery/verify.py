"""The one place where the bytes of a package are judged before anything in them is read.

Today: SHA-256 against the image's. Whatever else vouches for a package belongs into the same function,
so that every reader of packages, fetch and unpack, gets it.
"""

from __future__ import annotations

import hashlib
from io import BufferedRandom, BufferedReader

from connectedmachine.model.errors import PackageError


def verify(package: BufferedReader | BufferedRandom, *, sha256: str, where: str) -> None:
    """Check an open package from its first byte to its last, and rewind it.

    Args:
        package: Open for reading; the caller goes on with this same handle, so that nobody can swap the
            file between the check and the use.
        sha256: Expected, lower-case hexadecimal.
        where: What to call the package in errors.

    Raises:
        PackageError: ``PackageHashMismatch``.
    """
    package.seek(0)
    if hashlib.file_digest(package, "sha256").hexdigest() != sha256:
        raise hash_mismatch(where)
    package.seek(0)


def hash_mismatch(where: str) -> PackageError:
    """The error for a package that is not the one that was published."""
    return PackageError(
        "PackageHashMismatch",
        f"The package {where} is not the one that was published: its length or SHA-256 differs.",
        target=where,
        hint="Unpublish this version and publish it again from its original package.",
    )
