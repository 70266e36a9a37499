"""The plain course of things, as a handler sees it (handler contract, section 7, cases 1 to 3, 21 and 23)."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import SAMPLES, World
from packages import AGENT, PackageSpec, build

NEW = replace(AGENT, version="1.1.0.0")


def publish_in(world: World, gallery: str, spec: PackageSpec) -> None:
    folder = world.root / gallery
    world.service.gallery_add(name=gallery, path=str(folder), follow=world.listener)
    world.service.image_publish(
        path=str(build(world.root / "zips", spec)),
        publisher=spec.publisher,
        type=spec.type,
        version=spec.version,
        operating_system=SAMPLES[spec.os],
        supports_automatic_upgrade=True,
        gallery=gallery,
        follow=world.listener,
    )


def damage(gallery: Path, spec: PackageSpec, kept: int) -> None:
    """Cut the published package of a version short, as a copy does that broke off."""
    for package in gallery.rglob("*.zip"):
        if spec.version in str(package):
            os.truncate(package, kept)
            return
    raise AssertionError(f"{spec.version} is not in {gallery}")


def sequences(world: World) -> list[str]:
    return [f"{c.command} {c.environment['ConfigSequenceNumber']}" for c in world.commands(AGENT)]


def test_an_installation_is_install_and_enable_and_its_status_is_shown(world: World) -> None:
    world.install(AGENT)
    assert world.ran(AGENT) == [f"install {AGENT.version}", f"enable {AGENT.version}"]
    assert world.version(AGENT) == AGENT.version
    assert AGENT.version in world.extension(AGENT).status.message


def test_new_settings_are_one_enable_with_the_next_number(world: World) -> None:
    world.install(AGENT)
    world.patch(AGENT, settings={"port": 0, "colour": "red"})
    world.run()
    assert sequences(world) == ["install 1", "enable 1", "enable 2"]


def test_a_runner_that_starts_again_runs_nothing_that_was_done(world: World) -> None:
    """Azure's agent enables everything anew after each of its starts; here what was done is known."""
    world.install(AGENT)
    world.run()
    assert world.run_pass() == {"Agent": "UpToDate"}
    assert world.ran(AGENT) == [f"install {AGENT.version}", f"enable {AGENT.version}"]


def test_a_newer_settings_file_that_is_not_ours_changes_no_number(world: World) -> None:
    world.install(AGENT)
    (world.folder(AGENT) / "config" / "99.settings").write_text("{}")
    (world.folder(AGENT) / "status" / "99.status").write_text('[{"status": {"status": "error"}}]')
    world.patch(AGENT, settings={"port": 0, "colour": "red"})
    world.run()
    assert sequences(world)[-1] == "enable 2"
    assert AGENT.version in world.extension(AGENT).status.message


@pytest.mark.parametrize("kept", [0, 200])
def test_a_package_cut_short_in_one_gallery_is_taken_from_another(world: World, kept: int) -> None:
    world.install(AGENT)
    world.publish(NEW)
    publish_in(world, "other", NEW)
    damage(world.home / "gallery", NEW, kept)
    assert world.run_pass() == {"Agent": "Upgraded"}


def test_a_package_that_is_cut_short_everywhere_touches_nothing(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    publish_in(world, "other", NEW)
    before = world.extension(AGENT).installed
    for gallery in (world.home / "gallery", world.root / "other"):
        damage(gallery, NEW, 200)
    assert world.run_pass() == {"Agent": "Failed"}
    assert world.extension(AGENT).installed == before
    assert world.serving(AGENT) == [AGENT.version]
    assert world.ran(AGENT) == [f"install {AGENT.version}", f"enable {AGENT.version}"]
    assert world.left_behind() == []
