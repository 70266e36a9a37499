"""Connect-AzConnectedMachine reads a scenario and passes it on."""

from __future__ import annotations

from pathlib import Path

from powershell.engine import Shell

CONNECT = "Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated -OSType Windows"


def test_a_scenario_is_a_file_and_a_wrong_one_is_refused_by_name(shared_shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "scenario.json"
    file.write_text('{"commands": [{"command": "enable", "exitCode": 1}]}', encoding="utf-8")
    assert shared_shell.run(f"({CONNECT} -Scenario '{file}').OSType").only() == "windows"
    file.write_text('{"commands": [{"command": "start"}]}', encoding="utf-8")
    problem = shared_shell.run(f"{CONNECT} -Scenario '{file}'").problem
    assert problem.id == "InvalidScenario,Connect-AzConnectedMachine"
