"""Azure's surface and ours, compared as the engine has them; the page that shows it is up to date."""

from __future__ import annotations

import pytest

from powershell import surface
from powershell.engine import Shell
from powershell.surface import Cmdlet

THEIRS = surface.theirs()


@pytest.fixture(scope="module")
def ours() -> dict[str, Cmdlet]:
    return surface.ours()


@pytest.mark.parametrize("name", THEIRS)
def test_what_azures_cmdlet_takes_is_taken_here_or_refused_for_a_reason(
    ours: dict[str, Cmdlet], name: str
) -> None:
    assert surface.gaps(THEIRS[name], ours[name]) == []


def test_a_parameter_that_is_lost_would_be_found(ours: dict[str, Cmdlet]) -> None:
    name = "Get-AzConnectedMachineExtension"
    fewer = {key: value for key, value in ours[name].parameters.items() if key != "Expand"}
    here = Cmdlet(ours[name].default, ours[name].sets, ours[name].output, False, fewer)
    assert surface.gaps(THEIRS[name], here) == ["-Expand"]


@pytest.mark.parametrize("name", THEIRS)
def test_what_is_refused_is_not_there(ours: dict[str, Cmdlet], name: str) -> None:
    assert not set(surface.REFUSED) & set(ours[name].parameters)


def test_the_page_is_not_stale(ours: dict[str, Cmdlet]) -> None:
    assert surface.PAGE.read_text(encoding="utf-8") == surface.page(ours)


@pytest.mark.parametrize("argument", ["-Break", "-HttpPipelineAppend x", "-HttpPipelinePrepend x"])
def test_a_parameter_that_cannot_be_meant_here_is_refused_by_name(shared_shell: Shell, argument: str) -> None:
    problem = shared_shell.run(f"Get-AzConnectedMachine {argument}").problem
    assert problem.id == "NamedParameterNotFound,Get-AzConnectedMachine"


def test_what_has_no_effect_is_taken_and_has_none(shared_shell: Shell) -> None:
    outcome = shared_shell.run(
        "$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name m1 -Simulated -OSType Linux;"
        "$e = Set-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m1 -Name e -Location x"
        " -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentLinux"
        " -InstanceViewName other -StatusCode 7 -StatusLevel Error -StatusTime (Get-Date) -Proxy http://p"
        " -AzureRMContext @{} -WarningAction SilentlyContinue; $e.InstanceViewName; $e.StatusCode;"
        "(Get-AzConnectedMachine -ResourceGroupName rg -Expand instanceView"
        " -ProxyUseDefaultCredentials).Name;"
        "(Get-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m1 -Expand InstanceView).Name"
    )
    assert outcome.problems == []
    assert outcome.output == ["e", "NoImage", "m1", "e"]


def test_what_is_no_part_of_a_resource_is_not_expanded(shared_shell: Shell) -> None:
    problem = shared_shell.run("Get-AzConnectedMachine -ResourceGroupName rg -Expand everything").problem
    assert problem.id == "ParameterArgumentValidationError,Get-AzConnectedMachine"


def test_a_machine_is_connected_by_position(shared_shell: Shell) -> None:
    """The one cmdlet of Azure's that binds so."""
    group = "00000000-0000-0000-0000-000000000000"
    outcome = shared_shell.run(
        f"$m = Connect-AzConnectedMachine byPosition {group} WestUS m9 -Simulated;"
        "$m.ResourceGroupName, $m.Location, $m.Name -join ' '"
    )
    assert outcome.only() == "byPosition WestUS m9"
