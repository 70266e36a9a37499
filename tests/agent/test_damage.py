"""What undo finds damaged is made anew: the old version's folder, and its pinned package."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import PowerCutError, World, at
from connectedmachine.model.operation import Outcome
from packages import AGENT

BAD = replace(AGENT, version="1.1.0.0", fails=("update",))
LATE = replace(AGENT, version="1.1.0.0", fails=("install",))
"""Fails when the old version's folder has left the library."""


def remark(world: World) -> str:
    return next(r.message for r in world.last(AGENT).journal if str(r.step) == "restore(old)")


def test_an_intact_folder_is_used_as_it_is(world: World) -> None:
    world.install(AGENT)
    (world.folder(AGENT) / "own.txt").write_text("the handler's own")
    world.publish(BAD)
    world.run_pass()
    assert remark(world) == "Its folder was intact."
    assert (world.folder(AGENT) / "own.txt").exists()


def test_a_damaged_folder_is_unpacked_afresh_with_what_the_version_had(world: World) -> None:
    world.install(AGENT)
    folder = world.folder(AGENT)
    (folder / "mrseq").write_text("1")
    (folder / "status" / "0.status").write_text("[]")
    settings = (folder / "config" / "1.settings").read_bytes()
    world.publish(BAD)
    world.run_pass(at("after update(new) to new", lambda: (folder / "bin" / "enable.sh").unlink()))
    assert remark(world).startswith("Unpacked afresh")
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert (folder / "mrseq").read_text() == "1"
    assert (folder / "status" / "0.status").read_text() == "[]"
    assert (folder / "config" / "1.settings").read_bytes() == settings
    assert world.serving(AGENT) == [AGENT.version]
    assert world.left_behind() == []


def test_a_folder_that_left_the_library_comes_back_with_what_it_had(world: World) -> None:
    world.install(AGENT)
    (world.folder(AGENT) / "mrseq").write_text("1")
    world.publish(LATE)
    world.run_pass()
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert (world.folder(AGENT) / "mrseq").read_text() == "1"
    assert world.serving(AGENT) == [AGENT.version]


def test_the_new_version_s_mrseq_is_the_latest(world: World) -> None:
    """Without it a user's script that the new version ran would run again."""
    world.install(AGENT)
    (world.folder(AGENT) / "mrseq").write_text("1")
    world.publish(LATE)
    ran = at("before install(new)", lambda: (world.folder(LATE) / "mrseq").write_text("2"))
    world.run_pass(ran)
    assert (world.folder(AGENT) / "mrseq").read_text() == "2"


def pinned_zip(world: World) -> Path:
    installed = world.extension(AGENT).installed
    assert installed is not None
    return world.places.packages / f"{installed.sha256}.zip"


def test_a_damaged_pinned_package_is_fetched_again(world: World) -> None:
    world.install(AGENT)
    package = pinned_zip(world)
    whole = package.read_bytes()
    world.publish(LATE)
    world.run_pass(at("before restore(old)", lambda: package.write_bytes(b"scribble")))
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert package.read_bytes() == whole


def lose_every_copy(world: World) -> tuple[Path, bytes]:
    """Neither ``packages/`` nor the gallery has the installed version's package; returns the gallery's."""
    [published] = [p for p in (world.home / "gallery").rglob("*.zip") if "1.0.0.0" in str(p)]
    whole = published.read_bytes()
    pinned_zip(world).unlink()
    published.unlink()
    return published, whole


def test_a_package_that_nobody_has_is_not_needed_while_the_folder_that_left_the_library_is_whole(
    world: World,
) -> None:
    world.install(AGENT)
    (world.folder(AGENT) / "own.txt").write_text("the handler's own")
    world.publish(LATE)
    assert world.run_pass(at("before restore(old)", lambda: lose_every_copy(world))) == {
        "Agent": "RolledBack"
    }
    assert remark(world).endswith("Its folder is whole and was put back as it was.")
    assert (world.folder(AGENT) / "own.txt").exists()
    assert world.serving(AGENT) == [AGENT.version]
    assert world.left_behind() == []


