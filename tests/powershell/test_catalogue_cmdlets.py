"""Cmdlets that describe machines, and that say what can be put on one."""

from __future__ import annotations

from pathlib import Path

import pytest

from packages import AGENT, PackageSpec, build
from powershell.engine import Shell

MACHINE = "-ResourceGroupName rg -Name web1"
CONNECT = f"$null = Connect-AzConnectedMachine {MACHINE} -Simulated;"
TYPE = "-Location WestUS -Publisher Contoso.Sample -ExtensionType Agent"


def publish(shell: Shell, folder: Path, *versions: str) -> None:
    for version in versions:
        package = build(folder, PackageSpec("Contoso.Sample", "Agent", version, os="linux"))
        outcome = shell.run(
            f"Publish-AzConnectedExtensionPackage -Path '{package}' -Publisher Contoso.Sample"
            f" -ExtensionType Agent -Version '{version}' -OperatingSystem Linux"
        )
        assert not outcome.problems


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


@pytest.mark.parametrize("cmdlet", ["Get-AzConnectedExtensionMetadata", "Get-AzConnectedExtensionMetadataV2"])
def test_both_generations_of_metadata_list_and_get(shell: Shell, tmp_path: Path, cmdlet: str) -> None:
    publish(shell, tmp_path, "1.4.2798.3")
    shown = "ForEach-Object { $_.Publisher, $_.ExtensionType, $_.Version -join ' ' }"
    outcome = shell.run(f"{cmdlet} {TYPE} | {shown}; {cmdlet} {TYPE} -Version 1.4.2798.3 | {shown}")
    assert outcome.output == ["contoso.sample agent 1.4.2798.3"] * 2


def test_versions_come_newest_first(shell: Shell, tmp_path: Path) -> None:
    publish(shell, tmp_path, "1.9.0.0", "1.10.0.0", "1.2.0.0")
    outcome = shell.run(f"(Get-AzConnectedExtensionMetadataV2 {TYPE}).Version")
    assert outcome.output == ["1.10.0.0", "1.9.0.0", "1.2.0.0"]


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


AZURES_PROPERTIES = """
    AgentUpgradeCorrelationId AgentUpgradeDesiredVersion AgentUpgradeEnableAutomaticUpgrade AgentVersion
    ClientPublicKey CloudMetadataProvider DisplayName Fqdn Id IdentityPrincipalId IdentityTenantId
    IdentityType Kind LastStatusChange LicenseProfile Location LocationDataCity
    LocationDataCountryOrRegion LocationDataDistrict LocationDataName MssqlDiscovered Name OSName
    OSProfile OSType OSVersion ParentClusterResourceId PrivateLinkScopeResourceId ProvisioningState
    ResourceGroupName Status SystemDataCreatedAt SystemDataCreatedBy Tags Type VMId
"""
DESCRIBED = "$m.Kind, $m.LocationDataCity, $m.AgentUpgradeDesiredVersion, $m.Tags.a -join ' '"


@pytest.mark.parametrize(
    "call",
    [
        f"Update-AzConnectedMachine {MACHINE} @changes",
        f"Get-AzConnectedMachine {MACHINE} | Update-AzConnectedMachine @changes",
        f"$changes | Update-AzConnectedMachine {MACHINE}",
        f"Get-AzConnectedMachine {MACHINE} | Update-AzConnectedMachine -Parameter $changes",
        f"Update-AzConnectedMachine {MACHINE} -JsonString $json",
        f"Set-Content body.json $json; Update-AzConnectedMachine {MACHINE} -JsonFilePath body.json",
    ],
)
def test_a_machine_is_described_in_every_way_that_azure_has(shell: Shell, tmp_path: Path, call: str) -> None:
    outcome = shell.run(
        f"Set-Location '{tmp_path}'; $WarningPreference = 'SilentlyContinue'; {CONNECT}"
        "$changes = @{ Kind = 'HCI'; LocationDataCity = 'X'; AgentUpgradeDesiredVersion = '1.2';"
        " Tag = @{ a = 'b' } };"
        """$json = '{"kind": "HCI", "tags": {"a": "b"}, "properties": {"locationData": {"city": "X"},"""
        """ "agentUpgrade": {"desiredVersion": "1.2"}}}';"""
        f"$m = @({call})[-1]; {DESCRIBED}"
    )
    assert outcome.only() == "HCI X 1.2 b"


def test_a_machine_piped_as_the_change_keeps_what_it_says(shell: Shell) -> None:
    outcome = shell.run(
        "$WarningPreference = 'SilentlyContinue';" + CONNECT + "$null = Connect-AzConnectedMachine"
        " -ResourceGroupName rg -Name web2 -Simulated -Tag @{ of = 'web2' };"
        f"$null = Update-AzConnectedMachine {MACHINE} -Tag @{{ of = 'web1' }}"
        " -EnableSystemAssignedIdentity $true -OSProfile @{ computerName = 'c' };"
        f"$m = Get-AzConnectedMachine {MACHINE} | Update-AzConnectedMachine -ResourceGroupName rg -Name web2;"
        "$m.Name, $m.Tags.of, $m.OSProfile.computerName, $m.IdentityType -join ' '"
    )
    assert outcome.only() == "web2 web1 c SystemAssigned"


def test_null_takes_a_description_away(shell: Shell) -> None:
    outcome = shell.run(
        "$WarningPreference = 'SilentlyContinue';" + CONNECT + f"(Update-AzConnectedMachine {MACHINE}"
        " -PrivateLinkScopeResourceId /scope).PrivateLinkScopeResourceId;"
        f"$null -eq (Update-AzConnectedMachine {MACHINE} -PrivateLinkScopeResourceId $null)"
        ".PrivateLinkScopeResourceId"
    )
    assert outcome.output == ["/scope", "True"]


def test_a_machine_has_azures_properties_also_where_nothing_is_known(shell: Shell) -> None:
    """A script under strict mode may ask for each."""
    outcome = shell.run(CONNECT + "(Get-AzConnectedMachine).PSObject.Properties.Name")
    assert set(AZURES_PROPERTIES.split()) <= set(outcome.output)


@pytest.mark.parametrize(
    "call",
    [
        f"Remove-AzConnectedMachine {MACHINE}",
        f"Remove-AzConnectedMachine -InputObject (Get-AzConnectedMachine {MACHINE})",
        "Get-AzConnectedMachine | Remove-AzConnectedMachine",
        f"Remove-AzConnectedMachine {MACHINE} -NoWait",
        f"Remove-AzConnectedMachine {MACHINE} -AsJob | Receive-Job -Wait -AutoRemoveJob",
    ],
)
def test_a_machine_is_forgotten_and_then_not_found(shell: Shell, call: str) -> None:
    outcome = shell.run(
        f"{CONNECT} {call}; try {{ Get-AzConnectedMachine {MACHINE} -ErrorAction Stop }} catch {{ 'thrown' }}"
    )
    assert outcome.only() == "thrown"
