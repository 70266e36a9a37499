"""Unpacking: only safe entries, whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_STORED, ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectedmachine.gallery.package import read_manifest
from connectedmachine.gallery.rules import UnpackLimits
from connectedmachine.gallery.unpack import unpack
from connectedmachine.model.errors import ConnectedMachineError, DiskFullError, PackageError
from connectedmachine.model.handler import Command
from gallery.zips import FOLDER, MANIFEST, Item, contents, link, sha256, write_zip

SMALL = UnpackLimits(files=5, bytes=10_000)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "library" / "Contoso.Sample.Agent-1.0.0.0"


def _unpack(package: Path, target: Path, limits: UnpackLimits = SMALL) -> None:
    unpack(package, target, sha256=sha256(package), limits=limits)


def _refused(package: Path, target: Path, limits: UnpackLimits = SMALL) -> PackageError:
    """Unpack over an existing version, and check that it is refused and nothing changed anywhere."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "old").write_bytes(b"old")
    before = sorted(target.parent.rglob("*"))
    with pytest.raises(PackageError) as caught:
        _unpack(package, target, limits)
    assert sorted(target.parent.rglob("*")) == before
    assert (target / "old").read_bytes() == b"old"
    return caught.value


def test_a_package_becomes_a_folder(tmp_path: Path, target: Path) -> None:
    items = [Item("bin/", mode=FOLDER), Item("bin/enable.sh", b"x"), Item("./a/b", b"y", mode=0)]
    _unpack(write_zip(tmp_path / "p.zip", items), target)
    assert contents(target) == {"HandlerManifest.json": MANIFEST, "bin/enable.sh": b"x", "a/b": b"y"}
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.skipif(os.name == "nt", reason="there is no execute bit to set")
def test_every_file_is_executable_by_its_owner(tmp_path: Path, target: Path) -> None:
    _unpack(write_zip(tmp_path / "p.zip", [Item("data.txt")]), target)
    assert all(file.stat().st_mode & stat.S_IXUSR for file in target.rglob("*"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_manifest_stands_at_the_root_without_bom(tmp_path: Path, target: Path, encoding: str) -> None:
    manifest = MANIFEST.decode().encode(encoding)
    items = [Item("deep/er/HandlerManifest.json", b"[]"), Item("deep/HandlerManifest.json", manifest)]
    _unpack(write_zip(tmp_path / "p.zip", items, manifest=None), target)
    assert (target / "HandlerManifest.json").read_bytes() == MANIFEST


@pytest.mark.parametrize("turned", [False, True])
def test_the_first_manifest_does_not_depend_on_the_order_of_packing(
    tmp_path: Path, target: Path, turned: bool
) -> None:
    other = b'[{"handlerManifest": {"enableCommand": "other"}}]'
    items = [
        Item("a/a/HandlerManifest.json", other),
        Item("b/HandlerManifest.json", MANIFEST),
        Item("c/HandlerManifest.json", other),
    ]
    package = write_zip(tmp_path / "p.zip", items[::-1] if turned else items, manifest=None)
    assert read_manifest(package).commands == {Command.ENABLE: "bin/enable.sh"}
    _unpack(package, target)
    assert (target / "HandlerManifest.json").read_bytes() == MANIFEST


def test_a_manifest_at_the_root_is_the_first(tmp_path: Path, target: Path) -> None:
    _unpack(write_zip(tmp_path / "p.zip", [Item("A/HandlerManifest.json", b"[]")]), target)
    assert (target / "HandlerManifest.json").read_bytes() == MANIFEST


def test_what_was_there_is_replaced(tmp_path: Path, target: Path) -> None:
    target.mkdir(parents=True)
    (target / "old").touch()
    _unpack(write_zip(tmp_path / "p.zip", []), target)
    assert contents(target) == {"HandlerManifest.json": MANIFEST}
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "//server/share",
        "C:/x",
        "c:x",
        "file:stream",
        "../x",
        "a/../../x",
        "a/../x",
        "..",
        "a\\b",
        "..\\x",
        "a//b",
        "a/ /b",
        "a./b",
        "b.",
        "nul",
        "a/CON",
        "com1.txt",
        "LPT9 .x",
        "COM\u00b9",
        "conin$",
        "a\nb",
        "a*",
        "x" * 256,
        "d/" * 520 + "x",
    ],
)
def test_a_name_that_is_not_plain_is_refused(tmp_path: Path, target: Path, name: str) -> None:
    assert _refused(write_zip(tmp_path / "p.zip", [Item(name)]), target).code == "UnsafePackage"


def test_a_name_that_goes_on_behind_a_nul_is_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("harmless@/../x")])
    package.write_bytes(package.read_bytes().replace(b"harmless@", b"harmless\0"))
    assert _refused(package, target).code == "UnsafePackage"


