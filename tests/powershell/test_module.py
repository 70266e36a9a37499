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
SOURCES = [
    MANIFEST,
    *(path for folder in ("psmodule", "en-US") for path in (ROOT / folder).rglob("*") if path.is_file()),
]
FORMAT = ROOT / "psmodule" / "Az.ConnectedMachineLite.format.ps1xml"
COMMON = {
    *("Verbose", "Debug", "ErrorAction", "ErrorVariable", "WarningAction", "WarningVariable"),
    *("InformationAction", "InformationVariable", "ProgressAction", "OutVariable", "OutBuffer"),
    *("PipelineVariable", "WhatIf", "Confirm"),
}


def test_the_manifest_is_valid(run: Run) -> None:
    script = (
        f"$m = Test-ModuleManifest '{MANIFEST}';"
        "$m.Version.ToString(); $m.PowerShellVersion.ToString(); $m.CompatiblePSEditions -join ' '"
    )
    ended = run(script)
    assert (ended.lines, ended.err) == (["0.1.0", "5.1", "Desktop Core"], "")


def test_the_manifest_has_the_version_of_the_backend(shared_shell: Shell) -> None:
    from connectedmachine import __version__

    assert shared_shell.run("(Get-Module Az.ConnectedMachineLite).Version.ToString()").only() == __version__


def test_exports_are_the_files_and_the_manifests_list(shared_shell: Shell) -> None:
    exported = shared_shell.run("Get-Command -Module Az.ConnectedMachineLite | ForEach-Object Name").output
    named = shared_shell.run(f"(Import-PowerShellDataFile '{MANIFEST}').FunctionsToExport").output
    assert sorted(exported) == sorted(named) == PUBLIC


def test_every_source_file_is_loaded_by_the_module() -> None:
    root_module = ROOT / "psmodule" / "Az.ConnectedMachineLite.psm1"
    loaded = set(re.findall(r'PSScriptRoot/(\S+)"', root_module.read_text()))
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


def test_private_functions_have_no_hyphen_and_stay_inside(shared_shell: Shell) -> None:
    text = "".join(path.read_text() for path in (ROOT / "psmodule" / "Private").iterdir())
    names = re.findall(r"^function (\S+)", text, re.MULTILINE)
    assert names
    assert not [name for name in names if "-" in name]
    outcome = shared_shell.run(f"Get-Command {','.join(names)} -ErrorAction SilentlyContinue")
    assert outcome.output == []


def test_importing_leaves_the_session_as_it_was() -> None:
    script = f"""
    $before = Get-Variable -Scope Global | ForEach-Object Name
    Import-Module '{MANIFEST}'
    Get-Variable -Scope Global | ForEach-Object Name | Where-Object {{ $_ -notin $before + 'before' }}
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
    script = (
        f"Import-Module '{MANIFEST}'"
        + """
    $all = foreach ($command in Get-Command -Module Az.ConnectedMachineLite) {
        $help = Get-Help $command.Name -Full
        $parameters = @($command.Parameters.Values)
        [ordered]@{
            name = $command.Name
            synopsis = "$($help.Synopsis)".Trim()
            description = "$(@($help.description) | ForEach-Object Text)".Trim()
            examples = @(@($help.examples.example) | ForEach-Object { "$($_.code)" })
            documented = @(foreach ($parameter in $help.parameters.parameter) {
                if ("$($parameter.description | ForEach-Object Text)".Trim()) { $parameter.name }
            })
            parameters = @($parameters | ForEach-Object Name)
            hidden = @($parameters | Where-Object { $_.Attributes.DontShow -eq $true } | ForEach-Object Name)
            positional = @($parameters | Where-Object { $_.Attributes.Position -ge 0 } | ForEach-Object Name)
            outputs = @($command.OutputType | ForEach-Object Name)
        }
    }
    ConvertTo-Json -InputObject @($all) -Depth 5 -Compress
    """
    )
    ended = run_engine(["-Command", script], {"PATH": "/usr/bin:/bin"})
    return {entry["name"]: entry for entry in json.loads(ended.out)}


TOPICS = sorted(path.name.removesuffix(".help.txt") for path in (ROOT / "en-US").iterdir())


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_found_and_names_only_what_there_is(shared_shell: Shell, topic: str) -> None:
    text = shared_shell.run(f"Get-Help {topic} | Out-String -Width 200").only()
    assert text.splitlines()[:2] == ["TOPIC", f"    {topic}"]
    assert "SHORT DESCRIPTION" in text
    assert max(map(len, text.splitlines())) <= 120
    named = set(re.findall(r"[A-Z][a-z]+-AzConnected\w+", text))
    assert named <= set(PUBLIC)
    assert set(re.findall(r"about_\w+", text)) <= set(TOPICS)


def words(value: object) -> list[str]:
    assert isinstance(value, list)
    return [str(item) for item in value]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_cmdlet_has_help(help_of: dict[str, dict[str, object]], name: str) -> None:
    entry = help_of[name]
    assert str(entry["synopsis"]).endswith(".")
    assert str(entry["description"]).endswith(".")
    examples = words(entry["examples"])
    assert len(examples) >= 2
    assert all(name in example for example in examples)
    undocumented = set(words(entry["parameters"])) - set(words(entry["documented"])) - COMMON
    assert not undocumented
    assert words(entry["outputs"])


@pytest.mark.parametrize("name", PUBLIC)
def test_nothing_is_positional_but_as_in_azure_and_the_hidden_value(
    help_of: dict[str, dict[str, object]], name: str
) -> None:
    positional = {"ResourceGroupName", "SubscriptionId", "Location", "Name", "DefaultProfile", "Tag", "Proxy"}
    allowed = positional if name == "Connect-AzConnectedMachine" else {"BareValue"}
    assert set(words(help_of[name]["positional"])) <= allowed
    assert {each for each in words(help_of[name]["hidden"]) if "Proxy" not in each} <= {"BareValue"}


@pytest.mark.parametrize("name", PUBLIC)
def test_what_changes_something_can_be_asked_what_it_would_do(
    help_of: dict[str, dict[str, object]], name: str
) -> None:
    # Trying a package runs its programs.
    changes = not name.startswith(("Get-", "Test-")) or name == "Test-AzConnectedExtensionPackage"
    assert ("WhatIf" in words(help_of[name]["parameters"])) == changes


def test_every_type_that_is_written_has_a_view_also_after_remoting() -> None:
    views = ElementTree.parse(FORMAT)  # noqa: S314 # our own file
    shown = {element.text for element in views.iter("TypeName")}
    files = ("Objects.ps1", "UpgradeObjects.ps1")
    source = "".join((ROOT / "psmodule" / "Private" / name).read_text() for name in files)
    written = set(re.findall(r"(?:PSTypeName\s+= |TypeNames\.Insert\(0, )'([\w.]+)'", source))
    assert shown == written | {f"Deserialized.{name}" for name in written}
    assert len(written) == 27


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
    views = ElementTree.parse(FORMAT)  # noqa: S314 # our own file
    (view,) = (view for view in views.iter("View") if view.findtext("Name") == type_)
    assert [column.text for column in view.iter("PropertyName")] == columns.split()


def test_the_two_cmdlets_that_are_taken_for_each_other_name_each_other(
    help_of: dict[str, dict[str, object]],
) -> None:
    pair = ("Update-AzConnectedMachineExtension", "Update-AzConnectedExtension")
    for name, other in (pair, pair[::-1]):
        assert re.search(rf"{other}\b", str(help_of[name]["description"]))
