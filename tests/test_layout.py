"""The house's plan: what lies where, which way imports point, and what a built package holds."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "pybackend" / "connectedmachine"
MODULES = sorted(PACKAGE.rglob("*.py"))
PROGRAMS = sorted((ROOT / "scripts").glob("*.py"))
TOP_LEVEL = {
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
    "Az.ConnectedMachineLite.psd1",
    "CHANGELOG.md",
    "LICENSE",
    "PSScriptAnalyzerSettings.psd1",
    "README.md",
    "docs",
    "en-US",
    "psmodule",
    "pybackend",
    "pyproject.toml",
    "scripts",
    "tests",
}


def test_imports_point_one_way() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_an_import_that_points_back_is_found(tmp_path: Path) -> None:
    """The rule is not satisfied by looking at nothing."""
    shutil.copytree(PACKAGE, tmp_path / "connectedmachine")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "connectedmachine" / "model" / "version.py").open("a", encoding="utf-8") as module:
        module.write("import connectedmachine.upgrade.plan\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "connectedmachine.model is not allowed to import connectedmachine.upgrade" in done.stdout


def test_the_pure_rooms_never_ask_what_time_it_is() -> None:
    """They know the type ``datetime``, which the import rule cannot tell from its clock."""
    for path in [*(PACKAGE / "upgrade").glob("*.py"), *(PACKAGE / "model").glob("*.py")]:
        names = {
            node.attr for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Attribute)
        }
        assert not names & {"now", "utcnow", "today"}, path


def test_the_top_level_holds_only_what_the_plan_names() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git clone: what is ignored cannot be told from what is kept")
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {file.split("/")[0] for file in files} <= TOP_LEVEL


@pytest.mark.parametrize("path", MODULES + PROGRAMS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODULES + PROGRAMS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    """Schemas and the catalogue too: they are data, and easily left behind."""
    files = [file.relative_to(PACKAGE.parent) for file in PACKAGE.rglob("*") if file.is_file()]
    # What tools leave behind is not part of it.
    expected = {file.as_posix() for file in files if not re.search(r"__pycache__|_cache\b", str(file))}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == expected


def test_a_wheel_holds_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    (licence,) = [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]
    assert zipfile.ZipFile(wheel).read(licence) == (ROOT / "LICENSE").read_bytes()


def test_an_installed_wheel_has_the_command(wheel: Path, tmp_path: Path) -> None:
    """Installed apart from this tree, with no network: what it depends on is there already."""
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(tmp_path)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    programs = os.pathsep.join([str(tmp_path / "bin"), str(tmp_path / "Scripts")])
    command = shutil.which("connectedmachine", path=programs)
    assert command is not None
    done = subprocess.run(
        [command, "--version"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split()[-1] == wheel.name.split("-")[1]
