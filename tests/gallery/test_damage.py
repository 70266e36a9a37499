"""Whether an unpacked folder still holds what its package brought."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from connectedmachine.gallery.damage import contents, is_intact, read_contents, write_contents
from connectedmachine.gallery.gallery import is_whole
from connectedmachine.gallery.unpack import unpack
from packages import AGENT, build


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return build(tmp_path / "zips", AGENT)


@pytest.fixture
def folder(package: Path, tmp_path: Path) -> Path:
    target = tmp_path / "Contoso.Sample.Agent-1.0.0.0"
    unpack(package, target, sha256=hashlib.sha256(package.read_bytes()).hexdigest())
    return target


def test_a_folder_is_intact_whatever_the_handler_added(package: Path, folder: Path) -> None:
    (folder / "status").mkdir()
    (folder / "status" / "0.status").write_text("[]")

    assert is_intact(contents(package), folder)


def test_a_missing_file_is_damage(package: Path, folder: Path) -> None:
    (folder / "agent.py").unlink()

    assert not is_intact(contents(package), folder)


def test_a_changed_byte_is_damage(package: Path, folder: Path) -> None:
    text = (folder / "agent.py").read_bytes()
    (folder / "agent.py").write_bytes(text[:-1] + b"#")

    assert not is_intact(contents(package), folder)


def test_a_link_in_place_of_a_file_is_damage(package: Path, folder: Path, tmp_path: Path) -> None:
    (folder / "agent.py").rename(tmp_path / "elsewhere.py")
    (folder / "agent.py").symlink_to(tmp_path / "elsewhere.py")

    assert not is_intact(contents(package), folder)


@pytest.mark.parametrize("content", [None, "", "[]", '[{"handlerManifest": {"enableCommand": "x"}}]'])
def test_a_missing_or_changed_manifest_is_damage(package: Path, folder: Path, content: str | None) -> None:
    manifest = folder / "HandlerManifest.json"
    manifest.unlink()
    if content is not None:
        manifest.write_text(content)

    assert not is_intact(contents(package), folder)


def test_a_missing_folder_is_damage(package: Path, tmp_path: Path) -> None:
    assert not is_intact(contents(package), tmp_path / "nothing")


def test_a_list_that_was_kept_finds_the_same_without_the_package(
    package: Path, folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "lists" / "contents.json"
    write_contents(contents(package), kept)
    package.unlink()
    listed = read_contents(kept)
    assert listed is not None
    assert is_intact(listed, folder)
    (folder / "agent.py").unlink()
    assert not is_intact(listed, folder)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"a": 1}', '{"a": [1]}', '{"a": ["x", 1]}'])
def test_a_list_that_is_no_list_proves_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "contents.json").write_text(text)
    assert read_contents(tmp_path / "contents.json") is None
    assert read_contents(tmp_path / "none.json") is None


def test_a_zip_is_whole_with_all_its_bytes_only(package: Path) -> None:
    data = package.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()

    assert is_whole(package, sha256)
    package.write_bytes(data[:-1])
    assert not is_whole(package, sha256)
    package.unlink()
    assert not is_whole(package, sha256)
