"""Where state lives, and who may use it (design page section 8)."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectedmachine.model.errors import PermissionDeniedError, StoreError
from connectedmachine.store import Store, home

NOBODY = 65534

posix_only = pytest.mark.skipif(os.name == "nt", reason="needs modes of POSIX")
needs_root = pytest.mark.skipif(
    os.name == "nt" or os.geteuid() != 0, reason="needs the right to become another user"
)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine-wide place of this test's own; nothing is named, and the caller has no privileges."""
    place = tmp_path / "shared"
    monkeypatch.delenv("AZCMLITE_HOME", raising=False)
    monkeypatch.setattr(home, "_machine_wide", lambda: place)
    monkeypatch.setattr(home, "_is_privileged", lambda: False)
    monkeypatch.setattr(home, "_user_place", lambda: tmp_path / "user")
    return place


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Which folder.


def test_the_named_folder_goes_before_everything(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.mkdir()
    (shared / home.STORE_FILE).touch()
    monkeypatch.setenv("AZCMLITE_HOME", str(tmp_path / "named"))
    assert home.state_root() == tmp_path / "named"


def test_a_relative_name_means_one_folder_wherever_work_goes_on(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not shared.exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZCMLITE_HOME", "state")
    assert home.state_root() == tmp_path / "state"


def test_the_privileged_use_the_machine_wide_place(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "_is_privileged", lambda: True)
    assert home.state_root() == shared


@pytest.mark.parametrize("made", [True, False])
def test_others_have_a_place_of_their_own_while_there_is_no_machine_wide_store(
    shared: Path, tmp_path: Path, made: bool
) -> None:
    if made:
        shared.mkdir()
    assert home.state_root() == tmp_path / "user"


def test_beside_a_machine_wide_store_others_get_an_error_never_a_second_store(shared: Path) -> None:
    shared.mkdir()
    (shared / home.STORE_FILE).touch()
    with pytest.raises(PermissionDeniedError) as caught:
        home.state_root()
    assert (caught.value.code, caught.value.target) == ("PermissionDenied", str(shared))
    assert "AZCMLITE_HOME" in caught.value.hint


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


# The folder itself.


@posix_only
def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Store.open(tmp_path / "home").close()
    finally:
        os.umask(before)
    assert mode(tmp_path / "home") == 0o700


@posix_only
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


def test_a_file_where_the_folder_should_be_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for root in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError) as caught:
            Store.open(root)
        assert (caught.value.code, caught.value.target) == ("StoreUnreadable", str(root))
        assert caught.value.hint


@pytest.mark.skipif(sys.platform != "linux", reason="its users' state folders are those of XDG")
def test_a_users_own_place_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AZCMLITE_HOME", raising=False)
    monkeypatch.setattr(home, "_is_privileged", lambda: False)
    monkeypatch.setattr(home, "_machine_wide", lambda: tmp_path / "none")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert home.state_root() == tmp_path / "state" / "azcmlite"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home.state_root() == tmp_path / ".local" / "state" / "azcmlite"