@pytest.mark.parametrize("name", ["conf/x", "nullable", "com10", "a..b", ".hidden", "caf\u00e9/\u65e5\u672c"])
def test_a_plain_name_is_accepted(tmp_path: Path, target: Path, name: str) -> None:
    _unpack(write_zip(tmp_path / "p.zip", [Item(name, b"x")]), target)
    assert (target / name).read_bytes() == b"x"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("a", "A"),
        ("x/a", "./x/a"),
        ("\u00e9", "e\u0301"),
        ("a/", "A"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_two_entries_for_one_file_are_refused(tmp_path: Path, target: Path, first: str, second: str) -> None:
    assert (
        _refused(write_zip(tmp_path / "p.zip", [Item(first), Item(second)]), target).code == "UnsafePackage"
    )


@pytest.mark.parametrize("over", [Item("a"), link("A", "b")])
@pytest.mark.parametrize("turned", [False, True])
def test_an_entry_below_a_file_or_a_link_is_refused(
    tmp_path: Path, target: Path, over: Item, turned: bool
) -> None:
    items = [over, Item("a/b/c")]
    package = write_zip(tmp_path / "p.zip", items[::-1] if turned else items)
    assert _refused(package, target).code == "UnsafePackage"


@pytest.mark.parametrize(
    "goal",
    ["/etc/passwd", "..", "../x", "a/../../..", "a/..", "", "C:/x", "..\\x", "x" * 2000, "../" * 3 + "etc"],
)
def test_a_link_that_may_leave_the_package_is_refused(tmp_path: Path, target: Path, goal: str) -> None:
    assert _refused(write_zip(tmp_path / "p.zip", [link("here", goal)]), target).code == "UnsafePackage"


def test_links_that_only_together_leave_the_package_are_refused(tmp_path: Path, target: Path) -> None:
    items = [Item("d/e/f/", mode=FOLDER), link("d/e/up", "../.."), link("out", "d/e/up/..")]
    assert _refused(write_zip(tmp_path / "p.zip", items), target).code == "UnsafePackage"


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a privilege there")
def test_a_link_within_the_package_is_kept(tmp_path: Path, target: Path) -> None:
    items = [Item("lib/x.so.1", b"x"), link("lib/x.so", "x.so.1"), link("bin/y", "../lib/./x.so")]
    _unpack(write_zip(tmp_path / "p.zip", items), target)
    assert (target / "bin" / "y").readlink() == Path("../lib/./x.so")
    assert (target / "bin" / "y").read_bytes() == b"x"


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_what_is_not_a_file_is_refused(tmp_path: Path, target: Path, kind: int) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("x", mode=kind | 0o644)])
    assert _refused(package, target).code == "UnsafePackage"


def test_a_folder_with_content_is_refused(tmp_path: Path, target: Path) -> None:
    assert (
        _refused(write_zip(tmp_path / "p.zip", [Item("x/", b"data", FOLDER)]), target).code == "UnsafePackage"
    )


def test_an_encrypted_entry_is_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [])
    data = bytearray(package.read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    package.write_bytes(data)
    assert _refused(package, target).code == "UnsafePackage"


def test_a_compression_that_needs_much_memory_is_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("x", b"x", compression=ZIP_BZIP2)])
    assert _refused(package, target).code == "UnsafePackage"


def test_too_many_entries_are_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item(f"f{number}") for number in range(SMALL.files)])
    assert _refused(package, target).code == "PackageTooLarge"


def test_too_many_unpacked_bytes_are_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("a", b"\0" * 6000), Item("b", b"\0" * 6000)])
    assert package.stat().st_size < 1000
    assert _refused(package, target).code == "PackageTooLarge"


def test_a_declared_size_is_not_believed(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("bomb", b"\0" * 9_999_999)])
    package.write_bytes(package.read_bytes().replace(struct.pack("<I", 9_999_999), struct.pack("<I", 9)))
    assert _refused(package, target).code == "MalformedPackage"


@pytest.mark.parametrize("name", ["short", "HandlerManifest.json"])
def test_content_that_is_shorter_than_declared_is_refused(tmp_path: Path, target: Path, name: str) -> None:
    content = MANIFEST + b" " * (1111 - len(MANIFEST))
    items = [Item(name, content)] if name == "short" else []
    package = write_zip(tmp_path / "p.zip", items, MANIFEST if items else content)
    package.write_bytes(package.read_bytes().replace(struct.pack("<I", 1111), struct.pack("<I", 1112)))
    assert _refused(package, target).code == "MalformedPackage"


def test_a_table_of_contents_out_of_proportion_is_refused_before_it_is_read(
    tmp_path: Path, target: Path
) -> None:
    package = tmp_path / "p.zip"
    size = 64 << 20
    with package.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, size, 0, 0))
    assert _refused(package, target).code == "PackageTooLarge"


