"""A folder gallery: publish, withdraw, list, fetch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectedmachine.gallery.gallery import Gallery, unfinished_fetches
from connectedmachine.gallery.unpack import unpack
from connectedmachine.model.errors import (
    ConflictError,
    ConnectedMachineError,
    InvalidRequestError,
    NotFoundError,
    PackageError,
)
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import Architecture, ExtensionImage, OSType, Platform
from connectedmachine.model.version import Version
from gallery.zips import MANIFEST, Item, contents, link, sha256, write_zip
from packages import AGENT, build

HANDLER = HandlerName("Contoso.Sample", "Agent")
VERSION = Version.parse("1.0")
LINUX = Platform(OSType.LINUX, Architecture.ANY)
WINDOWS = Platform(OSType.WINDOWS, Architecture.ANY)
NOW = datetime(2025, 11, 25, 9, 30, tzinfo=UTC)
ENTRY = Path("images", "contoso.sample.agent", "1.0.0.0_linux_any")


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery("default", tmp_path / "gallery")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return build(tmp_path / "zips", AGENT)


def publish(
    gallery: Gallery,
    package: Path,
    version: Version = VERSION,
    platform: Platform = LINUX,
    handler: HandlerName = HANDLER,
    supports: bool = True,
    warn: Callable[[str], None] = lambda _: None,
) -> ExtensionImage:
    return gallery.publish(package, handler, version, platform, supports, NOW, warn)


def _refused(gallery: Gallery, package: Path) -> ConnectedMachineError:
    with pytest.raises(ConnectedMachineError) as caught:
        publish(gallery, package)
    assert gallery.images() == []
    assert contents(gallery.root) == {}
    return caught.value


def test_what_was_published_is_listed_as_it_was(gallery: Gallery, package: Path) -> None:
    image = publish(gallery, package)
    assert image == ExtensionImage(
        "default",
        HANDLER,
        VERSION,
        LINUX,
        True,
        sha256(package),
        package.stat().st_size,
        "2025-11-25T09:30:00.000000Z",
    )
    assert gallery.scan() == ([image], [])


def test_an_image_is_found_in_its_documented_place(gallery: Gallery, package: Path) -> None:
    publish(gallery, package)
    assert set(contents(gallery.root)) == {
        f"{ENTRY.as_posix()}/image.json",
        f"{ENTRY.as_posix()}/package.zip",
    }


def test_one_version_may_be_published_for_several_platforms(gallery: Gallery, package: Path) -> None:
    platforms = [
        LINUX,
        Platform(OSType.LINUX, Architecture.ARM64),
        Platform(OSType.WINDOWS, Architecture.X64),
    ]
    images = [publish(gallery, package, platform=platform) for platform in platforms]
    assert sorted(map(str, gallery.images())) == sorted(map(str, images))


def test_publishing_the_same_again_changes_nothing(gallery: Gallery, package: Path) -> None:
    first = publish(gallery, package)
    before = contents(gallery.root)
    later = gallery.publish(package, HANDLER, VERSION, LINUX, True, NOW.replace(year=2026))
    assert later == first
    assert contents(gallery.root) == before


def test_two_spellings_of_one_handler_are_one(gallery: Gallery, package: Path) -> None:
    first = publish(gallery, package)
    assert publish(gallery, package, handler=HandlerName("CONTOSO.sample", "agent")) == first


def test_the_same_version_with_other_bytes_is_refused(
    gallery: Gallery, package: Path, tmp_path: Path
) -> None:
    publish(gallery, package)
    before = contents(gallery.root)
    other = build(tmp_path / "other", replace(AGENT, lies=True))
    with pytest.raises(ConflictError) as caught:
        publish(gallery, other)
    assert caught.value.code == "ImageAlreadyPublished"
    assert contents(gallery.root) == before


def test_the_same_bytes_with_another_promise_are_refused(gallery: Gallery, package: Path) -> None:
    publish(gallery, package)
    with pytest.raises(ConflictError) as caught:
        publish(gallery, package, supports=False)
    assert caught.value.code == "ImageAlreadyPublished"


def test_a_withdrawn_version_stays_with_its_package_and_comes_back(gallery: Gallery, package: Path) -> None:
    image = publish(gallery, package)
    assert gallery.unpublish(HANDLER, VERSION, None).withdrawn
    assert [there.withdrawn for there in gallery.images()] == [True]
    assert gallery.fetch(image, gallery.root / "packages", owner="m").exists()
    assert gallery.unpublish(HANDLER, VERSION, LINUX).withdrawn
    assert publish(gallery, package) == image
    assert gallery.images() == [image]


@pytest.mark.parametrize(
    ("version", "platform"),
    [("2.0", None), ("2.0", LINUX), ("1.0", WINDOWS)],
)
def test_only_what_is_published_can_be_withdrawn(
    gallery: Gallery, package: Path, version: str, platform: Platform | None
) -> None:
    publish(gallery, package)
    with pytest.raises(NotFoundError) as caught:
        gallery.unpublish(HANDLER, Version.parse(version), platform)
    assert caught.value.code == "ResourceNotFound"
    assert caught.value.hint


def test_withdrawing_one_of_several_platforms_needs_its_name(gallery: Gallery, package: Path) -> None:
    publish(gallery, package)
    publish(gallery, package, platform=WINDOWS)
    with pytest.raises(InvalidRequestError) as caught:
        gallery.unpublish(HANDLER, VERSION, None)
    assert caught.value.code == "AmbiguousPlatform"
    gallery.unpublish(HANDLER, VERSION, WINDOWS)
    assert {image.platform: image.withdrawn for image in gallery.images()} == {LINUX: False, WINDOWS: True}


def test_a_prefix_of_a_version_withdraws_nothing(gallery: Gallery, package: Path) -> None:
    publish(gallery, package, version=Version.parse("1.0-beta1"))
    with pytest.raises(NotFoundError):
        gallery.unpublish(HANDLER, VERSION, None)


def test_an_unsafe_package_is_not_published(gallery: Gallery, tmp_path: Path) -> None:
    assert (
        _refused(gallery, write_zip(tmp_path / "p.zip", [link("x", "/etc/passwd")])).code == "UnsafePackage"
    )


def test_what_is_no_zip_is_not_published(gallery: Gallery, tmp_path: Path) -> None:
    package = tmp_path / "p.zip"
    package.write_bytes(b"no zip")
    assert _refused(gallery, package).code == "MalformedPackage"


def test_a_zip_without_a_manifest_is_not_published(gallery: Gallery, tmp_path: Path) -> None:
    assert _refused(gallery, write_zip(tmp_path / "p.zip", [Item("x")], None)).code == "ManifestNotFound"


def test_a_missing_file_is_not_found(gallery: Gallery, tmp_path: Path) -> None:
    assert _refused(gallery, tmp_path / "missing.zip").code == "ResourceNotFound"


@pytest.mark.parametrize("name", ["..", "a/b", "a b", ""])
def test_a_name_that_is_no_name_is_refused(gallery: Gallery, package: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        publish(gallery, package, handler=HandlerName("Contoso", name))
    assert caught.value.code == "InvalidName"


def test_packages_are_not_published_for_macos(gallery: Gallery, package: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        publish(gallery, package, platform=Platform(OSType.MACOS, Architecture.ANY))
    assert caught.value.code == "PlatformMismatch"


def _manifest_zip(folder: Path, body: object, **beside: object) -> Path:
    document = json.dumps([{"version": 1.0, "handlerManifest": body, **beside}])
    return write_zip(folder / "p.zip", [], document.encode())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"enableCommand": None, "x": {"y": []}},
        {"reportHeartbeat": "true", "continueOnUpdateFailure": "FALSE", "supportsMultipleExtensions": None},
        {"updateMode": "UpdateWithoutInstall", "rebootAfterInstall": "no", "supportsPolicy": True},
        {"resetStateCommand": "core/reset.sh", "processNames": ["x"]},
    ],
)
def test_the_quirks_of_real_manifests_are_admitted(gallery: Gallery, tmp_path: Path, body: object) -> None:
    assert publish(gallery, _manifest_zip(tmp_path, body, version="1.5.124", name=3, resourceLimits={}))


@pytest.mark.parametrize("value", ["yes", 1, [], {}])
def test_a_flag_that_says_neither_true_nor_false_is_published_with_a_warning(
    gallery: Gallery, tmp_path: Path, value: object
) -> None:
    """Azure's agent takes it for false, so a package that lives with that is one to be had here too."""
    warnings: list[str] = []
    package = _manifest_zip(tmp_path, {"reportHeartbeat": value, "continueOnUpdateFailure": "True"})
    assert publish(gallery, package, warn=warnings.append)
    [warning] = warnings
    assert "'reportHeartbeat'" in warning
    assert "HandlerManifest.json" in warning


