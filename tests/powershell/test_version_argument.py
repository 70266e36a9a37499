"""-TypeHandlerVersion: written at the parameter it keeps its text; coming as a number it is warned of."""

from __future__ import annotations

import pytest

from powershell.engine import Shell

CALL = (
    "Set-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m -Name e -Location x"
    " -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows"
)
LOST = "may have lost digits"


@pytest.fixture(autouse=True, scope="module")
def _machine(shared_shell: Shell) -> None:
    shared_shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated -OSType Windows")


@pytest.mark.parametrize(
    "argument",
    [" 1.10", ":1.10", " `\n  1.10", " '1.10'", ' "1.10"', " ([version] '1.10')"],
)
def test_a_literal_keeps_its_text_and_warns_of_nothing(shared_shell: Shell, argument: str) -> None:
    outcome = shared_shell.run(f"({CALL} -TypeHandlerVersion{argument}).TypeHandlerVersion")
    assert outcome.only() == "1.10"
    assert not [warning for warning in outcome.warnings if LOST in warning]


@pytest.mark.parametrize(
    "script",
    [
        "$v = 1.10; {call} -TypeHandlerVersion $v",
        "$v = 9.5; {call} -TypeHandlerVersion $v",
        "$v = [decimal] 1.10; {call} -TypeHandlerVersion $v",
        "function f([double] $v) {{ {call} -TypeHandlerVersion $v }}; f -v 1.10",
        "$s = @{{ TypeHandlerVersion = 1.10 }}; {call} @s",
    ],
)
def test_a_number_from_elsewhere_is_warned_of(shared_shell: Shell, script: str) -> None:
    outcome = shared_shell.run(script.format(call=CALL))
    assert not outcome.problems
    assert [warning for warning in outcome.warnings if LOST in warning and "Quote it" in warning]


def test_a_function_that_passes_a_literal_on_keeps_its_text(shared_shell: Shell) -> None:
    outcome = shared_shell.run(
        f"function f($v) {{ {CALL} -TypeHandlerVersion $v }}; (f -v 1.10).TypeHandlerVersion"
    )
    assert outcome.only() == "1.10"
    assert not [warning for warning in outcome.warnings if LOST in warning]


@pytest.mark.parametrize("argument", [" 9.5", ":9.5", " `\n   9.5"])
def test_a_literal_that_prints_as_it_is_written_warns_of_nothing(shared_shell: Shell, argument: str) -> None:
    outcome = shared_shell.run(f"$e = {CALL} -TypeHandlerVersion{argument}; $e.TypeHandlerVersion")
    assert outcome.only() == "9.5"
    assert not [warning for warning in outcome.warnings if LOST in warning]


def test_a_literal_at_the_end_of_a_pipeline_warns_of_nothing(shared_shell: Shell) -> None:
    shared_shell.run(CALL)
    outcome = shared_shell.run(
        "Get-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m |"
        " Update-AzConnectedMachineExtension -TypeHandlerVersion 9.5 | ForEach-Object TypeHandlerVersion"
    )
    assert outcome.only() == "9.5"
    assert not [warning for warning in outcome.warnings if LOST in warning]


@pytest.mark.parametrize("argument", ["9", "$nine"])
def test_a_whole_number_has_lost_nothing(shared_shell: Shell, argument: str) -> None:
    outcome = shared_shell.run(f"$nine = 9; ({CALL} -TypeHandlerVersion {argument}).TypeHandlerVersion")
    assert outcome.only() == "9"
    assert not [warning for warning in outcome.warnings if LOST in warning]


@pytest.mark.parametrize("argument", ["@{}", "(1, 2)", "(Get-Date)", "$true"])
def test_what_is_no_version_is_refused(shared_shell: Shell, argument: str) -> None:
    problem = shared_shell.run(f"{CALL} -TypeHandlerVersion {argument}").problem
    assert (problem.id, problem.category) == (
        "InvalidVersion,Set-AzConnectedMachineExtension",
        "InvalidArgument",
    )


def test_null_asks_for_no_version_any_more(shared_shell: Shell) -> None:
    shared_shell.run(f"{CALL} -TypeHandlerVersion 9.5")
    assert shared_shell.run(f"({CALL} -TypeHandlerVersion $null).TypeHandlerVersion").only() == ""


def test_the_target_version_of_an_upgrade_is_warned_of_too(shared_shell: Shell) -> None:
    shared_shell.run(CALL)
    key = "Microsoft.Azure.Monitoring.DependencyAgent.DependencyAgentWindows"
    outcome = shared_shell.run(
        "Update-AzConnectedExtension -ResourceGroupName rg -MachineName m"
        f" -ExtensionTarget @{{ '{key}' = @{{ targetVersion = 9.10 }} }}"
    )
    assert [warning for warning in outcome.warnings if LOST in warning]