def test_a_manifest_out_of_proportion_is_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [], manifest=b" " * (2 << 20))
    assert _refused(package, target, UnpackLimits()).code == "PackageTooLarge"


def test_a_package_without_a_manifest_is_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("x"), Item("HandlerManifest.json.bak")], manifest=None)
    assert _refused(package, target).code == "ManifestNotFound"


@pytest.mark.parametrize(
    "taken",
    [
        link("HandlerManifest.json", "x"),
        Item("handlermanifest.json/", mode=FOLDER),
        Item("HandlerManifest.json/x"),
        Item("HANDLERMANIFEST.JSON"),
    ],
)
def test_nothing_else_may_take_the_manifests_place(tmp_path: Path, target: Path, taken: Item) -> None:
    package = write_zip(tmp_path / "p.zip", [taken, Item("a/HandlerManifest.json", MANIFEST)], manifest=None)
    assert _refused(package, target).code == "UnsafePackage"


def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path, target: Path) -> None:
    error = _refused(write_zip(tmp_path / "p.zip", [], manifest=b"oops"), target)
    assert error.code == "MalformedManifest"
    assert error.target == "p.zip/HandlerManifest.json"


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\5\6" + b"\0" * 18, b"PK\5\6" + b"\xff" * 18])
def test_what_is_no_zip_is_refused(tmp_path: Path, target: Path, data: bytes) -> None:
    package = tmp_path / "p.zip"
    package.write_bytes(data)
    assert _refused(package, target).code in {"MalformedPackage", "ManifestNotFound"}


def test_an_entry_at_a_place_that_cannot_be_is_refused(tmp_path: Path, target: Path) -> None:
    package = tmp_path / "p.zip"
    with ZipFile(package, "w") as archive:
        archive.writestr("HandlerManifest.json", MANIFEST)
        archive.infolist()[0].header_offset = 2**64 - 1
    assert _refused(package, target).code == "MalformedPackage"


def test_a_damaged_file_in_the_middle_is_refused(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [Item("x", b"some content", compression=ZIP_STORED)])
    package.write_bytes(package.read_bytes().replace(b"some content", b"same content"))
    assert _refused(package, target).code == "MalformedPackage"


def test_another_hash_is_refused_before_anything_is_read(tmp_path: Path, target: Path) -> None:
    package = tmp_path / "p.zip"
    package.write_bytes(b"not even a zip")
    with pytest.raises(PackageError) as caught:
        unpack(package, target, sha256="0" * 64)
    assert caught.value.code == "PackageHashMismatch"
    assert list(target.parent.iterdir()) == []


def test_leftovers_of_a_crash_go(tmp_path: Path, target: Path) -> None:
    for name in (f"{target.name}.unpacking-0123", f"{target.name}.replaced-0123"):
        (target.parent / name / "deep").mkdir(parents=True)
    other = target.parent / "Contoso.Sample.Clock-1.0.0.0.unpacking-0123"
    other.mkdir()
    target.mkdir()
    _unpack(write_zip(tmp_path / "p.zip", []), target)
    assert sorted(target.parent.iterdir()) == [target, other]


def test_a_version_set_aside_by_a_crash_comes_back_even_if_its_successor_is_refused(
    tmp_path: Path, target: Path
) -> None:
    aside = target.with_name(f"{target.name}.replaced-0123")
    aside.mkdir(parents=True)
    (aside / "old").touch()
    with pytest.raises(PackageError):
        _unpack(write_zip(tmp_path / "p.zip", [Item("..")]), target)
    assert contents(target) == {"old": b""}


_UNPACK = "import sys; from pathlib import Path; from connectedmachine.gallery.unpack import unpack;"


@pytest.mark.skipif(os.name == "nt", reason="a killed process still holds its files there for a moment")
def test_a_kill_while_unpacking_leaves_the_old_version_and_the_next_try_succeeds(
    tmp_path: Path, target: Path
) -> None:
    package = write_zip(tmp_path / "p.zip", [Item(f"f{number}", b"x") for number in range(5000)])
    target.mkdir(parents=True)
    (target / "old").touch()
    script = f"{_UNPACK} unpack(Path(sys.argv[1]), Path(sys.argv[2]), sha256=sys.argv[3])"
    process = subprocess.Popen([sys.executable, "-c", script, package, target, sha256(package)])
    while len(list(target.parent.iterdir())) == 1:
        time.sleep(0.001)
    process.kill()
    process.wait(60)
    assert contents(target) == {"old": b""}
    _unpack(package, target, UnpackLimits())
    assert len(contents(target)) == 5001
    assert list(target.parent.iterdir()) == [target]