def test_a_manifest_below_the_root_is_found(gallery: Gallery, tmp_path: Path) -> None:
    bom = b"\xef\xbb\xbf" + MANIFEST
    package = write_zip(tmp_path / "p.zip", [Item("deep/down/HandlerManifest.json", bom)], manifest=None)
    assert publish(gallery, package)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ([], "handlerManifest"),
        ({"enableCommand": 3}, "enableCommand"),
        ({"updateMode": True}, "updateMode"),
    ],
)
def test_a_manifest_that_breaks_the_schema_is_refused_by_key(
    gallery: Gallery, tmp_path: Path, body: object, key: str
) -> None:
    error = _refused(gallery, _manifest_zip(tmp_path, body))
    assert error.code == "MalformedManifest"
    assert key in error.message


@pytest.mark.parametrize(
    "info",
    [
        {"publisher": "CONTOSO.Sample", "type": "agent", "version": "1.0"},
        {"publisher": "Contoso.Sample"},
        {},
        None,
    ],
)
def test_signing_info_may_agree(gallery: Gallery, tmp_path: Path, info: object) -> None:
    assert publish(gallery, _manifest_zip(tmp_path, {}, signingInfo=info))


@pytest.mark.parametrize(
    "info", [{"publisher": "Fabrikam"}, {"type": "Other"}, {"version": "1.1"}, {"version": "x"}]
)
def test_signing_info_must_not_disagree(gallery: Gallery, tmp_path: Path, info: dict[str, str]) -> None:
    error = _refused(gallery, _manifest_zip(tmp_path, {}, signingInfo=info))
    assert error.code == "SigningInfoMismatch"
    assert next(iter(info)) in error.message


