"""Cmdlets that describe machines, and that say what can be put on one."""

from __future__ import annotations

from pathlib import Path

from packages import AGENT, build
from powershell.engine import Shell

MACHINE = "-ResourceGroupName rg -Name web1"
CONNECT = f"$null = Connect-AzConnectedMachine {MACHINE} -Simulated;"
TYPE = "-Location WestUS -Publisher Contoso.Sample -ExtensionType Agent"


def test_versions_types_and_publishers_are_listed(shell: Shell, tmp_path: Path) -> None:
    package = build(tmp_path, AGENT)
    outcome = shell.run(
        f"$null = Publish-AzConnectedExtensionPackage -Path '{package}' -Publisher Contoso.Sample"
        f" -ExtensionType Agent -Version '{AGENT.version}' -OperatingSystem Linux;"
        f"(Get-AzConnectedExtensionMetadataV2 {TYPE}).Version;"
        f"(Get-AzConnectedExtensionMetadata {TYPE} -Version '{AGENT.version}').Publisher;"
        "(Get-AzConnectedExtensionType -Location WestUS -Publisher Contoso.Sample).Name;"
        "(Get-AzConnectedExtensionPublisher -Location WestUS).Name -contains 'contoso.sample'"
    )

    assert outcome.output == [AGENT.version, "contoso.sample", "agent", "True"]


def test_a_version_that_nobody_offers_is_not_found(shell: Shell) -> None:
    type_of_the_catalogue = "-Publisher Microsoft.Azure.Monitor -ExtensionType AzureMonitorLinuxAgent"
    problem = shell.run(
        f"Get-AzConnectedExtensionMetadata -Location x {type_of_the_catalogue} -Version '1.0'"
    ).problem

    assert problem.category == "ObjectNotFound"


def test_a_machine_is_described_and_what_has_no_effect_is_said(shell: Shell) -> None:
    outcome = shell.run(
        CONNECT + f"(Update-AzConnectedMachine {MACHINE} -Tag @{{ a = 'b' }}"
        " -IdentityType SystemAssigned -WarningVariable said -WarningAction SilentlyContinue).Tags.a; $said"
    )

    assert outcome.output == ["b", "'identity' is kept and shown; it has no effect here."]


def test_a_machine_is_forgotten_by_pipeline(shell: Shell) -> None:
    outcome = shell.run(
        CONNECT + f"Get-AzConnectedMachine {MACHINE} | Remove-AzConnectedMachine -PassThru;"
        "@(Get-AzConnectedMachine).Count"
    )

    assert outcome.output == ["True", "0"]
