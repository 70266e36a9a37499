"""-EnableAutomaticUpgrade in every spelling, on New-, Set- and Update-AzConnectedMachineExtension."""

from __future__ import annotations

import pytest

from powershell.engine import Outcome, Shell

ADDRESS = "-ResourceGroupName rg -MachineName m -Name e"
NEW = f"{ADDRESS} -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows"
CALLS = {
    "New": f"New-AzConnectedMachineExtension {NEW} -Location x",
    "Set": f"Set-AzConnectedMachineExtension {NEW} -Location x",
    "Update": f"Update-AzConnectedMachineExtension {ADDRESS}",
}
cmdlets = pytest.mark.parametrize("cmdlet", CALLS)


@pytest.fixture(autouse=True, scope="module")
def _machine(shared_shell: Shell) -> None:
    done = shared_shell.run(
        "Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated -OSType Windows;"
        f"New-AzConnectedMachineExtension {NEW} -Location x"
    )
    assert not done.problems


def flag_after(shell: Shell, call: str, before: str = "") -> Outcome:
    return shell.run(f"{before}; ({call}).EnableAutomaticUpgrade")


@cmdlets
@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("-EnableAutomaticUpgrade", "True"),
        ("-EnableAutomaticUpgrade:$true", "True"),
        ("-EnableAutomaticUpgrade:$false", "False"),
        ("-EnableAutomaticUpgrade $true", "True"),
        ("-EnableAutomaticUpgrade $false", "False"),
        ("-EnableAutomaticUpgrade $yes", "True"),
        ("-EnableAutomaticUpgrade $no", "False"),
        ("-EnableAuto $true", "True"),
        ("-EnableAutomaticUpgrade $false -Verbose", "False"),
        ("-Verbose `\n -EnableAutomaticUpgrade $false", "False"),
        ("-EnableAutomaticUpgrade $true -AutoUpgradeMinorVersion", "True"),
        ("-EnableAutomaticUpgrade $false -AutoUpgradeMinorVersion:$false", "False"),
        ("@{ EnableAutomaticUpgrade = $true }", "True"),
        ("@{ EnableAutomaticUpgrade = $false }", "False"),
        ("", "None"),
    ],
)
def test_a_spelling_means_what_it_says(shared_shell: Shell, cmdlet: str, spelling: str, value: str) -> None:
    before = "$yes = $true; $no = $false"
    if spelling.startswith("@"):
        before, spelling = f"$splat = {spelling}", "@splat"
    for prior in ("True", "False"):
        shared_shell.run(f"Update-AzConnectedMachineExtension {ADDRESS} -EnableAutomaticUpgrade:${prior}")
        outcome = flag_after(shared_shell, f"{CALLS[cmdlet]} {spelling}", before)
        assert outcome.only() == (prior if value == "None" else value)


@cmdlets
@pytest.mark.parametrize(
    "spelling",
    [
        "-EnableAutomaticUpgrade foo",
        "-EnableAutomaticUpgrade 'true'",
        "-EnableAutomaticUpgrade:foo",
        "-EnableAutomaticUpgrade $null",
        "-EnableAutomaticUpgrade @()",
        "-EnableAutomaticUpgrade $true $true",
        "-EnableAutomaticUpgrade:$false $true",
        "$true",
        "$false",
        "$null",
        "foo",
        "-EnableAutomaticUpgrade -Confirm $false",
        "-EnableAutomaticUpgrade -AutoUpgradeMinorVersion $false",
        "-EnableAutomaticUpgrade -NoWait `\n $false",
    ],
)
def test_what_is_no_value_of_it_is_refused_and_changes_nothing(
    shared_shell: Shell, cmdlet: str, spelling: str
) -> None:
    shared_shell.run(f"Update-AzConnectedMachineExtension {ADDRESS} -EnableAutomaticUpgrade")
    refused = shared_shell.run(f"{CALLS[cmdlet]} {spelling}").problem
    assert refused.category == "InvalidArgument" or "ParameterArgumentTransformationError" in refused.id
    assert flag_after(shared_shell, f"Get-AzConnectedMachineExtension {ADDRESS}").only() == "True"


def test_the_refusal_of_a_stray_value_says_how_to_write_it(shared_shell: Shell) -> None:
    problem = shared_shell.run(f"{CALLS['Set']} -EnableAutomaticUpgrade $null").problem
    assert problem.id == "InvalidAutomaticUpgradeValue,Set-AzConnectedMachineExtension"
    assert "-EnableAutomaticUpgrade:$true" in problem.action
