"""Why one extension is where it is, as an object; and a plan that is piped, kept in a file, and done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from packages import PackageSpec, build
from powershell.conftest import environment_for, open_shell
from powershell.engine import Shell

M = "-ResourceGroupName rg -MachineName $m"
IMAGE = "-Publisher Contoso.Sample -ExtensionType Agent"
WHY = f"Get-AzConnectedMachineUpgrade {M} -Name agent"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Two versions of the agent are published."""
    folder = tmp_path_factory.mktemp("plans")
    script = f"Set-Location '{folder}'\n"
    for version in ("1.0.0.0", "1.1.0.0"):
        package = build(folder, PackageSpec("Contoso.Sample", "Agent", version, os="linux", noop=True))
        script += f"Publish-AzConnectedExtensionPackage -Path '{package}' {IMAGE} -Version '{version}'"
        script += " -OperatingSystem Linux -SupportsAutomaticUpgrade\n"
    with open_shell(environment_for(folder / "home")) as shell:
        assert not shell.run(script).problems
        yield shell


def connect(shell: Shell, machine: str) -> None:
    """Connect a machine, which is ``$m`` then, with the agent at its first version, enrolled."""
    outcome = shell.run(
        f"$m = '{machine}';"
        "$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name $m -Simulated -OSType Linux;"
        f"$null = New-AzConnectedMachineExtension {M} -Name agent {IMAGE} -Location x"
        " -TypeHandlerVersion '1.0' -EnableAutomaticUpgrade -WarningAction SilentlyContinue"
    )
    assert not outcome.problems


@pytest.fixture
def due(shell: Shell, request: pytest.FixtureRequest) -> Shell:
    """A machine of this test's own."""
    connect(shell, request.node.name.removeprefix("test_")[:60])
    return shell


@pytest.fixture(scope="module")
def machines(shell: Shell) -> Shell:
    """Two machines that tests only look at; the extension of one of them is held until tomorrow."""
    connect(shell, "watched")
    connect(shell, "held")
    until = "([datetime]::UtcNow.AddDays(1))"
    assert not shell.run(
        f"Add-AzConnectedMachineUpgradeHold {M} -Name agent -Reason audit -Until {until}"
    ).problems
    return shell


@pytest.fixture
def held(machines: Shell) -> Shell:
    machines.run("$m = 'held'")
    return machines


@pytest.fixture
def watched(machines: Shell) -> Shell:
    machines.run("$m = 'watched'")
    return machines


def test_one_extension_says_why_as_an_object_that_is_a_decision_too(held: Shell) -> None:
    outcome = held.run(
        f"$w = {WHY};"
        "$w.PSObject.TypeNames[0, 1]; $w.Reason, $w.PlanReason, $w.InstalledVersion -join ' ';"
        "$o = $w.Obstacle[0]; $o.Reason, $o.RuleName, $o.RuleValue, $o.Evidence[0].Says -join '|';"
        "$w.Then; $w.LastOperation.Operation; $w.LastOperation.Evidence[0].About -like 'operation *'"
    )
    assert outcome.output == [
        "AzConnectedMachineLite.UpgradeExplanation",
        "AzConnectedMachineLite.UpgradeDecision",
        "Held Held 1.0.0.0",
        "Held|hold|every version|audit",
        "ChangeVersion 1.0.0.0 -> 1.1.0.0",
        "Install",
        "True",
    ]


@pytest.mark.parametrize("move", ["", "[Management.Automation.PSSerializer]::Deserialize($t)"])
def test_it_is_shown_as_a_list_that_reads_from_the_top(held: Shell, move: str) -> None:
    item = move or "$w"
    outcome = held.run(
        f"$w = {WHY};"
        "$t = [Management.Automation.PSSerializer]::Serialize($w, 6);"
        f"{item} | Format-List | Out-String -Width 200"
    )
    lines = [line.strip() for line in outcome.only().splitlines() if line.strip()]
    labels = [line.partition(" : ")[0].strip() for line in lines if " : " in line]
    assert labels == [
        "Name", "Moment", "InstalledVersion", "Planned", "InTheWay", "Then", "NextLook", "LastOperation",
    ]  # fmt: skip
    assert "rule: hold is every version (hold on 'agent')" in lines
    assert "hold: audit" in lines