def test_of_many_publishers_of_other_bytes_at_once_one_wins(gallery: Gallery, tmp_path: Path) -> None:
    zips = [write_zip(tmp_path / f"{number}.zip", [Item("n", bytes([number]))]) for number in range(8)]
    outcomes = _at_once(lambda number: publish(gallery, zips[number]), 8)
    won = [outcome for outcome in outcomes if isinstance(outcome, ExtensionImage)]
    lost = [outcome.code for outcome in outcomes if isinstance(outcome, ConflictError)]
    assert (len(won), lost) == (1, ["ImageAlreadyPublished"] * 7)
    assert gallery.scan() == (won, [])
    assert len(contents(gallery.root)) == 2


def test_publishers_of_the_same_bytes_at_once_all_succeed(gallery: Gallery, package: Path) -> None:
    outcomes = _at_once(lambda _: publish(gallery, package), 8)
    assert outcomes == gallery.images() * 8
    assert len(contents(gallery.root)) == 2


def _at_once(work: Callable[[int], object], count: int) -> list[object]:
    barrier = threading.Barrier(count)

    def one(number: int) -> object:
        barrier.wait()
        try:
            return work(number)
        except ConnectedMachineError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.skipif(os.name == "nt", reason="a killed process still holds its files there for a moment")
def test_a_kill_while_publishing_shows_nothing_and_the_next_try_succeeds(
    gallery: Gallery, tmp_path: Path
) -> None:
    package = write_zip(tmp_path / "p.zip", [Item(f"{number}", os.urandom(1 << 20)) for number in range(64)])
    script = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from connectedmachine.gallery.gallery import Gallery\n"
        "from connectedmachine.model.identity import HandlerName\n"
        "from connectedmachine.model.image import *\n"
        "from connectedmachine.model.version import Version\n"
        "handler = HandlerName('Contoso.Sample', 'Agent')\n"
        "platform = Platform(OSType.LINUX, Architecture.ANY)\n"
        "gallery = Gallery('default', Path(sys.argv[2]))\n"
        "gallery.publish(Path(sys.argv[1]), handler, Version.parse('1.0'), platform, True, datetime.now(UTC))"
    )
    process = subprocess.Popen([sys.executable, "-c", script, package, gallery.root])
    while not list(gallery.root.rglob("package.zip")):
        time.sleep(0.001)
    process.kill()
    process.wait(60)
    assert gallery.scan() == ([], [])
    image = publish(gallery, package)
    assert gallery.scan() == ([image], [])


