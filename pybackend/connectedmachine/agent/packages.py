"""The verified zips in ``packages/``, which all machines of a state root share."""

from __future__ import annotations

from pathlib import Path

from connectedmachine.store import Store


def delete_unpinned(store: Store, packages: Path) -> None:
    """Delete the zips that no unfinished operation and no installed version may need again."""
    # Inside a transaction no operation can begin and count on a zip that is being deleted.
    with store.transaction():
        pinned = store.operations.pinned()
        for package in packages.glob("*.zip"):
            if package.stem not in pinned:
                package.unlink(missing_ok=True)
