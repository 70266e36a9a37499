"""The real Az.ConnectedMachine loaded as well; a module of its name with one of its cmdlets plays it."""

from __future__ import annotations

from pathlib import Path

import pytest

from powershell.engine import MANIFEST, run_engine

NAMES = (
    "Az.ConnectedMachine\\Get-AzConnectedMachine; @(Az.ConnectedMachineLite\\Get-AzConnectedMachine).Count"
)


@pytest.fixture
def azures(tmp_path: Path) -> Path:
    """The manifest of the stand-in."""
    folder = tmp_path / "Az.ConnectedMachine"
    folder.mkdir()
    (folder / "Az.ConnectedMachine.psm1").write_text("function Get-AzConnectedMachine { 'of Azure' }\n")
    manifest = folder / "Az.ConnectedMachine.psd1"
    manifest.write_text(
        "@{ RootModule = 'Az.ConnectedMachine.psm1'; ModuleVersion = '1.1.1'\n"
        "   FunctionsToExport = @('Get-AzConnectedMachine') }\n"
    )
    return manifest


def test_importing_beside_it_warns_and_each_is_reached_by_its_modules_name(
    azures: Path, environment: dict[str, str]
) -> None:
    script = (
        f"Import-Module '{azures}'; $said = Import-Module '{MANIFEST}' 3>&1; \"$said\";"
        f"(Get-Command Get-AzConnectedMachine).Source; {NAMES}"
    )
    warning, plain, *each = run_engine(["-Command", script], environment).lines
    assert "Az.ConnectedMachine is loaded too" in warning
    assert plain == "Az.ConnectedMachineLite"
    assert each == ["of Azure", "0"]


def test_the_one_that_is_imported_last_answers_to_the_plain_name(
    azures: Path, environment: dict[str, str]
) -> None:
    script = (
        f"$said = Import-Module '{MANIFEST}' 3>&1; Import-Module '{azures}'; \"[$said]\";"
        f"Get-AzConnectedMachine; {NAMES}"
    )
    assert run_engine(["-Command", script], environment).lines == ["[]", "of Azure", "of Azure", "0"]
