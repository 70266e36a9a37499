"""Tab completion through the engine's own completion API, on real machines, extensions and images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packages import PackageSpec, build
from powershell.conftest import environment_for, open_shell
from powershell.engine import Shell, wait_until

GET = "Get-AzConnectedMachineExtension"
SET = "Set-AzConnectedMachineExtension"
AGENT = "-Publisher Contoso.Sample -ExtensionType Agent"
AT_WEB = "-ResourceGroupName rg -MachineName web1"


def complete(shell: Shell, text: str) -> list[str]:
    """One Tab at the end of ``text``; what the engine offers of files is left out."""
    quoted = text.replace("'", "''")
    outcome = shell.run(
        f"$text = '{quoted}';"
        "[Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null)"
        ".CompletionMatches | Where-Object ResultType -eq ParameterValue | ForEach-Object CompletionText"
    )
    assert not outcome.problems
    return outcome.output


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], list[str]]]:
    """Press Tab as often as a busy host needs to answer in time."""
    folder = tmp_path_factory.mktemp("completion")
    images = (
        ("Contoso.Sample", "Agent", "1.2.0.0"),
        ("Contoso.Sample", "Agent", "1.10.0.0"),
        ("Contoso.Sample", "Agent", "2.0.0.0"),
        ("Contoso.Other", "Sensor", "7.0.0.0"),
    )
    script = """
    Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated -Location WestUS -OSType Linux
    Connect-AzConnectedMachine -ResourceGroupName other -Name db1 -Simulated -Location 'some where'
    Add-AzConnectedMachineHealthProbe -ResourceGroupName rg -MachineName web1 -Name alive -Tcp localhost:1
    """
    for publisher, type_, version in images:
        package = build(folder, PackageSpec(publisher, type_, version, os="linux"))
        script += (
            f"Publish-AzConnectedExtensionPackage -Path '{package}' -Publisher {publisher}"
            f" -ExtensionType {type_} -Version '{version}' -OperatingSystem Linux\n"
        )
    script += f"""
    {SET} {AT_WEB} -Name 'agent' -Location x -Publisher Contoso.Sample -ExtensionType Agent
    Unpublish-AzConnectedExtensionPackage -Publisher Contoso.Sample -ExtensionType Agent -Version '2.0.0.0'
    """
    with open_shell(environment_for(folder / "home")) as shell:
        outcome = shell.run(script)
        assert not outcome.problems

        def tab(text: str) -> list[str]:
            wait_until(lambda: bool(complete(shell, text)))
            return complete(shell, text)

        yield tab


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (f"{GET} -MachineName ", ["db1", "web1"]),
        (f"{GET} -VMName W", ["web1"]),
        (f"{GET} -ResourceGroupName other -MachineName ", ["db1"]),
        (f"{GET} -ResourceGroupName ", ["other", "rg"]),
        (f"{GET} -MachineName db1 -ResourceGroupName ", ["other"]),
        ("Get-AzConnectedMachine -Name ", ["db1", "web1"]),
        (f"{GET} {AT_WEB} -Name ", ["agent"]),
        (f"{GET} -VMName web1 -ExtensionName ", ["agent"]),
        (f"Start-AzConnectedMachineUpgrade {AT_WEB} -Name ", ["agent"]),
        (f"Get-AzConnectedMachineHealthProbe {AT_WEB} -Name ", ["alive"]),
        (f"{SET} -Publisher ", ["Contoso.Other", "Contoso.Sample"]),
        (f"{SET} -Publisher contoso.sample -ExtensionType ", ["Agent"]),
        (f"{SET} -Publisher Contoso.Sample -Type ", ["Agent"]),
        (f"{SET} -ExtensionType Sensor -Publisher ", ["Contoso.Other"]),
        # Newest first, as versions and not as texts; a withdrawn one is not offered.
        (f"{SET} {AGENT} -TypeHandlerVersion ", ["1.10.0.0", "1.2.0.0"]),
        (f"{SET} {AGENT} -TypeHandlerVersion 1.2", ["1.2.0.0"]),
        (f"{SET} -Location ", ["'some where'", "WestUS"]),
        (f"{SET} -Location some", ["'some where'"]),
        (f"{SET} -MachineName web1 -Location ", ["WestUS"]),
        ("Remove-AzConnectedMachineGallery -Name ", ["default"]),
        (f'{GET} -MachineName "w', ["'web1'"]),
        (f"{GET} -MachineName 'w", ["'web1'"]),
    ],
)  # fmt: skip
def test_what_fits_what_is_typed_is_offered(
    tab: Callable[[str], list[str]], text: str, offered: list[str]
) -> None:
    assert tab(text) == offered


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("Get-AzConnectedMachineHandlerStatus -ResourceGroupName rg -MachineName ", ["web1"]),
        ("Set-AzConnectedMachineConfiguration -ResourceGroupName ", ["other", "rg"]),
        ("Remove-AzConnectedMachine -ResourceGroupName other -Name ", ["db1"]),
        ("Update-AzConnectedMachine -MachineName w", ["web1"]),
        ("Connect-AzConnectedMachine -Name ", ["db1", "web1"]),
        ("Get-AzConnectedExtensionMetadata -Location W", ["WestUS"]),
        ("Get-AzConnectedExtensionType -Publisher ", ["Contoso.Other", "Contoso.Sample"]),
        (f"Get-AzConnectedExtensionMetadataV2 {AGENT} -Version ", ["1.10.0.0", "1.2.0.0"]),
        ("Test-AzConnectedExtensionPackage -Publisher contoso.other -Type ", ["Sensor"]),
        ("Get-AzConnectedMachineGallery -Name ", ["default"]),
    ],
)
def test_every_cmdlet_offers_what_the_store_and_the_galleries_know(
    tab: Callable[[str], list[str]], text: str, offered: list[str]
) -> None:
    assert tab(text) == offered


# Names of what is about to be made.
NEW = {
    ("Add-AzConnectedMachineGallery", "Name"),
    ("Add-AzConnectedMachineHealthProbe", "Name"),
    ("Add-AzConnectedMachineEventSink", "Name"),
    ("Publish-AzConnectedExtensionPackage", "Version"),
    ("Test-AzConnectedExtensionPackage", "Version"),
}


def test_every_parameter_whose_values_are_known_has_a_completer(shared_shell: Shell) -> None:
    outcome = shared_shell.run(
        "$known = 'ResourceGroupName', 'MachineName', 'Name', 'Publisher', 'ExtensionType', 'Type',"
        " 'Version', 'TypeHandlerVersion', 'Location', 'GalleryName'\n"
        "foreach ($command in Get-Command -Module Az.ConnectedMachineLite) {\n"
        "  foreach ($parameter in $command.Parameters.Values) {\n"
        "    if ($parameter.Name -notin $known) { continue }\n"
        "    $has = @($parameter.Attributes | Where-Object { $_ -is [ArgumentCompleter] }).Count\n"
        '    if (-not $has) { "$($command.Name) $($parameter.Name)" } } }'
    )
    assert not outcome.problems
    assert {tuple(line.split()) for line in outcome.output} == NEW


def test_a_name_with_a_quote_in_it_is_one_word(shell: Shell) -> None:
    shell.run('Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated -Location "d\'or"')
    wait_until(lambda: complete(shell, f"{SET} -Location ") == ["'d''or'"])


def test_a_cold_tab_starts_the_backend_that_a_later_one_is_answered_by(shell: Shell) -> None:
    shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name m -Simulated")
    shell.within("StopBackend")
    wait_until(lambda: complete(shell, f"{GET} -MachineName ") == ["m"])
    assert shell.run("(Get-AzConnectedMachine).Name").only() == "m"


@pytest.mark.parametrize("value", ["/no/such/python", "/bin/false"])
def test_without_a_backend_nothing_is_offered_and_nothing_said(shell: Shell, value: str) -> None:
    assert shell.run(f"$env:AZCMLITE_PYTHON = '{value}'").problems == []
    for _ in range(3):
        assert complete(shell, f"{GET} -MachineName ") == []
    assert shell.run("$Error.Count").only() == "0"


def test_a_tab_given_up_leaves_the_next_call_its_answer(
    unwell: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    notes = unwell("never_done")
    shell: Shell = request.getfixturevalue("shell")
    assert complete(shell, f"{GET} -MachineName ") == []
    assert shell.run("(Get-AzConnectedMachineGallery).Name").only() == "answered"
    assert complete(shell, f"{GET} -MachineName ") == []
    wait_until((notes / "cancels").exists)


def test_a_tab_while_a_call_waits_takes_no_turn(shell: Shell) -> None:
    outcome = shell.within(
        "$null = $script:Turn.Wait(0); try { @(AskSoon 'machine.list' @{}).Count }"
        " finally { $null = $script:Turn.Release() }"
    )
    assert outcome.only() == "0"
