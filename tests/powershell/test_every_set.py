"""Every parameter set of the extension cmdlets does what it says, on installed extensions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from packages import PackageSpec, build
from powershell.conftest import environment_for, open_shell
from powershell.engine import Shell

BY_NAME = "-ResourceGroupName rg -MachineName $m -Name agent"
MACHINE = "-MachineInputObject (Get-AzConnectedMachine -ResourceGroupName rg -Name $m) -Name agent"
EXTENSION = "-InputObject @{ ResourceGroupName = 'rg'; MachineName = $m; ExtensionName = 'agent' }"
IMAGE = "-Publisher Contoso.Sample -ExtensionType Agent"
BODY = "-ExtensionParameter @{ Publisher = 'Contoso.Sample'; MachineExtensionType = 'Agent'; Tags = $tags }"
EXPANDED = f"{IMAGE} -Location x -Tag $tags"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The agent at its first version on a simulated machine; the session stands in a folder with bodies."""
    folder = tmp_path_factory.mktemp("sets")
    script = f"""Set-Location '{folder}'
    $tags = @{{ t = 'told' }}
    $json = '{{"properties": {{"publisher": "Contoso.Sample", "type": "Agent"}}, "tags": {{"t": "told"}}}}'
    $move = '{{"extensionTargets": {{"Contoso.Sample.Agent": {{"targetVersion": "1.1"}}}}}}'
    Set-Content body.json $json
    Set-Content move.json $move
    $target = @{{ 'Contoso.Sample.Agent' = @{{ targetVersion = '1.1' }} }}
    $m = 'm1'
    Connect-AzConnectedMachine -ResourceGroupName rg -Name m1 -Simulated -OSType Linux
    """
    for version in ("1.0.0.0", "1.1.0.0"):
        package = build(folder, PackageSpec("Contoso.Sample", "Agent", version, os="linux"))
        script += f"Publish-AzConnectedExtensionPackage -Path '{package}' {IMAGE} -Version '{version}'"
        script += " -OperatingSystem Linux\n"
    script += f"New-AzConnectedMachineExtension {BY_NAME} {IMAGE} -Location x -TypeHandlerVersion '1.0'"
    with open_shell(environment_for(folder / "home")) as shell:
        assert not shell.run(script).problems
        yield shell


@pytest.fixture
def nothing(shell: Shell) -> Iterator[Shell]:
    """A machine of this test's own, without an extension."""
    outcome = shell.run(
        "$m = [guid]::NewGuid().ToString(); Connect-AzConnectedMachine rg -Name $m -Simulated -OSType Linux"
    )
    assert not outcome.problems
    yield shell
    shell.run("$m = 'm1'")


@pytest.fixture
def agent(shell: Shell) -> Shell:
    """The agent on the first machine, with other tags than those that are told."""
    assert not shell.run(f"$e = Update-AzConnectedMachineExtension {BY_NAME} -Tag @{{ t = '' }}").problems
    return shell


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(f"New-AzConnectedMachineExtension {BY_NAME} {EXPANDED}", id="CreateExpanded"),
        pytest.param(f"New-AzConnectedMachineExtension {BY_NAME} {BODY}", id="Create"),
        pytest.param(f"New-AzConnectedMachineExtension {EXTENSION} {BODY}", id="CreateViaIdentity"),
        pytest.param(
            f"New-AzConnectedMachineExtension {EXTENSION} {EXPANDED}", id="CreateViaIdentityExpanded"
        ),
        pytest.param(f"New-AzConnectedMachineExtension {MACHINE} {BODY}", id="CreateViaIdentityMachine"),
        pytest.param(
            f"New-AzConnectedMachineExtension {MACHINE} {EXPANDED}", id="CreateViaIdentityMachineExpanded"
        ),
        pytest.param(
            f"New-AzConnectedMachineExtension {BY_NAME} -JsonFilePath body.json", id="CreateViaJsonFilePath"
        ),
        pytest.param(
            f"New-AzConnectedMachineExtension {BY_NAME} -JsonString $json", id="CreateViaJsonString"
        ),
        pytest.param(f"Set-AzConnectedMachineExtension {BY_NAME} {EXPANDED}", id="Set UpdateExpanded"),
        pytest.param(f"Set-AzConnectedMachineExtension {BY_NAME} {BODY}", id="Set Update"),
        pytest.param(
            f"Set-AzConnectedMachineExtension {BY_NAME} -JsonFilePath ./body.json",
            id="Set UpdateViaJsonFilePath",
        ),
        pytest.param(
            f"Set-AzConnectedMachineExtension {BY_NAME} -JsonString $json", id="Set UpdateViaJsonString"
        ),
    ],
)
def test_a_set_of_new_or_set_creates(nothing: Shell, call: str) -> None:
    outcome = nothing.run(f"$e = {call} -NoWait; $e.Name, $e.MachineExtensionType, $e.Tags.t -join ' '")
    assert outcome.only() == "agent Agent told"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(f"{BY_NAME} -Tag $tags", id="UpdateExpanded"),
        pytest.param(f"{BY_NAME} -ExtensionParameter @{{ Tags = $tags }}", id="Update"),
        pytest.param(f"{EXTENSION} -ExtensionParameter @{{ Tag = $tags }}", id="UpdateViaIdentity"),
        pytest.param(f"{EXTENSION} -Tag $tags", id="UpdateViaIdentityExpanded"),
        pytest.param(f"{MACHINE} -ExtensionParameter @{{ Tag = $tags }}", id="UpdateViaIdentityMachine"),
        pytest.param(f"{MACHINE} -Tag $tags", id="UpdateViaIdentityMachineExpanded"),
        pytest.param(f"{BY_NAME} -JsonFilePath body.json", id="UpdateViaJsonFilePath"),
        pytest.param(f"{BY_NAME} -JsonString $json", id="UpdateViaJsonString"),
    ],
)
def test_a_set_of_update_changes_and_leaves_the_version(agent: Shell, call: str) -> None:
    outcome = agent.run(
        f"$e = Update-AzConnectedMachineExtension {call}; $e.Name, $e.TypeHandlerVersion, $e.Tags.t -join ' '"
    )
    assert outcome.only() == "agent 1.0.0.0 told"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(BY_NAME, id="Delete"),
        pytest.param(EXTENSION, id="DeleteViaIdentity"),
        pytest.param(MACHINE, id="DeleteViaIdentityMachine"),
    ],
)
def test_a_set_of_remove_removes_and_writes_nothing(nothing: Shell, call: str) -> None:
    outcome = nothing.run(
        f"$e = New-AzConnectedMachineExtension {BY_NAME} {EXPANDED};"
        f"Remove-AzConnectedMachineExtension {call};"
        "@(Get-AzConnectedMachineExtension -ResourceGroupName rg -MachineName $m).Count"
    )
    assert outcome.only() == "0"


