"""The module as a thing to import: manifest, exports, help, format, what importing does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from powershell.conftest import Run
from powershell.engine import MANIFEST, ROOT, Shell, run_engine

PUBLIC = sorted(path.stem for path in (ROOT / "psmodule" / "Public").iterdir())
SOURCES = [MANIFEST, *(path for path in (ROOT / "psmodule").rglob("*") if path.is_file())]
COMMON = {
    "Verbose", "Debug", "ErrorAction", "WarningAction", "InformationAction", "ProgressAction", "ErrorVariable",
    "WarningVariable", "InformationVariable", "OutVariable", "OutBuffer", "PipelineVariable", "WhatIf", "Confirm",
}  # fmt: skip


def test_the_manifest_is_valid(run: Run) -> None:
    script = f"$m = Test-ModuleManifest '{MANIFEST}'; $m.Version.ToString(); $m.PowerShellVersion.ToString(); $m.CompatiblePSEditions -join ' '"
    ended = run(script)
    assert (ended.lines, ended.err) == (["0.1.0", "5.1", "Desktop Core"], "")


def test_the_manifest_has_the_version_of_the_backend(shell: Shell) -> None:
    from connectedmachine import __version__

    assert shell.run("(Get-Module Az.ConnectedMachineLite).Version.ToString()").only() == __version__


def test_exports_are_the_files_and_the_manifests_list(shell: Shell) -> None:
    exported = shell.run("Get-Command -Module Az.ConnectedMachineLite | ForEach-Object Name").output
    named = shell.run(f"(Import-PowerShellDataFile '{MANIFEST}').FunctionsToExport").output
    assert sorted(exported) == sorted(named) == PUBLIC


def test_every_source_file_is_loaded_by_the_module(shell: Shell) -> None:
    loaded = set(
        re.findall(r'PSScriptRoot/(\S+)"', (ROOT / "psmodule" / "Az.ConnectedMachineLite.psm1").read_text())
    )
    files = {path.relative_to(ROOT / "psmodule").as_posix() for path in SOURCES if path.suffix == ".ps1"}
    assert loaded == files


@pytest.mark.parametrize("name", PUBLIC)
def test_a_file_holds_the_one_function_that_it_is_named_after(name: str) -> None:
    text = (ROOT / "psmodule" / "Public" / f"{name}.ps1").read_text(encoding="ascii")
    assert re.findall(r"^function ([\w-]+)", text, re.MULTILINE) == [name]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_sources_are_ascii_with_line_feeds(path: Path) -> None:
    """Windows PowerShell 5.1 reads a file without a byte order mark in the ANSI code page."""
    data = path.read_bytes()
    assert data.isascii()
    assert b"\r" not in data


def test_private_functions_have_no_hyphen_and_stay_inside(shell: Shell) -> None:
    text = "".join(path.read_text() for path in (ROOT / "psmodule" / "Private").iterdir())
    names = re.findall(r"^function (\S+)", text, re.MULTILINE)
    assert names
    assert not [name for name in names if "-" in name]
    outcome = shell.run(f"Get-Command {','.join(names)} -ErrorAction SilentlyContinue")
    assert outcome.output == []


def test_importing_leaves_the_session_as_it_was(run: Run) -> None:
    script = f"""
    $before = Get-Variable -Scope Global | ForEach-Object Name
    Import-Module '{MANIFEST}'
    Get-Variable -Scope Global | ForEach-Object Name | Where-Object {{ $_ -notin $before -and $_ -ne 'before' }}
    Get-Alias | Where-Object Source -eq Az.ConnectedMachineLite
    """
    ended = run_engine(["-Command", script], {"PATH": "/usr/bin:/bin"})
    assert (ended.out, ended.err) == ("", "")


def test_importing_under_strict_callers_is_silent(run: Run) -> None:
    ended = run("'imported'")
    assert (ended.lines, ended.err) == (["imported"], "")


def test_the_handler_of_an_earlier_removal_still_runs(shell: Shell) -> None:
    outcome = shell.run(
        "$module = Get-Module Az.ConnectedMachineLite; $own = $module.OnRemove;"
        "$module.OnRemove = { 'theirs'; & $own }; Remove-Module Az.ConnectedMachineLite; 'removed'"
    )
    assert outcome.output[-1] == "removed"
    assert not outcome.problems


@pytest.fixture(scope="module")
def help_of() -> dict[str, dict[str, object]]:
    script = f"""
    Import-Module '{MANIFEST}'
    $all = foreach ($command in Get-Command -Module Az.ConnectedMachineLite) {{
        $help = Get-Help $command.Name -Full
        [ordered]@{{
            name = $command.Name
            synopsis = "$($help.Synopsis)".Trim()
            description = "$(@($help.description) | ForEach-Object Text)".Trim()
            examples = @(@($help.examples.example) | ForEach-Object {{ "$($_.code)" }})
            documented = @(@($help.parameters.parameter) | Where-Object {{ "$($_.description | ForEach-Object Text)".Trim() }} | ForEach-Object {{ $_.name }})
            parameters = @($command.Parameters.Keys)
            hidden = @($command.Parameters.Values | Where-Object {{ $_.Attributes | Where-Object {{ $_.DontShow -eq $true }} }} | ForEach-Object Name)
            outputs = @($command.OutputType | ForEach-Object Name)
            positional = @($command.Parameters.Values | Where-Object {{ $_.Attributes | Where-Object {{ $_.Position -ge 0 }} }} | ForEach-Object Name)
        }}
    }}
    ConvertTo-Json -InputObject @($all) -Depth 5 -Compress
    """
    ended = run_engine(["-Command", script], {"PATH": "/usr/bin:/bin"})
    return {entry["name"]: entry for entry in json.loads(ended.out)}


def words(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_cmdlet_has_help(help_of: dict[str, dict[str, object]], name: str) -> None:
    entry = help_of[name]
    assert str(entry["synopsis"]).endswith(".")
    assert str(entry["description"]).endswith(".")
    assert any(name in example for example in words(entry["examples"]))
    undocumented = set(words(entry["parameters"])) - set(words(entry["documented"])) - COMMON
    assert not undocumented
    assert words(entry["outputs"])


@pytest.mark.parametrize("name", PUBLIC)
def test_nothing_is_positional_but_the_hidden_value(help_of: dict[str, dict[str, object]], name: str) -> None:
    entry = help_of[name]
    assert set(words(entry["positional"])) <= {"BareValue"}
    assert set(words(entry["hidden"])) <= {"BareValue"}


@pytest.mark.parametrize("name", PUBLIC)
def test_what_changes_something_can_be_asked_what_it_would_do(
    help_of: dict[str, dict[str, object]], name: str
) -> None:
    assert ("WhatIf" in words(help_of[name]["parameters"])) == (not name.startswith("Get-"))


def test_every_type_that_is_written_has_a_view_also_after_remoting() -> None:
    views = ElementTree.parse(ROOT / "psmodule" / "Az.ConnectedMachineLite.format.ps1xml")
    shown = {element.text for element in views.iter("TypeName")}
    source = (ROOT / "psmodule" / "Private" / "Objects.ps1").read_text()
    written = set(re.findall(r"PSTypeName\s+= '([\w.]+)'", source))
    assert shown == written | {f"Deserialized.{name}" for name in written}
    assert len(written) == 10


@pytest.mark.parametrize(
    ("type_", "columns"),
    [
        ("Machine", "ResourceGroupName Name Location OSType Status ProvisioningState"),
        (
            "MachineExtension",
            "ResourceGroupName Name Location TypeHandlerVersion ProvisioningState Publisher",
        ),
    ],
)
def test_azures_types_have_azures_tables(type_: str, columns: str) -> None:
    views = ElementTree.parse(ROOT / "psmodule" / "Az.ConnectedMachineLite.format.ps1xml")
    (view,) = (view for view in views.iter("View") if view.findtext("Name") == type_)
    assert [column.text for column in view.iter("PropertyName")] == columns.split()


def test_parameter_names_follow_the_reference(shell: Shell) -> None:
    """The sets of the documentation of Az.ConnectedMachine, `reference/powershell-surface.md` section 2."""
    script = "(Get-Command {}).ParameterSets | ForEach-Object Name | Sort-Object"
    assert shell.run(script.format("Set-AzConnectedMachineExtension")).output == sorted(
        ["UpdateExpanded", "Update", "UpdateViaJsonFilePath", "UpdateViaJsonString"]
    )
    create = ["Create", "CreateExpanded", "CreateViaIdentity", "CreateViaIdentityExpanded"]
    create += [
        "CreateViaIdentityMachine",
        "CreateViaIdentityMachineExpanded",
        "CreateViaJsonFilePath",
        "CreateViaJsonString",
    ]
    assert shell.run(script.format("New-AzConnectedMachineExtension")).output == sorted(create)
    update = [name.replace("Create", "Update") for name in create]
    assert shell.run(script.format("Update-AzConnectedMachineExtension")).output == sorted(update)
    assert shell.run(script.format("Remove-AzConnectedMachineExtension")).output == sorted(
        ["Delete", "DeleteViaIdentity", "DeleteViaIdentityMachine"]
    )
    upgrade = [
        "UpgradeExpanded",
        "UpgradeViaIdentity",
        "UpgradeViaIdentityExpanded",
        "UpgradeViaJsonFilePath",
        "UpgradeViaJsonString",
    ]
    assert shell.run(script.format("Update-AzConnectedExtension")).output == sorted(upgrade)
    assert shell.run(script.format("Get-AzConnectedMachine")).output == ["Get", "List", "List1"]


@pytest.mark.parametrize("switch", ["-AsJob", "-InstanceViewName x", "-DefaultProfile x"])
def test_what_is_not_there_yet_is_refused_by_name(shell: Shell, switch: str) -> None:
    call = (
        f"Set-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m -Name e -Location x {switch}"
    )
    assert shell.run(call).problem.id == "NamedParameterNotFound,Set-AzConnectedMachineExtension"
