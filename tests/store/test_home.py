"""Where state lives, and who may use it (design page section 8)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from connectedmachine.model.errors import PermissionDeniedError, StoreError
from connectedmachine.store import Store, home

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
    monkeypatch.setattr(home, "is_privileged", lambda: True)
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


# The folder itself.


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
    monkeypatch.setattr(home, "is_privileged", lambda: False)
    monkeypatch.setattr(home, "_machine_wide", lambda: tmp_path / "none")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert home.state_root() == tmp_path / "state" / "azcmlite"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home.state_root() == tmp_path / ".local" / "state" / "azcmlite"
