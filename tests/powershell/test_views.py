"""What a user sees: tables, an upgrade's story, and the same of objects from another process."""

from __future__ import annotations

import pytest

from powershell.engine import Shell

OPERATION = """
$operation = [pscustomobject]@{
    PSTypeName = 'AzConnectedMachineLite.UpgradeOperation'
    Time = [datetime] '2026-01-02T03:04:05Z'; Name = 'agent'; MachineName = 'web1'
    Operation = 'ChangeVersion'
    FromVersion = '1.0.0.0'; ToVersion = '1.1.0.0'; Outcome = 'RolledBack'; Message = 'enable(new) failed.'
    Initiator = 'PowerShell: me@here'; Duration = [timespan]::FromSeconds(2)
    Steps = @(
        [pscustomobject]@{ Name = 'fetch(new)'; Began = [datetime] '2026-01-02T03:04:05Z'
            Outcome = 'Succeeded'; ExitCode = 0; Message = '' }
        [pscustomobject]@{ Name = 'enable(new)'; Began = [datetime] '2026-01-02T03:04:06Z'
            Outcome = 'Failed'; ExitCode = 7; Message = 'no port' }
    )
}
function Move-Across($item) {
    $text = [Management.Automation.PSSerializer]::Serialize($item, 3)
    [Management.Automation.PSSerializer]::Deserialize($text)
}
"""
STORY = [
    "2026-01-02 03:04:05Z  agent on web1: ChangeVersion 1.0.0.0 -> 1.1.0.0",
    "RolledBack after 2.0 s: enable(new) failed.",
    "Asked for by PowerShell: me@here",
    "03:04:05Z  fetch(new) Succeeded",
    "03:04:06Z  enable(new) Failed, exit code 7: no port",
]


def shown(shell: Shell, expression: str) -> list[str]:
    outcome = shell.run(f"{OPERATION}; {expression} | Out-String -Width 200")
    return [line.strip() for line in outcome.only().splitlines() if line.strip()]


@pytest.mark.parametrize("item", ["$operation", "(Move-Across $operation)"])
def test_an_operation_is_told_as_a_story(shared_shell: Shell, item: str) -> None:
    assert shown(shared_shell, f"{item} | Format-Custom") == STORY
    assert shown(shared_shell, f"{item} | Format-Custom -View Story") == STORY


@pytest.mark.parametrize("item", ["$operation", "(Move-Across $operation)"])
def test_operations_are_a_table_of_when_what_versions_outcome_and_why(shared_shell: Shell, item: str) -> None:
    header, _, row = shown(shared_shell, item)
    assert header.split() == ["Time", "Name", "Version", "Outcome", "Message"]
    assert row.split("  ") == ["2026-01-02 03:04:05Z agent 1.0.0.0 -> 1.1.0.0 RolledBack enable(new) failed."]


@pytest.mark.parametrize("move", ["", "Move-Across "])
def test_azures_tables_are_shown_of_objects_from_here_and_from_a_job(shared_shell: Shell, move: str) -> None:
    shared_shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated -OSType Linux")
    header, _, row = shown(shared_shell, f"({move}(Get-AzConnectedMachine))")
    assert " ".join(header.split()) == "ResourceGroupName Name Location OSType Status ProvisioningState"
    assert " ".join(row.split()) == "rg web1 local linux Connected Succeeded"


def test_a_list_shows_every_property(shared_shell: Shell) -> None:
    names = [line.split()[0] for line in shown(shared_shell, "$operation | Format-List") if " : " in line]
    assert names == shared_shell.run(f"{OPERATION}; $operation.PSObject.Properties.Name").output
