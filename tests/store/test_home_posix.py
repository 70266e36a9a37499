"""Modes and owners of the folder with the state (design page section 8)."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.store import Store, home

if sys.platform == "win32":
    pytest.skip("needs modes and owners of POSIX", allow_module_level=True)

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to become another user")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Store.open(tmp_path / "home").close()
    finally:
        os.umask(before)
    assert mode(tmp_path / "home") == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    Store.open(folder).close()
    assert mode(folder) == 0o700


@needs_root
def test_a_folder_of_somebody_else_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    with pytest.raises(PermissionDeniedError) as caught:
        Store.open(folder)
    assert caught.value.target == str(folder)
    assert not (folder / home.STORE_FILE).exists()


@needs_root
def test_a_machine_wide_place_that_cannot_be_looked_into_counts_as_a_store(
    shared: Path, tmp_path: Path
) -> None:
    """It is 0700, so others cannot see whether there is one."""
    home.prepare(shared)
    (shared / home.STORE_FILE).touch()
    before = os.geteuid()
    with _open_way(tmp_path):
        os.seteuid(NOBODY)
        try:
            with pytest.raises(PermissionDeniedError):
                home.state_root()
        finally:
            os.seteuid(before)


@contextmanager
def _open_way(folder: Path) -> Iterator[None]:
    """Let everybody through to ``folder`` for a while."""
    modes = {parent: mode(parent) for parent in (folder, *folder.parents)}
    try:
        for parent, before in modes.items():
            if not before & 0o001:
                parent.chmod(before | 0o001)
        yield
    finally:
        for parent, before in modes.items():
            parent.chmod(before)
