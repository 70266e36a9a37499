"""Protected settings at rest: only for their owner, only with the key, never in the clear."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectedmachine.model.errors import StoreError
from connectedmachine.model.resource import Settings
from connectedmachine.store import Store
from connectedmachine.store.secrets import KEY_FILE, Secrets
from store.support import MACHINE, a_machine, an_extension

OWNER = f"{MACHINE}/agent"
SECRET = '{"password": "correct horse battery staple"}'

MADE_AT_ONCE = """
import sys
from pathlib import Path
from connectedmachine.store.secrets import Secrets
sys.stdin.read(1)
sys.stdout.buffer.write(Secrets(Path(sys.argv[1])).encrypt(sys.argv[2], "owner"))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def refused(secrets: Secrets, sealed: bytes, owner: str = OWNER) -> StoreError:
    with pytest.raises(StoreError) as caught:
        secrets.decrypt(sealed, owner)
    assert caught.value.code == "SecretUnreadable"
    assert caught.value.hint
    return caught.value


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), owner=st.text())
def test_what_is_sealed_is_opened_for_its_owner(folder: Path, text: str, owner: str) -> None:
    sealed = Secrets(folder).encrypt(text, owner)
    assert Secrets(folder).decrypt(sealed, owner) == text


def test_the_spelling_of_the_owner_does_not_matter(folder: Path) -> None:
    assert Secrets(folder).decrypt(Secrets(folder).encrypt(SECRET, OWNER.upper()), OWNER) == SECRET


def test_another_owner_cannot_open_it(folder: Path) -> None:
    """A row that is copied to another extension hands no secret over."""
    refused(Secrets(folder), Secrets(folder).encrypt(SECRET, OWNER), f"{MACHINE}/other")


def test_another_key_cannot_open_it(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = Secrets(tmp_path_factory.mktemp("other"))
    other.encrypt("anything", OWNER)
    refused(other, Secrets(folder).encrypt(SECRET, OWNER))


def test_without_its_key_nothing_opens_it_and_no_key_is_made(folder: Path) -> None:
    sealed = Secrets(folder).encrypt(SECRET, OWNER)
    (folder / KEY_FILE).unlink()
    refused(Secrets(folder), sealed)
    assert not (folder / KEY_FILE).exists()


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_an_error_and_is_left_as_it_is(folder: Path, key: bytes) -> None:
    sealed = Secrets(folder).encrypt(SECRET, OWNER)
    (folder / KEY_FILE).write_bytes(key)
    refused(Secrets(folder), sealed)
    with pytest.raises(StoreError) as caught:
        Secrets(folder).encrypt(SECRET, OWNER)
    assert caught.value.code == "SecretUnreadable"
    assert (folder / KEY_FILE).read_bytes() == key


def test_what_was_changed_by_one_bit_does_not_open(folder: Path) -> None:
    sealed = Secrets(folder).encrypt(SECRET, OWNER)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        refused(Secrets(folder), bytes(changed))


@pytest.mark.parametrize("length", [0, 1, 7, 11, 12, 27])
def test_what_was_cut_short_does_not_open(folder: Path, length: int) -> None:
    refused(Secrets(folder), Secrets(folder).encrypt(SECRET, OWNER)[:length])


def test_the_same_secret_is_sealed_differently_each_time(folder: Path) -> None:
    secrets = Secrets(folder)
    assert secrets.encrypt(SECRET, OWNER) != secrets.encrypt(SECRET, OWNER)


def test_an_error_tells_no_secret(folder: Path) -> None:
    sealed = Secrets(folder).encrypt(SECRET, OWNER)
    key = (folder / KEY_FILE).read_bytes()
    error = refused(Secrets(folder), sealed, "other")
    assert "horse" not in f"{error.message} {error.hint} {error.target}"
    assert key.hex() not in f"{error.message} {error.hint} {error.target}"


@pytest.mark.skipif(os.name == "nt", reason="needs modes of POSIX")
def test_the_key_is_its_owners_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        Secrets(folder).encrypt(SECRET, OWNER)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600


def test_processes_that_make_the_key_at_once_share_it_and_leave_nothing_else(folder: Path) -> None:
    texts = [f"text {number}" for number in range(3)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MADE_AT_ONCE, str(folder), text],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for text in texts
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"!")
        process.stdin.flush()
    sealed = [process.communicate(timeout=60)[0] for process in processes]
    assert [Secrets(folder).decrypt(one, "owner") for one in sealed] == texts
    assert [file.name for file in folder.iterdir()] == [KEY_FILE]


def test_no_file_of_the_store_holds_a_secret_in_the_clear(home: Path) -> None:
    store = Store.open(home)
    store.machines.save(a_machine())
    sealed = Secrets(home).encrypt(SECRET, OWNER)
    extension = replace(an_extension(), settings=Settings(1, '{"port": 80}', sealed))
    store.extensions.save(extension)
    files = [file for file in home.rglob("*") if file.is_file()]
    assert {"store.db", "store.db-wal", KEY_FILE} <= {file.name for file in files}
    content = b"".join(file.read_bytes() for file in files)
    assert b'{"port": 80}' in content, "what is looked for would be found"
    assert b"horse" not in content
    found = store.extensions.find(MACHINE, "agent")
    assert found is not None
    assert found.settings.protected is not None
    assert Secrets(home).decrypt(found.settings.protected, OWNER) == SECRET
    store.close()
    assert b"horse" not in b"".join(file.read_bytes() for file in home.rglob("*") if file.is_file())
