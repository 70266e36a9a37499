"""Galleries and publishing, as the service offers them; the gallery room tests the folders themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.service.views import Json
from service.support import SAMPLE, Desk, refused, values


def publish(desk: Desk, path: Path | str, version: str = "1.0", **given: object) -> Json:
    arguments: dict[str, object] = {
        "publisher": SAMPLE,
        "type": "Agent",
        "operating_system": "Linux",
        **given,
    }
    return desk.service.image_publish(path=str(path), version=version, follow=desk.heard, **arguments)  # type: ignore[arg-type]


def add(desk: Desk, name: str, path: Path | str) -> Json:
    return desk.service.gallery_add(name=name, path=str(path), follow=desk.heard)


def names(desk: Desk) -> list[object]:
    return [gallery["name"] for gallery in values(desk.service.gallery_list())]


def shown(desk: Desk, **given: str) -> list[tuple[object, object, object]]:
    return [(i["gallery"], i["version"], i["withdrawn"]) for i in values(desk.service.image_list(**given))]


# Galleries.


def test_the_default_gallery_is_always_there(desk: Desk) -> None:
    (default,) = values(desk.service.gallery_list())

    assert (default["name"], default["isDefault"]) == ("default", True)
    with pytest.raises(ConnectedMachineError) as error:
        desk.service.gallery_remove(name="Default", follow=desk.heard)
    refused(error, "DefaultGallery")


def test_a_gallery_is_added_used_and_removed(desk: Desk, tmp_path: Path) -> None:
    add(desk, "site", tmp_path / "new" / "site")
    desk.publish("Agent", "1.0")
    desk.publish("Agent", "1.1", gallery="site")
    desk.create()
    assert desk.version() == "1.1.0.0"
    assert names(desk) == ["default", "site"]

    assert desk.service.gallery_remove(name="SITE", follow=desk.heard) == {"removed": True}

    assert names(desk) == ["default"]
    assert list((tmp_path / "new" / "site").rglob("package.zip")), "its folder stays as it is"
    assert desk.service.gallery_remove(name="site", follow=desk.heard) == {"removed": False}


def test_adding_the_same_gallery_again_is_harmless(desk: Desk, tmp_path: Path) -> None:
    first = add(desk, "site", tmp_path / "site")

    assert add(desk, "SITE", tmp_path / "site") == first
    assert names(desk) == ["default", "site"]


@pytest.mark.parametrize(
    ("name", "path", "code"),
    [
        ("site", "elsewhere", "GalleryExists"),
        ("default", "elsewhere", "GalleryExists"),
        ("a/b", "elsewhere", "InvalidName"),
        ("", "elsewhere", "InvalidName"),
        ("other", "file", "InvalidRequestContent"),
        ("other", "file/below", "InvalidRequestContent"),
    ],
)
def test_a_gallery_that_cannot_be_added_is_refused(
    desk: Desk, tmp_path: Path, name: str, path: str, code: str
) -> None:
    add(desk, "site", tmp_path / "site")
    (tmp_path / "file").touch()
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        add(desk, name, tmp_path / path)

    refused(error, code)
    assert desk.state() == before
    assert not (tmp_path / "elsewhere").exists()


def test_an_unknown_gallery_is_named(desk: Desk) -> None:
    service = desk.service
    asks: list[Callable[[], object]] = [
        lambda: service.gallery_list(name="nowhere"),
        lambda: service.image_list(gallery="nowhere"),
        lambda: publish(desk, desk.package("Agent", "1.0"), gallery="nowhere"),
        lambda: service.image_unpublish(
            publisher=SAMPLE, type="Agent", version="1.0", gallery="nowhere", follow=desk.heard
        ),
    ]
    for ask in asks:
        with pytest.raises(ConnectedMachineError) as error:
            ask()
        assert refused(error, "ResourceNotFound").target == "nowhere"


def test_a_gallery_that_is_out_of_reach_hides_nothing_of_the_others(desk: Desk, tmp_path: Path) -> None:
    add(desk, "site", tmp_path / "site")
    desk.publish("Agent", "1.0")
    (tmp_path / "site").rmdir()

    assert shown(desk) == [("default", "1.0.0.0", False)]
    desk.create()
    assert desk.version() == "1.0.0.0"


# Publishing.


def test_a_published_image_says_what_it_is(desk: Desk) -> None:
    package = desk.package("Agent", "1.0")

    image = publish(desk, package, architecture="x64", supports_automatic_upgrade=True)

    assert {key: image[key] for key in image.keys() - {"sha256", "published"}} == {
        "gallery": "default",
        "publisher": SAMPLE,
        "type": "Agent",
        "version": "1.0.0.0",
        "operatingSystem": "Linux",
        "architecture": "x64",
        "supportsAutomaticUpgrade": True,
        "length": package.stat().st_size,
        "withdrawn": False,
    }


def test_images_are_listed_newest_first_and_by_what_is_asked(desk: Desk) -> None:
    desk.publish("Agent", "1.2", "1.10")
    desk.publish("Clock", "1.0")

    assert shown(desk, publisher=SAMPLE.upper(), type="agent") == [
        ("default", "1.10.0.0", False),
        ("default", "1.2.0.0", False),
    ]
    assert len(shown(desk)) == 3


def test_a_flag_that_every_runtime_reads_as_false_is_warned_of(desk: Desk, tmp_path: Path) -> None:
    package = tmp_path / "p.zip"
    with ZipFile(package, "w") as archive:
        archive.writestr("HandlerManifest.json", '[{"handlerManifest": {"reportHeartbeat": "yes"}}]')
    publish(desk, package)
    assert "'reportHeartbeat'" in desk.heard.warnings[-1]


def test_the_same_package_again_is_the_same_image(desk: Desk) -> None:
    first = publish(desk, desk.package("Agent", "1.0"))

    assert publish(desk, desk.package("Agent", "1.0")) == first


def test_unpublish_takes_out_of_choice_and_publish_brings_back(desk: Desk) -> None:
    desk.publish("Agent", "1.0", "1.1")

    desk.withdraw("Agent", "1.1")
    assert shown(desk) == [("default", "1.1.0.0", True), ("default", "1.0.0.0", False)]
    desk.withdraw("Agent", "1.1")

    desk.publish("Agent", "1.1")
    assert shown(desk)[0] == ("default", "1.1.0.0", False)


def test_the_platform_tells_two_images_of_one_version_apart(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("Agent", "1.0", os="windows")
    with pytest.raises(ConnectedMachineError) as error:
        desk.withdraw("Agent", "1.0")
    refused(error, "AmbiguousPlatform")

    desk.service.image_unpublish(
        publisher=SAMPLE, type="Agent", version="1.0", operating_system="Windows", follow=desk.heard
    )

    images = values(desk.service.image_list())
    assert {i["operatingSystem"]: i["withdrawn"] for i in images} == {"Linux": False, "Windows": True}


@pytest.mark.parametrize("given", [{"version": "1.7"}, {"type": "Nobody"}, {"operating_system": "Windows"}])
def test_what_was_never_published_cannot_be_withdrawn(desk: Desk, given: dict[str, str]) -> None:
    desk.publish("Agent", "1.0")
    wanted = {"publisher": SAMPLE, "type": "Agent", "version": "1.0", **given}
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        desk.service.image_unpublish(**wanted, follow=desk.heard)

    refused(error, "ResourceNotFound")
    assert desk.state() == before


def _text(path: Path) -> Path:
    path.write_text("this is no zip")
    return path


def _manifest(path: Path, text: str) -> Path:
    with ZipFile(path, "w") as archive:
        archive.writestr("HandlerManifest.json", text)
    return path


def _without_manifest(path: Path) -> Path:
    with ZipFile(path, "w") as archive:
        archive.writestr("bin/enable.sh", "")
    return path


def _climbing(path: Path) -> Path:
    _manifest(path, '[{"version": 1.0, "handlerManifest": {"enableCommand": "x"}}]')
    with ZipFile(path, "a") as archive:
        archive.writestr("../outside", "")
    return path


def test_a_package_that_is_none_is_refused_and_nothing_changes(desk: Desk, tmp_path: Path) -> None:
    desk.publish("Agent", "0.1")
    packages = {
        "MalformedPackage": _text(tmp_path / "text.zip"),
        "MalformedManifest": _manifest(tmp_path / "manifest.zip", "{not json"),
        "ManifestNotFound": _without_manifest(tmp_path / "none.zip"),
        "UnsafePackage": _climbing(tmp_path / "climbing.zip"),
        "ResourceNotFound": tmp_path / "missing.zip",
        "SigningInfoMismatch": desk.package("Clock", "1.0"),
    }
    before = desk.state()

    for code, path in packages.items():
        with pytest.raises(ConnectedMachineError) as error:
            publish(desk, path)
        refused(error, code)

    assert desk.state() == before


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"version": "one"}, "InvalidVersion"),
        ({"version": "1.2.3.4.5"}, "InvalidVersion"),
        ({"operating_system": "macOS"}, "InvalidRequestContent"),
        ({"operating_system": "Plan9"}, "InvalidRequestContent"),
        ({"architecture": "mips"}, "InvalidRequestContent"),
        ({"publisher": "a/b"}, "InvalidName"),
        ({"type": ".."}, "InvalidName"),
    ],
)
def test_facts_that_cannot_be_are_refused(desk: Desk, given: dict[str, object], code: str) -> None:
    package = desk.package("Agent", "1.0")
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        publish(desk, package, **given)  # type: ignore[arg-type]

    refused(error, code)
    assert desk.state() == before


def test_the_same_version_with_other_bytes_is_refused(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    other = _manifest(
        desk.zips / "other.zip", '[{"version": 1.0, "handlerManifest": {"enableCommand": "x"}}]'
    )
    before = desk.state()

    with pytest.raises(ConnectedMachineError) as error:
        publish(desk, other)

    refused(error, "ImageAlreadyPublished")
    assert desk.state() == before