def test_another_moment_may_be_asked_about(held: Shell) -> None:
    outcome = held.run(
        f"({WHY} -At ([datetime]::UtcNow.AddDays(2))).Planned; $null -eq ({WHY} -At '2020-01-01').PlanReason"
    )
    assert outcome.output == ["ChangeVersion 1.0.0.0 -> 1.1.0.0", "True"]


def test_a_plan_is_piped_into_the_pass_that_does_it(due: Shell) -> None:
    outcome = due.run(
        f"$p = Get-AzConnectedMachineUpgrade {M} -Plan; $p.Move[0].Name, $p.Move[0].ToVersion -join ' ';"
        "$p.Digest.Length; ($p | Start-AzConnectedMachineUpgrade -WhatIf).Reason;"
        "($p | Start-AzConnectedMachineUpgrade).Reason"
    )
    assert outcome.output == ["agent 1.1.0.0", "64", "Upgraded", "Upgraded"]
    assert due.run("Start-AzConnectedMachineUpgrade -Plan $p").problem.id == (
        "PlanChanged,Start-AzConnectedMachineUpgrade"
    )


def test_a_machine_is_still_piped_into_a_pass(due: Shell) -> None:
    outcome = due.run(
        "(Get-AzConnectedMachine -ResourceGroupName rg -Name $m | Start-AzConnectedMachineUpgrade).Reason"
    )
    assert outcome.only() == "Upgraded"


def test_a_plan_is_kept_in_a_file_and_done(due: Shell) -> None:
    outcome = due.run(
        f"(Get-AzConnectedMachineUpgrade {M} -Plan).Json | Set-Content plan.json;"
        "(Start-AzConnectedMachineUpgrade -PlanPath plan.json).Reason"
    )
    assert outcome.only() == "Upgraded"


def test_a_plan_of_a_retry_is_another_one_than_that_of_a_pass(watched: Shell) -> None:
    digests = watched.run(
        f"$false, $true | ForEach-Object {{ (Get-AzConnectedMachineUpgrade {M} -Plan -Retry:$_).Digest }}"
    ).output
    assert len(set(digests)) == len(digests) == 2


@pytest.mark.parametrize(
    "change", ["-replace '1.1.0.0', '1.2.0.0'", "-replace '\"machine\"', '\"other\"'", "-replace '{', ''"]
)
def test_a_file_that_was_changed_or_is_no_plan_is_refused(watched: Shell, change: str) -> None:
    problem = watched.run(
        f"(Get-AzConnectedMachineUpgrade {M} -Plan).Json {change} | Set-Content bad.json;"
        "Start-AzConnectedMachineUpgrade -PlanPath ./bad.json"
    ).problem
    assert problem.id == "InvalidPlan,Start-AzConnectedMachineUpgrade"


def test_a_plan_is_shown_as_what_it_would_do(watched: Shell) -> None:
    shown = watched.run(f"Get-AzConnectedMachineUpgrade {M} -Plan | Out-String -Width 200").only()
    assert "agent: ChangeVersion 1.0.0.0 -> 1.1.0.0" in shown


def test_the_file_of_the_command_line_is_taken_too(due: Shell, tmp_path: Path) -> None:
    """What 'upgrade plan' prints is indented, and has its numbers as Python writes them."""
    path = tmp_path / "plan.json"
    outcome = due.run(
        f"(Get-AzConnectedMachineUpgrade {M} -Plan).Json | ConvertFrom-Json | ConvertTo-Json -Depth 9 |"
        f" Set-Content '{path}'; (Start-AzConnectedMachineUpgrade -PlanPath '{path}' -Confirm:$false).Reason"
    )
    assert outcome.only() == "Upgraded"
