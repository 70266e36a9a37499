"""The built module as Install-Module would bring it, its backend installed from wheels without a network."""

from __future__ import annotations

import os
import re
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import build as module_build
from powershell.engine import ROOT, Ended, run_engine

NAME = "Az.ConnectedMachineLite"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of a freshly built module."""
    return module_build.build(Path(sys.executable), tmp_path_factory.mktemp("dist")) / f"{NAME}.psd1"


def wheel_of(distribution: metadata.Distribution, folder: Path) -> None:
    """Pack what is installed here as the wheel that it came from."""
    (tag,) = re.findall(r"^Tag: (\S+)", distribution.read_text("WHEEL") or "", re.MULTILINE)[:1]
    name = re.sub(r"[-_.]+", "_", distribution.metadata["Name"]).lower()
    with zipfile.ZipFile(folder / f"{name}-{distribution.version}-{tag}.whl", "w") as archive:
        for file in distribution.files or []:
            path = Path(str(distribution.locate_file(file)))
            if ".." not in file.parts and path.is_file() and path.suffix != ".pyc":
                archive.write(path, file.as_posix())


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the backend needs, as 'pip download' would have filled it."""
    folder = tmp_path_factory.mktemp("wheels")
    waiting = [Requirement(text) for text in metadata.requires("az-connectedmachine-lite") or []]
    packed: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        distribution = metadata.distribution(requirement.name)
        if distribution.metadata["Name"] not in packed:
            packed.add(distribution.metadata["Name"])
            wheel_of(distribution, folder)
            waiting += [Requirement(text) for text in distribution.requires or []]
    return folder


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an account of its own, without a Python named for the module."""
    folder = tmp_path_factory.mktemp("account")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZCMLITE_")}
    return {
        **kept,
        "AZCMLITE_HOME": str(folder / "home"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LOCALAPPDATA": str(folder / "data"),
    }


def run(manifest: Path, script: str, environment: dict[str, str]) -> Ended:
    return run_engine(["-Command", f"Import-Module '{manifest}'\n{script}"], environment)


def test_the_built_module_is_one_script_with_all_that_the_gallery_asks_for(built: Path) -> None:
    folder = built.parent
    assert [path.name for path in folder.rglob("*.psm1")] == [f"{NAME}.psm1"]
    assert not re.findall(r"^\. ", (folder / f"{NAME}.psm1").read_text(encoding="ascii"), re.MULTILINE)
    script = (
        f"$m = Test-ModuleManifest '{built}'; $m.FileList | ForEach-Object {{ $_ }};"
        "foreach ($key in 'Author', 'CompanyName', 'Copyright', 'Description', 'LicenseUri', 'ProjectUri',"
        " 'ReleaseNotes', 'Guid', 'PowerShellVersion', 'CompatiblePSEditions', 'Tags') {"
        ' if (-not $m.$key) { "$key is missing" } }'
    )
    listed = run_engine(["-Command", script], dict(os.environ)).lines
    there = {str(path) for path in folder.rglob("*") if path.is_file()}
    assert set(listed) == there
    assert {path.name for path in folder.iterdir()} == {
        *(f"{NAME}.psd1", f"{NAME}.psm1", f"{NAME}.format.ps1xml"),
        *("LICENSE", "CHANGELOG.md", "backend", "en-US", "scripts"),
    }


def test_it_exports_and_documents_what_the_clone_does(built: Path, account: dict[str, str]) -> None:
    ended = run(
        built,
        f"(Get-Command -Module {NAME}).Name; (Get-Help Get-AzConnectedMachine).Synopsis;"
        "@(Get-Help about_AzConnectedMachineLite).Count; (Get-FormatData AzConnectedMachineLite.*).Count",
        account,
    )
    public = sorted(path.stem for path in (ROOT / "psmodule" / "Public").iterdir())
    assert ended.err == ""
    assert sorted(ended.lines[:-3]) == public
    assert ended.lines[-3] == "Gets connected machines."
    assert int(ended.lines[-1]) > 0


def test_without_its_backend_it_says_what_to_do(built: Path, account: dict[str, str]) -> None:
    ended = run(
        built,
        "try { Get-AzConnectedMachine } catch {"
        " $_.FullyQualifiedErrorId; $_.ErrorDetails.RecommendedAction }",
        {**account, "XDG_DATA_HOME": "/nowhere"},
    )
    assert ended.lines[0] == "BackendNotInstalled,Get-AzConnectedMachine"
    assert "Install-AzConnectedMachineBackend" in ended.lines[1]


@pytest.mark.skipif(sys.platform == "win32", reason="the account's folders cannot be moved there")
def test_the_backend_is_installed_from_a_folder_and_works(
    built: Path, wheels: Path, account: dict[str, str]
) -> None:
    install = f"Install-AzConnectedMachineBackend -Python '{sys.executable}' -WheelFolder '{wheels}'"
    place = Path(account["XDG_DATA_HOME"]) / "AzConnectedMachineLite" / "backend" / "0.1.0"
    left = place / "left-by-a-killed-one"
    left.mkdir(parents=True)
    ended = run(
        built,
        f"{install} -WhatIf; @(Test-AzConnectedMachineBackend)[0].Result\n"
        f"$made = {install}; $made.Version; $made.Scope; (Get-AzConnectedMachineGallery).Name\n"
        "Test-AzConnectedMachineBackend | ForEach-Object Result\n"
        f"$first = Get-Item (Join-Path $made.Path pyvenv.cfg); $null = {install}\n"
        "(Get-Item $first.FullName).LastWriteTimeUtc -eq $first.LastWriteTimeUtc\n"
        "Remove-Item (Join-Path $made.Path azcmlite-installed)\n"
        "@(Test-AzConnectedMachineBackend)[0].Result",
        account,
    )
    assert ended.err == ""
    assert "What if" in ended.lines[0]
    assert ended.lines[1:] == [
        *("Failed", "0.1.0", "CurrentUser", "default"),
        *("Passed", "Passed", "Passed", "Passed"),
        "True",  # nothing was done the second time
        "Failed",  # without its mark it counts as unfinished
    ]
    assert not left.exists()


@pytest.mark.parametrize(
    ("call", "id_"),
    [
        ("-Python /no/such/python", "PythonNotFound"),
        (f"-Python '{sys.executable}' -WheelFolder /no/such/folder", "BackendInstallFailed"),
    ],
)
def test_what_keeps_it_from_being_installed_is_said(
    built: Path, account: dict[str, str], tmp_path: Path, call: str, id_: str
) -> None:
    ended = run(
        built,
        f"try {{ Install-AzConnectedMachineBackend {call} }} catch {{ $_.FullyQualifiedErrorId;"
        " $_.Exception.Message; $_.ErrorDetails.RecommendedAction }; Test-AzConnectedMachineBackend |"
        " Select-Object -First 1 -ExpandProperty Result",
        {**account, "XDG_DATA_HOME": str(tmp_path)},
    )
    assert ended.lines[0] == f"{id_},Install-AzConnectedMachineBackend"
    assert ended.lines[2]
    assert ended.lines[3] == "Failed"


def test_a_clone_has_no_backend_to_install(account: dict[str, str], tmp_path: Path) -> None:
    ended = run(
        ROOT / f"{NAME}.psd1",
        "try { Install-AzConnectedMachineBackend } catch { $_.FullyQualifiedErrorId }",
        {**account, "XDG_DATA_HOME": str(tmp_path)},
    )
    assert ended.out == "BackendPackageNotFound,Install-AzConnectedMachineBackend\n"


def test_two_installations_do_not_meet(built: Path, account: dict[str, str], tmp_path: Path) -> None:
    script = (
        "$place = & (Get-Module Az.ConnectedMachineLite) { BackendFolder CurrentUser };"
        "$null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($place));"
        "$lock = [IO.FileStream]::new(\"$place.lock\", 'OpenOrCreate', 'ReadWrite', 'None');"
        f"try {{ Install-AzConnectedMachineBackend -Python '{sys.executable}' }}"
        " catch { $_.FullyQualifiedErrorId; Test-Path $place }"
    )
    ended = run(built, script, {**account, "XDG_DATA_HOME": str(tmp_path)})
    assert ended.lines == ["BackendInstallFailed,Install-AzConnectedMachineBackend", "False"]


def test_each_check_says_what_failed_and_what_to_do(account: dict[str, str]) -> None:
    ended = run(
        ROOT / f"{NAME}.psd1",
        "Test-AzConnectedMachineBackend | ForEach-Object {"
        " $_.Check, $_.Result, [bool] $_.RecommendedAction -join ' ' }",
        {**account, "AZCMLITE_PYTHON": sys.executable, "AZCMLITE_HOME": "/dev/null/home"},
    )
    assert ended.lines == [
        "Place Passed False",
        "Python Passed False",
        "Package Passed False",
        "Answer Failed True",
    ]
