"""Every pipeline that Azure's module documents, and those its users asked for, on installed extensions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages import PackageSpec, build
from powershell.conftest import environment_for, open_shell
from powershell.engine import Shell

IN = "-ResourceGroupName rg -MachineName"
AGENT = "-Publisher Contoso.Sample -ExtensionType Agent"
EXT = f"(Get-AzConnectedMachineExtension {IN} m1 -Name agent)"
ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.HybridCompute"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Two simulated machines, and one type with two versions."""
    folder = tmp_path_factory.mktemp("pipelines")
    script = "foreach ($name in 'm1', 'm2') {\n"
    script += "  Connect-AzConnectedMachine -ResourceGroupName rg -Name $name -Simulated -OSType Linux }\n"
    for version in ("1.0.0.0", "1.1.0.0"):
        package = build(folder, PackageSpec("Contoso.Sample", "Agent", version, os="linux"))
        script += f"Publish-AzConnectedExtensionPackage -Path '{package}' {AGENT} -Version '{version}'"
        script += " -OperatingSystem Linux\n"
    with open_shell(environment_for(folder / "home")) as shell:
        assert not shell.run(script).problems
        yield shell


@pytest.fixture
def machines(shell: Shell) -> Shell:
    """The agent on m1 at its first version, nothing on m2."""
    outcome = shell.run(
        "Get-AzConnectedMachine | Get-AzConnectedMachineExtension | Remove-AzConnectedMachineExtension;"
        f"$null = New-AzConnectedMachineExtension {IN} m1 -Name agent {AGENT} -Location here"
        " -TypeHandlerVersion '1.0' -Setting @{ a = 1 } -Tag @{ t = 'old' }"
    )
    assert not outcome.problems
    return shell


def row(shell: Shell, pipeline: str, shown: str) -> list[str]:
    """What a pipeline writes, as the values of ``shown`` joined by blanks."""
    outcome = shell.run(f"{pipeline} | ForEach-Object {{ ({shown}) -join ' ' }}")
    assert not outcome.problems
    return outcome.output


WHERE = "$_.MachineName, $_.Name, $_.TypeHandlerVersion, $_.Setting.a, $_.Tags.t"


@pytest.mark.parametrize(
    ("pipeline", "written"),
    [
        pytest.param(
            f"{EXT} | Update-AzConnectedMachineExtension -Settings @{{ a = 2 }}",
            "m1 agent 1.0.0.0 2 old",
            id="an extension is changed",
        ),
        pytest.param(
            f"@{{ Tag = @{{ t = 'new' }} }} | Update-AzConnectedMachineExtension {IN} m1 -Name agent",
            "m1 agent 1.0.0.0 1 new",
            id="what is piped is the change",
        ),
        pytest.param(
            f"{EXT} | Update-AzConnectedMachineExtension -ExtensionParameter @{{ Setting = @{{ a = 3 }} }}",
            "m1 agent 1.0.0.0 3 old",
            id="what is piped is the address of the change",
        ),
        pytest.param(
            f"{EXT} | New-AzConnectedMachineExtension -ExtensionParameter @{{ Setting = @{{ a = 3 }} }}",
            "m1 agent 1.0.0.0 3 old",
            id="what is piped is the address of the new",
        ),
        pytest.param(
            f"{EXT} | New-AzConnectedMachineExtension {IN} m2 -Name copy",
            "m2 copy 1.0.0.0 1 old",
            id="New copies to another machine",
        ),
        pytest.param(
            f"{EXT} | Set-AzConnectedMachineExtension {IN} m2 -Name copy",
            "m2 copy 1.0.0.0 1 old",
            id="Set copies to another machine",
        ),
        pytest.param(
            f"@{{ Id = '{ID}/machines/m2/extensions/fresh' }} |"
            f" New-AzConnectedMachineExtension -Location x {AGENT}",
            "m2 fresh 1.1.0.0",
            id="an identity is created",
        ),
        pytest.param(
            "Get-AzConnectedMachine | Get-AzConnectedMachineExtension",
            "m1 agent 1.0.0.0 1 old",
            id="machines are asked for their extensions",
        ),
        pytest.param(
            "Get-AzConnectedMachine -ResourceGroupName rg -Name m2 |"
            f" New-AzConnectedMachineExtension -Name other -Location x {AGENT}",
            "m2 other 1.1.0.0",
            id="a machine gets an extension",
        ),
        pytest.param(
            "Get-AzConnectedMachine -ResourceGroupName rg -Name m1 |"
            " Update-AzConnectedMachineExtension -Name agent -Settings @{ a = 4 }",
            "m1 agent 1.0.0.0 4 old",
            id="an extension of a machine is changed",
        ),
    ],
)  # fmt: skip
def test_a_pipeline_binds_as_documented(machines: Shell, pipeline: str, written: str) -> None:
    assert [line.strip() for line in row(machines, pipeline, WHERE)] == [written]


def test_machines_are_upgraded_by_handler(machines: Shell) -> None:
    target = "-ExtensionTarget @{ 'Contoso.Sample.Agent' = @{ targetVersion = '1.1' } }"
    outcome = machines.run(
        "Get-AzConnectedMachine -ResourceGroupName rg -Name m1 |"
        f" Update-AzConnectedExtension {target} -PassThru; {EXT}.TypeHandlerVersion"
    )
    assert outcome.output == ["True", "1.1.0.0"]


@pytest.mark.parametrize(
    "pipeline",
    [
        f"{EXT} | Remove-AzConnectedMachineExtension",
        f"Get-AzConnectedMachineExtension {IN} m1 | Remove-AzConnectedMachineExtension",
        "Get-AzConnectedMachine | Remove-AzConnectedMachineExtension -Name agent",
    ],
)
def test_extensions_are_removed_through_the_pipeline(machines: Shell, pipeline: str) -> None:
    outcome = machines.run(f"{pipeline}; @(Get-AzConnectedMachineExtension {IN} m1).Count")
    assert outcome.only() == "0"


def test_azures_other_names_of_parameters_bind(machines: Shell) -> None:
    outcome = machines.run(
        f"$e = Set-AzConnectedMachineExtension {IN} m1 -Name agent -Location x -Settings @{{ a = 9 }}"
        " -ProtectedSettings @{ b = 'secret' }; $e.Setting.a;"
        "(Get-AzConnectedMachine -ResourceGroupName rg -MachineName m1).Name"
    )
    assert outcome.output == ["9", "m1"]


def test_a_subscription_beside_a_piped_identity_is_refused(machines: Shell) -> None:
    problem = machines.run(f"{EXT} | Remove-AzConnectedMachineExtension -SubscriptionId x").problem
    assert problem.id == "MissingMandatoryParameter,Remove-AzConnectedMachineExtension"