def test_what_a_killed_publisher_left_goes_a_day_later(gallery: Gallery, package: Path) -> None:
    folder = gallery.root / ENTRY.parent
    old, new = folder / ".publishing-old", folder / ".publishing-new"
    for left in (old, new):
        left.mkdir(parents=True)
    os.utime(old, (1, 1))
    publish(gallery, package)
    assert not old.exists()
    assert new.exists()


def test_an_empty_gallery_has_no_images_and_no_problems(gallery: Gallery) -> None:
    gallery.root.mkdir()
    assert gallery.scan() == ([], [])


def test_a_gallery_out_of_reach_is_a_problem(gallery: Gallery) -> None:
    images, problems = gallery.scan()
    assert images == []
    assert [(problem.gallery, problem.path) for problem in problems] == [("default", str(gallery.root))]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("publisher", "Fabrikam"),
        ("publisher", "../../x"),
        ("type", ["Agent"]),
        ("version", "2.0.0.0"),
        ("os", "windows"),
        ("os", "plan9"),
        ("architecture", "x64"),
        ("supportsAutomaticUpgrade", "true"),
        ("sha256", "../../etc/passwd"),
        ("length", -1),
        ("length", "7"),
        ("published", "yesterday"),
        ("surprise", 1),
    ],
)
def test_an_image_with_a_wrong_fact_is_passed_over_and_reported(
    gallery: Gallery, package: Path, key: str, value: object
) -> None:
    good = publish(gallery, package, version=Version.parse("2.1"))
    publish(gallery, package)
    path = gallery.root / ENTRY / "image.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    images, problems = gallery.scan()
    assert images == [good]
    assert [problem.path for problem in problems] == [str(gallery.root / ENTRY)]
    assert "image.json" in problems[0].message


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 50_000, b" " * 100_000, b"\xff"])
def test_an_image_file_that_is_no_json_object_is_passed_over(
    gallery: Gallery, package: Path, data: bytes
) -> None:
    publish(gallery, package)
    (gallery.root / ENTRY / "image.json").write_bytes(data)
    images, problems = gallery.scan()
    assert (images, len(problems)) == ([], 1)


def test_a_file_that_was_known_and_changed_is_read_again(gallery: Gallery, package: Path) -> None:
    publish(gallery, package)
    path = gallery.root / ENTRY / "image.json"
    an_hour_ago = path.stat().st_mtime - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    [known] = gallery.images()
    path.write_text(path.read_text().replace(known.sha256, "0" * 64))
    os.utime(path, (an_hour_ago, an_hour_ago))  # as a copy with its times kept would have it
    [image] = gallery.images()
    assert image.sha256 == "0" * 64


def test_a_known_image_that_is_withdrawn_or_gone_is_so_at_once(gallery: Gallery, package: Path) -> None:
    publish(gallery, package)
    path = gallery.root / ENTRY / "image.json"
    os.utime(path, (0, 0))
    assert [image.withdrawn for image in gallery.images()] == [False]
    gallery.unpublish(HANDLER, VERSION, LINUX)
    assert [image.withdrawn for image in gallery.images()] == [True]
    path.unlink()
    assert gallery.images() == []


def test_a_fifo_in_a_gallery_is_passed_over_and_not_waited_for(gallery: Gallery, package: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there are no FIFOs here")
    image = publish(gallery, package)
    for name in ("image.json", "package.zip"):
        (gallery.root / ENTRY / name).unlink()
        os.mkfifo(gallery.root / ENTRY / name)
    assert len(gallery.scan()[1]) == 1
    with pytest.raises(ConnectedMachineError):
        gallery.fetch(image, gallery.root / "packages", owner="m")


def test_publishing_over_a_damaged_image_says_so(gallery: Gallery, package: Path) -> None:
    publish(gallery, package)
    (gallery.root / ENTRY / "image.json").write_bytes(b"{}")
    with pytest.raises(PackageError) as caught:
        publish(gallery, package)
    assert caught.value.code == "MalformedImage"


_KEYS = ("publisher", "type", "version", "os", "architecture", "sha256", "length", "published", "x")
_FACT = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.text())
_FACTS = st.dictionaries(st.sampled_from(_KEYS), _FACT, min_size=1)