def _unpack_on_a_small_disk(tmp_path: Path, mounted: str, items: list[Item]) -> tuple[str, list[str]]:
    """What is said, and what is there afterwards: a real disk that only the child process sees."""
    if sys.platform == "win32" or shutil.which("unshare") is None:
        pytest.skip("no way to make a small file system here")
    disk = tmp_path / "disk"
    disk.mkdir()
    package = write_zip(tmp_path / "p.zip", items)
    script = (
        f"{_UNPACK} import os\n"
        "from connectedmachine.model.errors import DiskFullError\n"
        "target = Path(sys.argv[2], 'library', 'v'); target.mkdir(parents=True); (target / 'old').touch()\n"
        "try: unpack(Path(sys.argv[1]), target, sha256=sys.argv[3])\n"
        "except DiskFullError as error: print(error.code, error.message)\n"
        "print(*sorted(p.name for p in target.parent.rglob('*')))\n"
    )
    mount = f'mount -t tmpfs -o {mounted} none "$1" || exit 77; shift; exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", str(disk), sys.executable, "-c", script]
    result = subprocess.run(
        [*command, str(package), str(disk), sha256(package)], capture_output=True, text=True, check=False
    )
    if result.returncode == 77 or "unshare" in result.stderr:
        pytest.skip(f"no user namespaces or mounts here: {result.stderr.strip()}")
    assert result.returncode == 0, result.stderr
    said, there = result.stdout.splitlines()
    return said, there.split()


def test_what_has_no_room_is_not_begun(tmp_path: Path) -> None:
    said, there = _unpack_on_a_small_disk(tmp_path, "size=256k", [Item("big", os.urandom(400_000))])
    assert said.startswith("DiskFull There is no room to unpack p.zip: 405504 bytes are needed and ")
    assert there == ["old", "v"]


def test_a_disk_that_fills_up_meanwhile_leaves_the_old_version(tmp_path: Path) -> None:
    """Full in the one way that free bytes do not show: no names are left."""
    said, there = _unpack_on_a_small_disk(
        tmp_path, "size=8m,nr_inodes=10", [Item(f"d/{number}", b"x") for number in range(20)]
    )
    assert said.startswith("DiskFull The disk is full")
    assert there == ["old", "v"]


def test_what_must_stay_free_is_not_used(tmp_path: Path, target: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [])
    target.mkdir(parents=True)
    (target / "old").touch()
    with pytest.raises(DiskFullError) as caught:
        unpack(package, target, sha256=sha256(package), spare=1 << 60)
    assert str((1 << 60) + 4096) in caught.value.message
    assert contents(target) == {"old": b""}
    assert list(target.parent.iterdir()) == [target]


def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [])
    (tmp_path / "file").touch()
    with pytest.raises(ConnectedMachineError) as caught:
        _unpack(package, tmp_path / "file" / "library" / "v")
    assert not isinstance(caught.value, DiskFullError)
    assert caught.value.code == "StorageFailed"


def test_the_manifest_of_a_package_can_be_read_without_unpacking_it(tmp_path: Path) -> None:
    package = write_zip(tmp_path / "p.zip", [])
    assert read_manifest(package).commands == {Command.ENABLE: "bin/enable.sh"}


_PART = st.sampled_from(
    ["a", "b", "A", "..", ".", "", "c:", "x\\y", "con", "a ", "HandlerManifest.json", "\u00e9"]
)
_NAME = st.lists(_PART, min_size=1, max_size=4).map("/".join).filter(bool)
_MODES = st.sampled_from([0, stat.S_IFREG | 0o644, FOLDER, stat.S_IFIFO | 0o644])
_ITEM = st.builds(Item, _NAME, st.just(b""), _MODES) | st.builds(link, _NAME, _NAME)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@settings(max_examples=300, deadline=None)
@given(st.lists(_ITEM, max_size=5), st.booleans())
def test_nothing_is_ever_written_or_linked_outside(items: list[Item], with_manifest: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        package = write_zip(root / "p.zip", items, MANIFEST if with_manifest else None)
        target = root / "library" / "deep" / "version"
        try:
            _unpack(package, target, UnpackLimits())
        except PackageError:
            assert not target.exists()
        else:
            assert (target / "HandlerManifest.json").is_file()
            for path in target.rglob("*"):
                goal = Path(os.path.realpath(path))
                assert goal == target or target in goal.parents
        assert sorted(root.iterdir()) == [root / "library", package]
        assert set((root / "library").rglob("*")) - set(target.rglob("*")) <= {target.parent, target}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_zip_is_refused_or_unpacked_but_never_crashes(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        package = write_zip(Path(folder, "p.zip"), [Item("bin/x", b"hello" * 20), link("y", "bin/x")])
        content = bytearray(package.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        package.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
        target = Path(folder, "library", "version")
        try:
            _unpack(package, target)
        except PackageError:
            assert list(target.parent.iterdir()) == []
        else:
            with ZipFile(package) as archive:
                assert len(archive.infolist()) <= SMALL.files
