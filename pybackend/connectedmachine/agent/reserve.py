"""Room that is put by before a version is touched, and given back when the disk is full meanwhile.

The undo has to write too: its journal, a folder per command, what the old version itself writes at its start.
"""

from __future__ import annotations

import os
from pathlib import Path

RESERVE_BYTES = 2 << 20


def put_by(path: Path) -> None:
    """Take room on the disk of ``path``; raises OSError when there is none."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        else:
            file.write(bytes(RESERVE_BYTES))


def give_back(path: Path) -> bool:
    """Free the room; says whether there was any to free."""
    try:
        path.unlink()
    except OSError:
        return False
    return True