@pytest.mark.parametrize(
    "call",
    [
        pytest.param("-ResourceGroupName rg -MachineName m1 -ExtensionTarget $target", id="UpgradeExpanded"),
        pytest.param(
            "-ResourceGroupName rg -MachineName m1 -ExtensionUpgradeParameter @{ ExtensionTarget = $target }",
            id="Upgrade",
        ),
        pytest.param(
            "-InputObject (Get-AzConnectedMachine -ResourceGroupName rg -Name m1)"
            " -ExtensionUpgradeParameter @{ ExtensionTarget = $target }",
            id="UpgradeViaIdentity",
        ),
        pytest.param(
            "-InputObject (Get-AzConnectedMachine -ResourceGroupName rg -Name m1) -ExtensionTarget $target",
            id="UpgradeViaIdentityExpanded",
        ),
        pytest.param(
            "-ResourceGroupName rg -MachineName m1 -JsonFilePath move.json", id="UpgradeViaJsonFilePath"
        ),
        pytest.param("-ResourceGroupName rg -MachineName m1 -JsonString $move", id="UpgradeViaJsonString"),
    ],
)
def test_a_set_of_the_upgrade_moves_the_version(agent: Shell, call: str) -> None:
    outcome = agent.run(
        f"Update-AzConnectedExtension {call};(Get-AzConnectedMachineExtension {BY_NAME}).TypeHandlerVersion"
    )
    assert outcome.only() == "1.1.0.0"


def test_a_json_file_that_is_not_there_is_named(agent: Shell) -> None:
    problem = agent.run(f"Set-AzConnectedMachineExtension {BY_NAME} -JsonFilePath none.json").problem
    assert problem.id == "FileNotReadable,Set-AzConnectedMachineExtension"
    assert problem.target.endswith("none.json")


def test_pass_thru_false_means_no(nothing: Shell) -> None:
    outcome = nothing.run(
        f"Remove-AzConnectedMachineExtension {BY_NAME} -PassThru:$false;"
        "Remove-AzConnectedMachine -ResourceGroupName rg -Name $m -PassThru:$false;"
        "Update-AzConnectedExtension -ResourceGroupName rg -MachineName m1 -ExtensionTarget $target"
        " -PassThru:$false"
    )
    assert (outcome.output, outcome.problems) == ([], [])


def test_verbose_says_what_would_be_done(agent: Shell) -> None:
    outcome = agent.run(f"Update-AzConnectedMachineExtension {BY_NAME} -EnableAutomaticUpgrade -Verbose 4>&1")
    assert "extension 'agent' of machine 'm1'" in outcome.output[0]
    assert "enable automatic upgrade" in outcome.output[0]


AZURES_PROPERTIES = """
    AutoUpgradeMinorVersion EnableAutomaticUpgrade ForceUpdateTag Id InstanceViewName InstanceViewType
    InstanceViewTypeHandlerVersion Location MachineExtensionType MachineName Name ProtectedSetting
    ProvisioningState Publisher ResourceGroupName Setting StatusCode StatusDisplayStatus StatusLevel
    StatusMessage StatusTime SystemDataCreatedAt SystemDataCreatedBy SystemDataCreatedByType
    SystemDataLastModifiedAt SystemDataLastModifiedBy SystemDataLastModifiedByType Tags Type
    TypeHandlerVersion
"""


def test_an_extension_has_azures_properties_also_where_nothing_is_known(agent: Shell) -> None:
    """A script under strict mode may ask for each."""
    outcome = agent.run(
        f"$e = Get-AzConnectedMachineExtension {BY_NAME}; $e.PSObject.Properties.Name;"
        "$e.SystemDataLastModifiedAt -ge $e.SystemDataCreatedAt; $e.Type"
    )
    *names, is_later, type_ = outcome.output
    assert set(AZURES_PROPERTIES.split()) <= set(names)
    assert (is_later, type_) == ("True", "Microsoft.HybridCompute/machines/extensions")
