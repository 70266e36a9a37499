"""The documentation's call, word for word, on a machine whose gallery is empty and on one with images."""

from __future__ import annotations

from pathlib import Path

from packages import PackageSpec, build
from powershell.conftest import Run

CALL = """
Set-AzConnectedMachineExtension -ExtensionName "Microsoft.Azure.Monitoring.DependencyAgent" `
    -ResourceGroupName "myResourceGroup" -VMName "myVM" `
    -Publisher "Microsoft.Azure.Monitoring.DependencyAgent" -ExtensionType "DependencyAgentWindows" `
    -TypeHandlerVersion 9.5 -Location WestUS -EnableAutomaticUpgrade $true
"""
CONNECT = (
    "$null = Connect-AzConnectedMachine -ResourceGroupName myResourceGroup -Name myVM -Location WestUS"
    " -Simulated -OSType Windows"
)
SHOWN = "$e.TypeHandlerVersion, $e.EnableAutomaticUpgrade, $e.ProvisioningState, $e.StatusCode -join ' '"


def test_it_is_accepted_where_no_image_is_yet(run: Run) -> None:
    ended = run(f"{CONNECT}\n$e = {CALL.strip()}\n{SHOWN}")
    assert ended.lines[-1] == "9.5 True Succeeded NoImage"
    assert "WARNING: No gallery offers" in ended.out
    assert "lost digits" not in ended.out
    assert ended.err == ""


def test_it_installs_the_newest_9_5_where_there_are_images(run: Run, tmp_path: Path) -> None:
    publish = ""
    for version in ("9.5.1.0", "9.5.10.2640", "9.6.0.0"):
        spec = PackageSpec(
            "Microsoft.Azure.Monitoring.DependencyAgent", "DependencyAgentWindows", version, os="windows"
        )
        publish += (
            f"Publish-AzConnectedExtensionPackage -Path '{build(tmp_path, spec)}' -Publisher {spec.publisher}"
            f" -ExtensionType {spec.type} -Version '{version}' -OperatingSystem Windows | Out-Null\n"
        )
    ended = run(f"{CONNECT}\n{publish}\n$e = {CALL.strip()}\n{SHOWN}")
    assert ended.lines[-1].startswith("9.5.10.2640 True Succeeded")
    assert ended.err == ""


def test_run_again_it_changes_nothing(run: Run) -> None:
    ended = run(
        f"{CONNECT}\n$a = {CALL.strip()}\n$b = {CALL.strip()}\n"
        "($a | Select-Object * | Out-String) -eq ($b | Select-Object * | Out-String)"
    )
    assert (ended.lines[-1], ended.err) == ("True", "")
