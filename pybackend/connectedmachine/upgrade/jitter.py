"""A share that a machine keeps, so that many machines do not do the same at once. Pure."""

from __future__ import annotations


def share(machine_id: str) -> float:
    """From 0 to just under 1; the same for the same machine at any time, on any host."""
    import hashlib

    return int.from_bytes(hashlib.sha256(machine_id.encode()).digest()[:4]) / 2**32