@settings(max_examples=100, deadline=None)
@given(facts=_FACTS)
def test_whatever_an_image_file_says_a_scan_gives_an_image_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, facts: dict[str, object]
) -> None:
    root = tmp_path_factory.mktemp("gallery")
    gallery = Gallery("default", root)
    publish(gallery, build(root / "zips", AGENT))
    path = root / ENTRY / "image.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))
    images, problems = gallery.scan()
    assert len(images) + len(problems) == 1


def test_a_package_is_fetched_under_its_hash(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    image = publish(gallery, package)
    fetched = gallery.fetch(image, tmp_path / "packages", owner="m")
    assert fetched == tmp_path / "packages" / f"{image.sha256}.zip"
    assert fetched.read_bytes() == package.read_bytes()
    unpack(fetched, tmp_path / "library" / "v", sha256=image.sha256)
    assert (tmp_path / "library" / "v" / "agent.py").exists()


def test_a_package_that_is_here_is_not_fetched_again(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    image = publish(gallery, package)
    fetched = gallery.fetch(image, tmp_path / "packages", owner="m")
    (gallery.root / ENTRY / "package.zip").unlink()
    assert gallery.fetch(image, tmp_path / "packages", owner="m") == fetched


def test_a_package_that_rotted_here_is_fetched_again(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    image = publish(gallery, package)
    fetched = gallery.fetch(image, tmp_path / "packages", owner="m")
    fetched.write_bytes(b"rot")
    assert gallery.fetch(image, tmp_path / "packages", owner="m").read_bytes() == package.read_bytes()


@pytest.mark.parametrize("change", ["shorter", "longer", "other"])
def test_a_package_that_is_not_the_published_one_is_refused(
    gallery: Gallery, package: Path, tmp_path: Path, change: str
) -> None:
    image = publish(gallery, package)
    data = package.read_bytes()
    changed = {"shorter": data[:-1], "longer": data + b"x", "other": bytes([data[0] ^ 1]) + data[1:]}[change]
    (gallery.root / ENTRY / "package.zip").write_bytes(changed)
    with pytest.raises(PackageError) as caught:
        gallery.fetch(image, tmp_path / "packages", owner="m")
    assert caught.value.code == "PackageHashMismatch"
    assert list((tmp_path / "packages").iterdir()) == []


def test_no_more_is_read_than_was_published(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    """A package that grew without end must not fill this machine's disk."""
    image = publish(gallery, package)
    with (gallery.root / ENTRY / "package.zip").open("r+b") as file:
        file.truncate(1 << 40 if sys.platform == "linux" else 1 << 30)
    with pytest.raises(PackageError) as caught:
        gallery.fetch(image, tmp_path / "packages", owner="m")
    assert caught.value.code == "PackageHashMismatch"


def test_a_package_that_is_gone_says_so(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    image = publish(gallery, package)
    (gallery.root / ENTRY / "package.zip").unlink()
    with pytest.raises(PackageError) as caught:
        gallery.fetch(image, tmp_path / "packages", owner="m")
    assert caught.value.code == "PackageNotFound"


def test_what_a_killed_fetch_left_goes_a_day_later(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    image = publish(gallery, package)
    packages = tmp_path / "packages"
    packages.mkdir()
    old, new = packages / f"{'0' * 64}.fetching-1", packages / f"{'0' * 64}.fetching-2"
    for left in (old, new):
        left.touch()
    os.utime(old, (1, 1))
    fetched = gallery.fetch(image, packages, owner="m")
    assert sorted(packages.iterdir()) == sorted([new, fetched])


def test_a_killed_fetch_is_known_by_its_owner(gallery: Gallery, package: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    own, other = packages / f"{'0' * 64}.fetching-mine", packages / f"{'0' * 64}.fetching-yours"
    for left in (own, other):
        left.touch()
    assert unfinished_fetches(packages, "mine") == [own]
    image = publish(gallery, package)
    (packages / f"{image.sha256}.fetching-mine").write_bytes(b"half")
    gallery.fetch(image, packages, owner="mine")
    assert unfinished_fetches(packages, "mine") == [own]
