"""The examples of the help are commands that run, on a machine as their texts suppose it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from packages import PackageSpec, build
from powershell.conftest import environment_for, open_shell
from powershell.engine import ROOT, Problem

PUBLISHER, TYPE = "Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentWindows"
M = "-ResourceGroupName myResourceGroup -MachineName myVM"
E = f"{M} -Name DependencyAgent"
EXAMPLES = [
    (path.stem, example.strip())
    for path in sorted((ROOT / "psmodule" / "Public").iterdir())
    for example in re.findall(r"\.EXAMPLE\n(.+)\n", path.read_text(encoding="ascii"))
]
FROM_SCRATCH = {
    "Add-AzConnectedMachineEventSink",
    "Add-AzConnectedMachineGallery",
    "New-AzConnectedMachineExtension",
    "Set-AzConnectedMachineExtension",
}


def prepared(folder: Path, *, installed: bool) -> Path:
    """A home with a simulated machine and two published versions; with everything else on request."""
    home = folder / "home"
    script = "Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM -Simulated"
    script += " -OSType Windows\n"
    for version in ("9.5", "9.9"):
        package = build(folder, PackageSpec(PUBLISHER, TYPE, version, os="windows", resets=True))
        script += (
            f"Publish-AzConnectedExtensionPackage -Path '{package}' -Publisher {PUBLISHER}"
            f" -ExtensionType {TYPE} -Version '{version}' -OperatingSystem Windows\n"
        )
    if installed:
        script += f"""
        Set-AzConnectedMachineExtension {E} -Publisher {PUBLISHER} -ExtensionType {TYPE} -Location WestUS
        Add-AzConnectedMachineUpgradeHold {E} -Version '9.10'
        $always = @{{ TimeZone = 'UTC'; Start = '00:00'; Duration = '7.00:00:00' }}
        Add-AzConnectedMachineMaintenanceWindow {M} -WindowName nights @always
        Add-AzConnectedMachineGallery -Name team -Path '{folder / "team"}'
        Add-AzConnectedMachineEventSink -Name ops -OSLog
        Add-AzConnectedMachineHealthProbe {M} -Name web -Tcp localhost:1
        Publish-AzConnectedExtensionPackage -Path '{folder / "agent-9.10.zip"}' -Publisher {PUBLISHER} `
            -ExtensionType {TYPE} -Version '9.10' -OperatingSystem Windows
        """
        package = build(folder, PackageSpec(PUBLISHER, TYPE, "9.10", os="windows"))
        package.rename(folder / "agent-9.10.zip")
    with open_shell(environment_for(home)) as shell:
        outcome = shell.run(script)
    assert not outcome.problems
    return home


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    return {
        installed: prepared(tmp_path_factory.mktemp("prepared"), installed=installed)
        for installed in (False, True)
    }


def run_example(name: str, example: str, homes: dict[bool, Path], folder: Path) -> list[Problem]:
    home = shutil.copytree(homes[name not in FROM_SCRATCH], folder / "home")
    build(folder, PackageSpec(PUBLISHER, TYPE, "9.10", os="windows")).rename(folder / "agent-9.10.zip")
    if "Register-AzConnectedMachineUpgradeTask" in example and "Unregister" not in example:
        example = f"$WhatIfPreference = $true; {example}"  # the task would be one of whoever runs the tests
    (folder / "scenario.json").write_text('{"commands": [{"seconds": 45}]}', encoding="ascii")
    with open_shell(environment_for(home)) as shell:
        return shell.run(f"Set-Location '{folder}'; {example}").problems


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_runs(name: str, example: str, homes: dict[bool, Path], tmp_path: Path) -> None:
    assert name in example
    problems = run_example(name, example, homes, tmp_path)
    if name == "Resolve-AzConnectedMachineUpgrade":
        # Nothing is pending on a machine that is well; that the call is understood is what counts here.
        assert [problem.id for problem in problems] == [f"NoRollbackPending,{name}"]
    elif name == "Install-AzConnectedMachineBackend":
        assert [problem.id for problem in problems] == [f"BackendPackageNotFound,{name}"]  # in a clone
    else:
        assert problems == []


def test_every_cmdlet_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == {path.stem for path in (ROOT / "psmodule" / "Public").iterdir()}
