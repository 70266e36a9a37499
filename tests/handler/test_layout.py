"""Where versions live, what passes from one to the other, and how folders change places."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from connectedmachine.handler.layout import Library, carry, carry_back, discard, manifest_of, move
from connectedmachine.handler.status import read_status
from connectedmachine.model.errors import ConflictError, DiskFullError, HandlerError, PackageError
from connectedmachine.model.handler import Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version
from handler.support import needs_posix_files

HANDLER = HandlerName("Contoso.Tools", "Agent")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old"
    (path / "status").mkdir(parents=True)
    (path / "config").mkdir()
    return path


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new"
    path.mkdir()
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_versions_are_siblings_named_after_handler_and_version(tmp_path: Path) -> None:
    library = Library(tmp_path / "library", tmp_path / "log")
    first = library.version_folder(HANDLER, Version.parse("1.2"))
    second = library.version_folder(HANDLER, Version.parse("1.10"))
    assert first == tmp_path / "library" / "Contoso.Tools.Agent-1.2.0.0"
    assert first.parent == second.parent
    assert library.kept_folder(HANDLER, Version.parse("1.2")) == tmp_path / "library" / "kept" / first.name


def test_logs_lie_apart_and_have_no_version(tmp_path: Path) -> None:
    assert Library(tmp_path / "library", tmp_path / "log").log_folder(HANDLER) == (
        tmp_path / "log" / "Contoso.Tools.Agent"
    )


def test_a_manifest_is_read_from_the_root_of_the_version(new: Path) -> None:
    (new / "HandlerManifest.json").write_text('[{"handlerManifest": {"enableCommand": "x"}}]')
    assert manifest_of(new).commands == {Command.ENABLE: "x"}


def test_a_missing_manifest_is_an_error_that_names_the_file(new: Path) -> None:
    with pytest.raises(HandlerError) as caught:
        manifest_of(new)
    assert caught.value.code == "ManifestMissing"
    assert str(new / "HandlerManifest.json") in caught.value.message


def test_a_malformed_manifest_is_an_error(new: Path) -> None:
    (new / "HandlerManifest.json").write_text("{")
    with pytest.raises(PackageError):
        manifest_of(new)


def test_the_new_version_gets_mrseq_with_its_time_and_status_that_passes_for_no_report(
    old: Path, new: Path
) -> None:
    (old / "mrseq").write_text("3")
    for name in ("3.status", "3.status.bak"):
        (old / "status" / name).write_text("[]")
    (old / "config" / "3.settings").write_text("{}")
    (old / "data").write_text("not ours to copy")
    os.utime(old / "mrseq", (1_000_000_000, 1_000_000_000))
    assert carry(old, new) == []
    assert names(new) == ["mrseq", "status/3.status", "status/3.status.bak"]
    assert (new / "mrseq").read_text() == "3"
    assert (new / "mrseq").stat().st_mtime == 1_000_000_000
    assert not read_status(new, 3).is_current


def test_carrying_twice_takes_the_latest(old: Path, new: Path) -> None:
    (old / "mrseq").write_text("3")
    carry(old, new)
    (old / "mrseq").write_text("4")
    assert carry(old, new) == []
    assert (new / "mrseq").read_text() == "4"


def test_a_version_without_anything_to_carry_carries_nothing(tmp_path: Path, new: Path) -> None:
    assert carry(tmp_path / "gone", new) == []
    assert names(new) == []


def test_an_undone_upgrade_gives_the_old_version_its_configuration_too(old: Path, new: Path) -> None:
    (old / "mrseq").write_text("3")
    (old / "config" / "HandlerState").write_text("Enabled")
    (old / "config" / "3.settings").write_text("{}")
    (old / "status" / "3.status").write_text("[]")
    assert carry_back(old, new) == []
    assert names(new) == ["config/3.settings", "config/HandlerState", "mrseq", "status/3.status"]


@needs_posix_files
def test_links_pipes_and_endless_files_are_left_out_and_reported(
    old: Path, new: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root's")
    (old / "mrseq").symlink_to(secret)
    os.mkfifo(old / "status" / "0.status")
    (old / "status" / "folder").mkdir()
    (old / "status" / "1.status").symlink_to(secret)
    with (old / "status" / "2.status").open("wb") as huge:
        huge.truncate(1 << 40)
    assert carry(old, new) == [
        "mrseq",
        "status/0.status",
        "status/1.status",
        "status/2.status",
        "status/folder",
    ]
    assert names(new) == []


@needs_posix_files
def test_a_status_folder_that_is_a_link_is_not_followed(old: Path, new: Path, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text("secret")
    (old / "status").rmdir()
    (old / "status").symlink_to(tmp_path / "private")
    assert carry(old, new) == ["status"]
    assert names(new) == []


@needs_posix_files
def test_a_link_in_the_new_version_is_replaced_and_not_written_through(
    old: Path, new: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (new / "mrseq").symlink_to(victim)
    (old / "mrseq").write_text("3")
    carry(old, new)
    assert victim.read_text() == "mine"
    assert (new / "mrseq").read_text() == "3"


def test_a_status_folder_with_too_many_files_does_not_fill_the_disk(old: Path, new: Path) -> None:
    for number in range(1100):
        (old / "status" / f"{number}.status").touch()
    skipped = carry(old, new)
    assert len(names(new)) + len(skipped) == 1100
    assert len(names(new)) < 1001


def test_a_full_disk_while_carrying_is_said(old: Path, small_disk: Path) -> None:
    (old / "mrseq").write_bytes(b"x" * 1_000_000)
    with pytest.raises(DiskFullError):
        carry(old, small_disk)
    assert names(small_disk) == []


def test_moving_twice_is_moving_once(old: Path, tmp_path: Path) -> None:
    (old / "mrseq").write_text("3")
    to = tmp_path / "kept" / "old"
    assert move(old, to)
    assert move(old, to)
    assert not old.exists()
    assert (to / "mrseq").read_text() == "3"


def test_moving_what_is_nowhere_says_so(tmp_path: Path) -> None:
    assert not move(tmp_path / "gone", tmp_path / "kept" / "gone")


def test_moving_replaces_nothing_not_even_an_empty_folder(old: Path, new: Path) -> None:
    with pytest.raises(ConflictError) as caught:
        move(old, new)
    assert caught.value.code == "FolderExists"
    assert old.exists()
    assert new.exists()


def test_discarding_twice_is_discarding_once(old: Path) -> None:
    (old / "bin").mkdir()
    (old / "bin" / "x").write_text("x")
    discard(old)
    discard(old)
    assert list(old.parent.iterdir()) == []


def test_what_somebody_else_deletes_at_the_same_time_is_discarded(old: Path) -> None:
    """As a handler does whose uninstall goes on in the background."""
    for number in range(200):
        (old / str(number)).mkdir()
        (old / str(number) / "x").touch()
    other = Thread(target=shutil.rmtree, args=(old,), kwargs={"ignore_errors": True})
    other.start()
    discard(old)
    other.join()
    assert list(old.parent.iterdir()) == []


def test_what_a_crash_left_of_a_discarded_folder_goes_with_the_next(old: Path) -> None:
    old.rename(old.with_name(".discarded-old"))
    discard(old)
    assert list(old.parent.iterdir()) == []


@needs_posix_files
def test_discarding_a_link_leaves_its_target_alone(old: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(old)
    discard(link)
    assert not link.is_symlink()
    assert (old / "status").is_dir()


@needs_posix_files
def test_discarding_does_not_follow_links_inside(old: Path, new: Path) -> None:
    (new / "precious").write_text("x")
    (old / "out").symlink_to(new)
    discard(old)
    assert (new / "precious").exists()


@needs_posix_files
def test_read_only_folders_and_files_do_not_resist(old: Path) -> None:
    inner = old / "inner" / "deeper"
    inner.mkdir(parents=True)
    (inner / "x").write_text("x")
    (inner / "x").chmod(0o400)
    inner.chmod(0o500)
    inner.parent.chmod(0)
    assert _as_somebody(old.parent, lambda: discard(Path("old"))) == 0
    assert list(old.parent.iterdir()) == []


def _as_somebody(folder: Path, work: Callable[[], None]) -> int:
    """Do ``work`` in ``folder`` and return 0; the superuser, whom no mode holds up, lets another do it."""
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        if os.geteuid() == 0:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, 12345, 12345)
            os.setuid(12345)
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