def test_a_package_that_nobody_has_is_not_needed_while_the_folder_in_the_library_is_whole(
    world: World,
) -> None:
    world.install(AGENT)
    world.publish(BAD)
    assert world.run_pass(at("before restore(old)", lambda: lose_every_copy(world))) == {
        "Agent": "RolledBack"
    }
    assert world.serving(AGENT) == [AGENT.version]


def test_a_package_that_nobody_has_makes_the_rollback_pending_until_it_is_published_again(
    world: World,
) -> None:
    world.install(AGENT)
    copies: list[tuple[Path, bytes]] = []
    world.publish(LATE)

    def lose() -> None:
        copies.append(lose_every_copy(world))
        (world.places.library.kept / world.folder(AGENT).name / "agent.py").unlink()

    assert world.run_pass(at("before restore(old)", lose)) == {"Agent": "RollbackPending"}
    published, whole = copies[0]
    published.write_bytes(whole)
    world.resolve(AGENT, "back")
    world.run()
    assert world.last(AGENT).outcome is Outcome.ROLLED_BACK
    assert world.serving(AGENT) == [AGENT.version]


def test_a_gallery_that_cannot_be_read_keeps_no_other_from_giving_the_package(
    world: World, tmp_path: Path
) -> None:
    world.install(AGENT)
    [published] = [p for p in (world.home / "gallery").rglob("package.zip") if "1.0.0.0" in str(p)]
    shutil.copytree(world.home / "gallery", tmp_path / "second")
    world.service.gallery_add(name="second", path=str(tmp_path / "second"), follow=world.listener)
    world.publish(LATE)

    def lose() -> None:
        pinned_zip(world).unlink()
        published.unlink()
        published.mkdir()

    world.run_pass(at("before restore(old)", lose))
    assert remark(world) == "Unpacked afresh from its package."


def test_a_fetch_that_fails_after_it_unpacked_leaves_no_folder(world: World) -> None:
    world.install(AGENT)
    world.publish(BAD)
    world.places.contents.rename(world.places.contents.with_name("moved"))
    world.places.contents.write_text("no folder")
    assert world.run_pass() == {"Agent": "Failed"}
    assert world.version_folders() == [world.folder(AGENT).name]
    assert world.serving(AGENT) == [AGENT.version]


# Packages.


def test_both_packages_are_kept_while_a_rollback_may_need_them(world: World) -> None:
    world.install(AGENT)
    kept: list[int] = []
    world.publish(replace(AGENT, version="1.1.0.0"))
    world.run_pass(at("after watch(new)", lambda: kept.append(len(world.zips()))))
    assert kept == [2]


def test_after_the_end_only_the_installed_version_s_package_is_kept(world: World) -> None:
    world.install(AGENT)
    first = world.zips()
    world.publish(replace(AGENT, version="1.1.0.0"))
    world.run_pass()
    assert len(world.zips()) == 1
    assert world.zips() != first


def test_after_a_rollback_only_the_old_version_s_package_is_kept(world: World) -> None:
    world.install(AGENT)
    first = world.zips()
    world.publish(BAD)
    world.run_pass()
    assert world.zips() == first


def test_after_a_removal_no_package_is_kept(world: World) -> None:
    world.install(AGENT)
    world.remove(AGENT)
    world.run()
    assert world.zips() == set()
    assert list(world.places.contents.iterdir()) == []


def test_a_version_whose_fetch_fails_at_the_second_attempt_is_not_left_beside_the_old_one(
    world: World,
) -> None:
    """The first attempt unpacked it and was killed; the next release would never have come back to it."""

    def cut() -> None:
        raise PowerCutError

    world.install(AGENT)
    world.publish(LATE)
    world.ask_for_pass()
    with pytest.raises(PowerCutError):
        world.run(at("after fetch(new)", cut))
    assert len(world.version_folders()) == 2
    shutil.rmtree(world.home / "gallery")
    old = world.last(AGENT).old
    assert old is not None
    for package in world.zips() - {old.sha256}:
        (world.places.packages / f"{package}.zip").unlink()
    world.run()
    assert world.last(AGENT).outcome is Outcome.FAILED
    assert world.version_folders() == [world.folder(AGENT).name]
    assert world.serving(AGENT) == [AGENT.version]
