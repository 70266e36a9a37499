"""Every cmdlet on this host with real packages: what it does, writes, refuses and asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from packages import AGENT, PackageSpec, build, end_processes, forget_override, get, override, running_agent
from powershell.engine import Shell

M = "-ResourceGroupName rg -MachineName web1"
E = f"{M} -Name agent"
AGENT_IS = "-Publisher Contoso.Sample -ExtensionType Agent"
INSTALL = f"Set-AzConnectedMachineExtension {E} {AGENT_IS} -Location local"
OS = AGENT.os.capitalize()
DEPENDENCY_AGENT = (
    f"Set-AzConnectedMachineExtension {E} -Location local"
    " -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentLinux"
)


@pytest.fixture
def server(shell: Shell, home: Path) -> Iterator[Shell]:
    """A shell on a connected host whose health windows are short."""
    outcome = shell.run(
        "$null = Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Location local;"
        f"$null = Set-AzConnectedMachineUpgradePolicy {M} -HealthWindow 00:00:01 -StableFor 00:00:00.2"
    )
    assert not outcome.problems
    yield shell
    end_processes(home)


def publish(shell: Shell, folder: Path, spec: PackageSpec, more: str = "-SupportsAutomaticUpgrade") -> None:
    outcome = shell.run(
        f"Publish-AzConnectedExtensionPackage -Path '{build(folder, spec)}' -Publisher {spec.publisher}"
        f" -ExtensionType {spec.type} -Version '{spec.version}' -OperatingSystem {OS} {more}"
    )
    assert not outcome.problems


def version(number: str, **behaviour: object) -> PackageSpec:
    return replace(AGENT, version=number, **behaviour)  # type: ignore[arg-type]


def state_folder(home: Path) -> Path:
    (folder,) = home.rglob("Contoso.Sample.Agent-data")
    return folder


def test_connecting_twice_is_the_same_machine(shell: Shell) -> None:
    script = "(Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Tag @{ stage = 1 }).VMId"
    assert shell.run(script).only() == shell.run(script).only()
    assert (
        shell.run("(Get-AzConnectedMachine -ResourceGroupName RG -MachineName WEB1).Tags.stage").only() == "1"
    )


def test_a_host_is_connected_under_its_own_name_by_default(shell: Shell) -> None:
    outcome = shell.run("(Connect-AzConnectedMachine -ResourceGroupName rg).Name; [Net.Dns]::GetHostName()")
    name, host = outcome.output
    assert name == host.split(".")[0]


def test_machines_are_listed_by_group_and_subscription(shell: Shell) -> None:
    other = "11111111-1111-1111-1111-111111111111"
    shell.run(
        "Connect-AzConnectedMachine -ResourceGroupName a -Name m1 -Simulated;"
        "Connect-AzConnectedMachine -ResourceGroupName b -Name m2 -Simulated;"
        f"Connect-AzConnectedMachine -ResourceGroupName a -Name m3 -Simulated -SubscriptionId {other}"
    )
    names = "(Get-AzConnectedMachine {}).Name -join ' '"
    assert shell.run(names.format("")).only() == "m1 m2"
    assert shell.run(names.format("-ResourceGroupName b")).only() == "m2"
    both = f"-SubscriptionId 00000000-0000-0000-0000-000000000000, {other}"
    assert shell.run(names.format(both)).only() == "m1 m2 m3"


def test_an_extension_is_installed_and_answers(server: Shell, tmp_path: Path, home: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    outcome = server.run(
        f"$e = {INSTALL} -TypeHandlerVersion 1.0 -EnableAutomaticUpgrade -Setting @{{ note = 'x' }};"
        "$e.TypeHandlerVersion, $e.ProvisioningState, $e.StatusCode, $e.MachineName, $e.Setting.note"
        " -join '|'; $e.PSObject.TypeNames[0]; $e.StatusTime.Kind"
    )
    assert outcome.output == [
        "1.0.0.0|Succeeded|0|web1|x",
        "AzConnectedMachineLite.MachineExtension",
        "Utc",
    ]
    port = running_agent(state_folder(home))
    assert port is not None
    reply = get(port)
    assert reply is not None
    assert reply.version == "1.0.0.0"


def test_waiting_shows_progress_and_completes_it(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0", slow={"install": 0.5}))
    outcome = server.run(INSTALL)
    assert outcome.progress
    assert "agent" in outcome.progress[0][0]
    assert [completed for _, _, completed in outcome.progress].count(True) == 1
    assert outcome.progress[-1][2]


def test_no_wait_returns_the_extension_as_it_is_being_created(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0", slow={"install": 1}))
    assert server.run(f"({INSTALL} -NoWait).ProvisioningState").only() == "Creating"
    assert server.run(f"({INSTALL}).ProvisioningState").only() == "Succeeded"


def test_new_over_json_text_and_file(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    body = '{"properties":{"publisher":"Contoso.Sample","type":"Agent","settings":{"a":[1],"A":2.50}}}'
    (tmp_path / "body.json").write_text(body, encoding="utf-8")
    outcome = server.run(
        f"Set-Location '{tmp_path}'; $e = New-AzConnectedMachineExtension {E} -JsonFilePath ./body.json;"
        "$e.Setting['a'][0]; $e.Setting['A']; $e.Setting.Count"
    )
    assert outcome.output == ["1", "2.5", "2"]
    text = '{"properties":{"enableAutomaticUpgrade":true}}'
    outcome = server.run(
        f"(Update-AzConnectedMachineExtension {E} -JsonString '{text}').EnableAutomaticUpgrade"
    )
    assert outcome.only() == "True"


def test_an_extension_is_copied_from_machine_to_machine(shell: Shell) -> None:
    shell.run(
        "'m1', 'm2' | ForEach-Object {"
        "  Connect-AzConnectedMachine -ResourceGroupName rg -Name $_ -Simulated -OSType Windows };"
        "New-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m1 -Name d -Location x"
        " -Publisher Microsoft.Azure.Monitoring.DependencyAgent -ExtensionType DependencyAgentWindows"
        " -EnableAutomaticUpgrade -Setting @{ k = 'v' } -Tag @{ t = 'u' }"
    )
    outcome = shell.run(
        "$c = Get-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m1 -Name d |"
        " Set-AzConnectedMachineExtension -ResourceGroupName rg -MachineName m2 -Name d;"
        "$c.MachineName, $c.MachineExtensionType, $c.EnableAutomaticUpgrade, $c.Setting.k, $c.Tags.t"
        " -join '|'"
    )
    assert outcome.only() == "m2|DependencyAgentWindows|True|v|u"


def test_update_changes_what_is_piped_and_leaves_the_rest(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -Setting @{{ keep = 1 }}")
    outcome = server.run(
        f"Get-AzConnectedMachineExtension {M} | Update-AzConnectedMachineExtension -Tag @{{ a = 'b' }} |"
        " ForEach-Object { $_.Tags.a, $_.Setting.keep -join ' ' }"
    )
    assert outcome.only() == "b 1"
    outcome = server.run(
        "$machine = Get-AzConnectedMachine -ResourceGroupName rg -Name web1;"
        "$machine | Update-AzConnectedMachineExtension -Name agent -EnableAutomaticUpgrade |"
        " ForEach-Object EnableAutomaticUpgrade"
    )
    assert outcome.only() == "True"


def test_update_never_creates(server: Shell) -> None:
    problem = server.run(f"Update-AzConnectedMachineExtension {E} -EnableAutomaticUpgrade").problem
    assert (problem.id, problem.category) == ("HCRP404,Update-AzConnectedMachineExtension", "ObjectNotFound")


def test_an_explicit_upgrade_moves_to_the_named_version(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    publish(server, tmp_path, version("2.1.0.0"))
    target = "@{ 'Contoso.Sample.Agent' = @{ targetVersion = '2.1' } }"
    assert server.run(f"Update-AzConnectedExtension {M} -ExtensionTarget {target}").output == []
    assert server.run(f"(Get-AzConnectedMachineExtension {E}).TypeHandlerVersion").only() == "2.1.0.0"
    again = f"Get-AzConnectedMachine | Update-AzConnectedExtension -ExtensionTarget {target} -PassThru"
    assert server.run(again).only() == "True"
    assert server.run(f"{again}:$false").output == []


def test_an_explicit_upgrade_takes_a_body_as_json_and_as_object(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    publish(server, tmp_path, version("1.1.0.0"))
    server.run(INSTALL)
    body = '{"extensionTargets":{"Contoso.Sample.Agent":{"targetVersion":"1.0"}}}'
    assert server.run(f"Update-AzConnectedExtension {M} -JsonString '{body}' -PassThru").only() == "True"
    assert server.run(f"(Get-AzConnectedMachineExtension {E}).TypeHandlerVersion").only() == "1.0.0.0"
    parameter = "@{ ExtensionTarget = @{ 'Contoso.Sample.Agent' = @{ targetVersion = '1.1' } } }"
    server.run(
        "Update-AzConnectedExtension -InputObject (Get-AzConnectedMachine)"
        f" -ExtensionUpgradeParameter {parameter}"
    )
    assert server.run(f"(Get-AzConnectedMachineExtension {E}).TypeHandlerVersion").only() == "1.1.0.0"
    refused = server.run(f"Update-AzConnectedExtension {M} -JsonString '{{oops'").problem
    assert refused.id == "InvalidRequestContent,Update-AzConnectedExtension"


def test_an_upgrade_names_handlers_not_extensions(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    call = f"Update-AzConnectedExtension {M} -ExtensionTarget @{{ agent = @{{ targetVersion = '1.0' }} }}"
    problem = server.run(call).problem
    assert problem.id == "HCRP404,Update-AzConnectedExtension"
    assert "Contoso.Sample.Agent" in problem.action


def test_removing_is_silent_and_repeatable(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    assert (
        server.run(f"Get-AzConnectedMachineExtension {M} | Remove-AzConnectedMachineExtension").output == []
    )
    assert server.run(f"Get-AzConnectedMachineExtension {M}").output == []
    assert server.run(f"Remove-AzConnectedMachineExtension {E} -PassThru").only() == "True"
    assert server.run(f"Remove-AzConnectedMachineExtension {E} -PassThru:$false").output == []


def test_a_pass_upgrades_rolls_back_and_tells_the_story(server: Shell, tmp_path: Path, home: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -EnableAutomaticUpgrade")
    publish(server, tmp_path, version("1.1.0.0"))
    fields = "$_.Name, $_.MachineName, $_.Reason, $_.FromVersion, $_.ToVersion -join ' '"
    outcome = server.run(f"Start-AzConnectedMachineUpgrade {M} | ForEach-Object {{ {fields} }}")
    assert outcome.only() == "agent web1 Upgraded 1.0.0.0 1.1.0.0"
    publish(server, tmp_path, version("1.2.0.0", fails=("enable",)))
    outcome = server.run(
        f"Get-AzConnectedMachine | Start-AzConnectedMachineUpgrade | ForEach-Object {{ {fields};"
        " $_.NextLook -gt [datetime]::UtcNow; $null -ne $_.OperationId }"
    )
    assert outcome.output == ["agent web1 RolledBack 1.1.0.0 1.2.0.0", "True", "True"]
    port = running_agent(state_folder(home))
    assert port is not None
    reply = get(port)
    assert reply is not None
    assert reply.version == "1.1.0.0"
    decisions = server.run(f"(Get-AzConnectedMachineUpgrade {M} -Name agent).Reason")
    assert decisions.only() == "RolledBack"
    history = server.run(
        f"Get-AzConnectedMachineUpgrade {M} -History | ForEach-Object {{"
        " $_.Operation, $_.FromVersion, $_.ToVersion, $_.Outcome -join ' ' }"
    )
    assert history.output == [
        "ChangeVersion 1.1.0.0 1.2.0.0 RolledBack",
        "ChangeVersion 1.0.0.0 1.1.0.0 Succeeded",
        "Install  1.0.0.0 Succeeded",
    ]
    steps = server.run(
        f"$o = @(Get-AzConnectedMachineUpgrade {M} -History)[0]; $o.Steps[0].Name;"
        "$o.Steps[0].PSObject.TypeNames[0]; $o.Duration.GetType().Name; $o.Initiator -like 'PowerShell: *@*';"
        "$o.Extensions -join ','"
    )
    assert steps.output == ["fetch(new)", "AzConnectedMachineLite.UpgradeStep", "TimeSpan", "True", "agent"]


def test_a_pass_with_what_if_writes_the_plan_and_changes_nothing(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -EnableAutomaticUpgrade")
    publish(server, tmp_path, version("1.1.0.0"))
    outcome = server.run(
        f"Start-AzConnectedMachineUpgrade {M} -WhatIf |"
        " ForEach-Object { $_.Reason, $_.ToVersion -join ' ' }"
    )
    assert outcome.only() == "Upgraded 1.1.0.0"
    assert server.run(f"(Get-AzConnectedMachineExtension {E}).TypeHandlerVersion").only() == "1.0.0.0"


def test_a_pending_rollback_is_resolved(server: Shell, tmp_path: Path, home: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -EnableAutomaticUpgrade")
    publish(server, tmp_path, version("1.1.0.0", fails=("enable",)))
    override(state_folder(home), "1.0.0.0", fails=["enable"])
    assert server.run(f"(Start-AzConnectedMachineUpgrade {M}).Reason").only() == "RollbackPending"
    forget_override(state_folder(home))
    assert not server.run(f"Resolve-AzConnectedMachineUpgrade {E} -Choice Back").problems
    assert server.run(f"(Start-AzConnectedMachineUpgrade {M}).Reason").only() == "RetryNotDue"
    outcome = server.run(f"@(Get-AzConnectedMachineUpgrade {M} -History)[0].Outcome")
    assert outcome.only() == "RolledBack"


def test_handlers_say_how_they_are(server: Shell, tmp_path: Path, home: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -Setting @{{ note = 'x' }}")
    end_processes(home)
    (status,) = home.rglob("status/1.status")
    part = '{"name": "disk", "status": "warning", "code": 7}'
    status.write_text(f'[{{"status": {{"status": "error", "code": -5, "substatus": [{part}]}}}}]')
    outcome = server.run(
        "$h = Get-AzConnectedMachine | Get-AzConnectedMachineHandlerStatus; $h.Time.Kind;"
        "$h.HandlerName, $h.HandlerVersion, $h.Status, $h.SequenceNumber, $h.ReportedStatus, $h.ReportedCode"
        " -join '|'; $h.Substatus[0].Name, $h.Substatus[0].Status, $h.Substatus[0].Code -join '|'"
    )
    assert outcome.output == ["Utc", "Contoso.Sample.Agent|1.0.0.0|Ready|1|error|-5", "disk|warning|7"]


def test_there_must_be_something_to_resolve(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    problem = server.run(f"Resolve-AzConnectedMachineUpgrade {E} -Choice Stop").problem
    assert problem.id == "NoRollbackPending,Resolve-AzConnectedMachineUpgrade"


def test_policy_says_where_each_value_comes_from(shell: Shell) -> None:
    shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated")
    outcome = shell.run(
        f"$p = Set-AzConnectedMachineUpgradePolicy {M} -HealthWindow 00:10:00 -RetryInterval 1.00:00:00;"
        "$p.HealthWindow.TotalMinutes, $p.Source.HealthWindow, $p.StableFor.TotalSeconds, $p.Source.StableFor"
    )
    assert outcome.output == ["10", "machine", "30", "arc-2021 preset"]
    outcome = shell.run(
        f"$p = Set-AzConnectedMachineUpgradePolicy {M} -HealthWindow $null -Preset arc-2025;"
        "$p.Source.HealthWindow, $p.RetryInterval.TotalDays, $p.Preset"
    )
    assert outcome.output == ["arc-2025 preset", "1", "arc-2025"]
    outcome = shell.run(f"(Set-AzConnectedMachineUpgradePolicy {M} -Preset $null).Preset")
    assert outcome.only() == "arc-2021"
    outcome = shell.run(
        f"$p = Set-AzConnectedMachineUpgradePolicy {M} -EnableTimeout 00:20:00 -UninstallTimeout 00:01:00;"
        "$p.EnableTimeout.TotalMinutes, $p.UninstallTimeout.TotalMinutes, $p.InstallTimeout.TotalMinutes"
    )
    assert outcome.output == ["20", "1", "15"]


def test_an_extensions_policy_comes_before_the_machines(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    server.run(f"Set-AzConnectedMachineUpgradePolicy {E} -ManualHealthWindow 00:00:07")
    outcome = server.run(
        f"Get-AzConnectedMachineUpgradePolicy {E} | ForEach-Object {{"
        " $_.ManualHealthWindow.TotalSeconds, $_.Source.ManualHealthWindow, $_.Source.HealthWindow }"
    )
    assert outcome.output == ["7", "extension", "machine"]


@pytest.mark.parametrize(
    ("given", "kind", "target"),
    [
        ("-Command 'systemctl', 'is-active', 'a b'", "Command", "systemctl is-active a b"),
        ("-Tcp localhost:5432", "Tcp", "localhost:5432"),
        ("-Http http://localhost:8080/health", "Http", "http://localhost:8080/health"),
        ("-ProcessName nginx", "Process", "nginx"),
        ("-ServiceName nginx", "Service", "nginx"),
    ],
)
def test_a_probe_of_each_kind_is_added_read_and_removed(
    shared_shell: Shell, given: str, kind: str, target: str
) -> None:
    shared_shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated")
    added = shared_shell.run(
        f"$p = Add-AzConnectedMachineHealthProbe {M} -Name p {given} -Interval 00:00:10 -Timeout 00:00:02;"
        "$p.Kind, $p.Target, $p.Interval.TotalSeconds, $p.Timeout.TotalSeconds -join '|'"
    )
    assert added.only() == f"{kind}|{target}|10|2"
    assert shared_shell.run(f"(Get-AzConnectedMachineHealthProbe {M} -Name p).Kind").only() == kind
    removed = f"Get-AzConnectedMachineHealthProbe {M} | Remove-AzConnectedMachineHealthProbe -PassThru"
    assert shared_shell.run(removed).only() == "True"
    assert shared_shell.run(f"Get-AzConnectedMachineHealthProbe {M}").output == []


def test_a_probe_is_of_one_kind(shared_shell: Shell) -> None:
    call = f"Add-AzConnectedMachineHealthProbe {M} -Name p -Tcp a:1 -ProcessName b"
    assert shared_shell.run(call).problem.id == "AmbiguousParameterSet,Add-AzConnectedMachineHealthProbe"


def test_a_hold_keeps_a_version_away_until_it_is_removed(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -EnableAutomaticUpgrade")
    publish(server, tmp_path, version("1.10.0.0"))
    added = server.run(
        f"$h = Get-AzConnectedMachineExtension {M} | Add-AzConnectedMachineUpgradeHold -Version 1.10"
        " -Reason 'breaks the proxy' -Until ([datetime]::UtcNow.AddDays(1));"
        "$h.Name, $h.Version, $h.Reason -join '|'"
    )
    assert added.only() == "agent|1.10|breaks the proxy"
    assert server.run(f"(Start-AzConnectedMachineUpgrade {M}).Reason").only() == "Held"
    removed = server.run(
        f"Get-AzConnectedMachineUpgradeHold {E} | Remove-AzConnectedMachineUpgradeHold -PassThru"
    )
    assert removed.only() == "True"
    assert server.run(f"(Start-AzConnectedMachineUpgrade {M}).Reason").only() == "Upgraded"


def test_a_hold_on_the_extension_needs_no_version(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    assert server.run(f"$null -eq (Add-AzConnectedMachineUpgradeHold {E}).Version").only() == "True"
    assert server.run(f"@(Get-AzConnectedMachineUpgradeHold {M}).Count").only() == "1"
    server.run(f"Remove-AzConnectedMachineUpgradeHold {E}")
    assert server.run(f"@(Get-AzConnectedMachineUpgradeHold {M}).Count").only() == "0"
    server.run(f"$null = Add-AzConnectedMachineUpgradeHold {E} -Version '2'")
    assert server.run(f"(Get-AzConnectedMachineUpgradeHold {M}).Expired").only() == "False"
    assert server.run(f"Remove-AzConnectedMachineUpgradeHold {M} -All -PassThru").only() == "True"
    assert server.run(f"@(Get-AzConnectedMachineUpgradeHold {M}).Count").only() == "0"


def test_a_pin_keeps_other_versions_away_whoever_asks_until_it_is_removed(
    server: Shell, tmp_path: Path
) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(f"{INSTALL} -EnableAutomaticUpgrade")
    publish(server, tmp_path, version("1.10.0.0"))
    preview = server.run(f"Add-AzConnectedMachineUpgradePin {E} -Version '1.0' -WhatIf")
    assert preview.output == []
    added = server.run(
        f"$p = Get-AzConnectedMachineExtension {M} | Add-AzConnectedMachineUpgradePin -Version '1.0'"
        " -Reason 'as tested'; $p.Name, $p.Kind, $p.Version, $p.Reason -join '|'"
    )
    assert added.only() == "agent|Prefix|1.0|as tested"
    assert server.run(f"(Start-AzConnectedMachineUpgrade {M}).Reason").only() == "Pinned"
    refused = server.run(f"Update-AzConnectedMachineExtension {E} -TypeHandlerVersion '1.10'").problem
    assert refused.id == "VersionPinned,Update-AzConnectedMachineExtension"
    assert "Remove-AzConnectedMachineUpgradePin" in refused.action
    table = server.run(f"Get-AzConnectedMachineUpgradePin {M} | Format-Table | Out-String -Width 120").only()
    assert "Prefix" in table
    removed = server.run(
        f"Get-AzConnectedMachineUpgradePin {M} | Remove-AzConnectedMachineUpgradePin -PassThru"
    )
    assert removed.only() == "True"
    assert server.run(f"(Start-AzConnectedMachineUpgrade {M} -Name agent -Retry).Reason").only() == "Upgraded"


def test_every_value_of_a_policy_is_set_and_taken_back(shared_shell: Shell) -> None:
    shared_shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated")
    policy = shared_shell.run(
        f"$p = Set-AzConnectedMachineUpgradePolicy {M} -RetryGrowth 2 -RetryLongest 1.00:00:00 -RetryLimit 5"
        " -RetryFor 9.00:00:00 -RetryJitter 0.5 -SampleInterval 00:00:02 -RollbackPause 00:00:03"
        " -EnrolByDefault $true;"
        "$p.RetryGrowth, $p.RetryLongest, $p.RetryLimit, $p.RetryFor, $p.RetryJitter, $p.SampleInterval,"
        "$p.RollbackPause, $p.EnrolByDefault, $p.Source.RetryLimit -join '|'"
    )
    assert policy.only() == "2|1.00:00:00|5|9.00:00:00|0.5|00:00:02|00:00:03|True|machine"
    back = shared_shell.run(
        f"$p = Set-AzConnectedMachineUpgradePolicy {M} -RetryGrowth $null -RetryLongest $null"
        " -RetryLimit $null -RetryFor $null -RetryJitter $null -SampleInterval $null"
        " -RollbackPause $null -EnrolByDefault $null;"
        "@($p.Source.PSObject.Properties.Value | Select-Object -Unique) -join '|'"
    )
    assert back.only() == "arc-2021 preset"


def test_a_version_waits_for_a_maintenance_window_unless_it_is_told_not_to(
    server: Shell, tmp_path: Path
) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    publish(server, tmp_path, version("1.10.0.0"))
    added = server.run(
        "$day = [datetime]::UtcNow.AddDays(3).DayOfWeek;"
        f"$w = Add-AzConnectedMachineMaintenanceWindow {M} -WindowName nights -TimeZone Europe/Berlin"
        " -Start 12:00 -Duration 01:00:00 -Day $day -Blackout 2020-01-01;"
        "$w.WindowName, $w.IsOpen, $w.Day[0], $w.Duration.TotalHours, $w.NextOpening.DayOfWeek -join '|'"
    )
    name, is_open, day, hours, opens_on = added.only().split("|")
    assert (name, is_open, hours, day) == ("nights", "False", "1", opens_on)
    waits = server.run(
        f"(Update-AzConnectedMachineExtension {E} -TypeHandlerVersion '1.10').TypeHandlerVersion"
    )
    assert waits.only() == "1.0.0.0"
    assert any("maintenance window opens at" in warning for warning in waits.warnings)
    moved = server.run(f"(Update-AzConnectedMachineExtension {E} -IgnoreWindow).TypeHandlerVersion")
    assert moved.only() == "1.10.0.0"
    server.run(f"Get-AzConnectedMachineMaintenanceWindow {M} | Remove-AzConnectedMachineMaintenanceWindow")
    assert server.run(f"@(Get-AzConnectedMachineMaintenanceWindow {M}).Count").only() == "0"


def test_packages_are_published_into_galleries_and_withdrawn(shell: Shell, tmp_path: Path) -> None:
    package = build(tmp_path, version("1.10.0.0"))
    added = shell.run(
        f"Set-Location '{tmp_path}'; (Add-AzConnectedMachineGallery -Name team -Path ./team).Path;"
        "(Get-AzConnectedMachineGallery).Name -join ' '"
    )
    assert added.output == [str(tmp_path / "team"), "default team"]
    image = shell.run(
        f"Set-Location '{tmp_path}';"
        f"$i = Publish-AzConnectedExtensionPackage -Path ./{package.name} {AGENT_IS} -Version 1.10"
        f" -OperatingSystem {OS} -Architecture x64 -GalleryName team;"
        "$i.Version, $i.GalleryName, $i.Architecture, $i.Withdrawn, $i.Sha256.Length, $i.Length -join '|'"
    )
    assert image.only() == f"1.10.0.0|team|x64|False|64|{package.stat().st_size}"
    withdrawn = (
        f"(Unpublish-AzConnectedExtensionPackage {AGENT_IS} -Version 1.10 -GalleryName team).Withdrawn"
    )
    assert shell.run(withdrawn).only() == "True"
    assert (
        shell.run("Get-AzConnectedMachineGallery -Name team | Remove-AzConnectedMachineGallery").output == []
    )
    problem = shell.run("Get-AzConnectedMachineGallery -Name team").problem
    assert problem.category == "ObjectNotFound"


def test_a_protected_setting_reaches_nobody_but_the_handler(
    server: Shell, tmp_path: Path, home: Path
) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    secret = "correct-horse-battery"
    outcome = server.run(
        f"$s = ConvertTo-SecureString '{secret}' -AsPlainText -Force;"
        f"$e = {INSTALL} -ProtectedSetting @{{ key = $s }} -Verbose 4>&1; $e | Out-String"
    )
    assert not outcome.problems
    assert secret not in "".join(outcome.output)
    stored = [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert stored == []
    refused = server.run(
        f"$s = ConvertTo-SecureString '{secret}' -AsPlainText -Force; {INSTALL} -Setting @{{ key = $s }}"
    ).problem
    assert refused.id == "InvalidRequestContent,Set-AzConnectedMachineExtension"
    assert secret not in refused.message + refused.target


def test_settings_come_back_as_they_were_given(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    outcome = server.run(
        f"$text = 'x' * 1MB; $e = {INSTALL} -Setting @{{ long = $text; date = '2026-01-02T03:04:05Z';"
        " one = @(1); deep = @{ a = @{ b = @{ c = @(, @(1)) } } }; big = 9007199254740993;"
        " word = -join [char[]] @(233, 20013, 55357, 56832) };"
        "$s = $e.Setting; $s.long -ceq $text; $s.date;"
        "$s.one.GetType().Name; $s.deep.a.b.c[0].GetType().Name;"
        '$s.big; -join ([int[]] [char[]] $s.word | ForEach-Object { "$_ " })'
    )
    assert outcome.output == [
        "True",
        "2026-01-02T03:04:05Z",
        "Object[]",
        "Object[]",
        "9007199254740993",
        "233 20013 55357 56832 ",
    ]


def test_a_request_over_the_limit_is_refused(server: Shell) -> None:
    outcome = server.run(f"{INSTALL} -Setting @{{ long = 'x' * (17MB) }}")
    assert outcome.problem.id == "RequestTooLarge,Set-AzConnectedMachineExtension"
    assert not server.run("Get-AzConnectedMachine").problems


def test_half_a_surrogate_pair_is_refused(server: Shell) -> None:
    problem = server.run(f"{INSTALL} -Setting @{{ a = [string] [char] 0xD83D }}").problem
    assert problem.id == "InvalidRequestContent,Set-AzConnectedMachineExtension"


def test_what_if_says_machine_extension_and_version_and_changes_nothing(
    server: Shell, tmp_path: Path
) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    said = server.run(
        f"$VerbosePreference = 'SilentlyContinue'; {INSTALL} -WhatIf; "
        f"{INSTALL} -Confirm:$false -Verbose 4>&1 |"
        " Where-Object { $_ -is [Management.Automation.VerboseRecord] }"
    )
    (asked,) = (line for line in said.output if "agent" in line)
    assert "web1" in asked
    assert "1.0.0.0" in asked
    assert server.run(f"Remove-AzConnectedMachineExtension {E} -WhatIf").problems == []
    assert server.run(f"(Get-AzConnectedMachineExtension {E}).Name").only() == "agent"


def test_what_if_of_what_would_be_refused_is_refused(server: Shell) -> None:
    problem = server.run(f"{INSTALL} -WhatIf").problem
    assert problem.id == "ResourceNotFound,Set-AzConnectedMachineExtension"


@pytest.mark.parametrize(
    ("call", "id_", "category", "target"),
    [
        (
            "Get-AzConnectedMachineExtension -ResourceGroupName rg -MachineName nope -Name x",
            "ResourceNotFound,Get-AzConnectedMachineExtension",
            "ObjectNotFound",
            "x",
        ),
        (
            f"Get-AzConnectedMachineExtension {M} -Name nope",
            "HCRP404,Get-AzConnectedMachineExtension",
            "ObjectNotFound",
            "nope",
        ),
        (
            "Connect-AzConnectedMachine -ResourceGroupName rg -Name 'a b' -Simulated",
            "InvalidName,Connect-AzConnectedMachine",
            "InvalidArgument",
            "a b",
        ),
        (
            f"{DEPENDENCY_AGENT} -TypeHandlerVersion 'one'",
            "InvalidVersion,Set-AzConnectedMachineExtension",
            "InvalidArgument",
            "agent",
        ),
        (
            "@{ Id = '/subscriptions/x' } | Remove-AzConnectedMachineExtension",
            "InvalidIdentity,Remove-AzConnectedMachineExtension",
            "InvalidArgument",
            "System.Collections.Hashtable",
        ),
        (
            f"Publish-AzConnectedExtensionPackage {AGENT_IS} -Path /no/such.zip -Version 1.0"
            f" -OperatingSystem {OS}",
            "ResourceNotFound,Publish-AzConnectedExtensionPackage",
            "ObjectNotFound",
            "/no/such.zip",
        ),
    ],
)
def test_an_error_has_a_stable_id_a_category_and_its_item(
    shared_shell: Shell, call: str, id_: str, category: str, target: str
) -> None:
    shared_shell.run("Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated")
    problem = shared_shell.run(call).problem
    assert (problem.id, problem.category, problem.target) == (id_, category, target)
    assert problem.action


def test_one_bad_item_does_not_keep_the_others(shared_shell: Shell) -> None:
    outcome = shared_shell.run(
        "Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Simulated | Out-Null;"
        "'nope', 'web1' |"
        " ForEach-Object { Get-AzConnectedMachine -ResourceGroupName rg -Name $_ } | ForEach-Object Name"
    )
    assert outcome.output == ["web1"]
    assert len(outcome.problems) == 1


def test_a_piped_identity_may_be_a_hashtable(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, version("1.0.0.0"))
    server.run(INSTALL)
    parts = "@{ ResourceGroupName = 'rg'; MachineName = 'web1'; ExtensionName = 'agent' }"
    assert (
        server.run(f"({parts} | Update-AzConnectedMachineExtension -Tag @{{ a = 1 }}).Tags.a").only() == "1"
    )
    assert server.run(f"{parts} | Remove-AzConnectedMachineExtension -PassThru").only() == "True"


def test_a_configuration_is_changed_shown_and_taken_back(server: Shell) -> None:
    script = (
        f"$c = Set-AzConnectedMachineConfiguration {M} -AllowList A/B, 'C/D@1.10' -ExtensionsEnabled $false;"
        "$c.AllowList -join ' '; $c.ExtensionsEnabled; $c.BlockList.Count;"
        f"$null = Set-AzConnectedMachineConfiguration {M} -AllowList $null -ExtensionsEnabled $null;"
        f"$c = Get-AzConnectedMachineConfiguration {M}; $c.AllowList.Count; $c.ExtensionsEnabled; $c.Mode"
    )
    outcome = server.run(script)
    assert not outcome.problems
    assert outcome.output == ["A/B C/D@1.10", "False", "0", "0", "True", "full"]


def test_a_single_entry_is_a_list_too_and_none_is_an_empty_one(server: Shell) -> None:
    set_it = f"(Set-AzConnectedMachineConfiguration {M} -BlockList {{}}).BlockList -join ' '"
    assert server.run(set_it.format("A/B")).only() == "A/B"
    assert server.run(set_it.format("@()")).only() == ""


def test_what_is_not_admitted_is_an_error_with_the_rule(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, AGENT)
    server.run(f"Set-AzConnectedMachineConfiguration {M} -BlockList Contoso.Sample/Agent")
    problem = server.run(INSTALL).problem
    assert problem.id == "ExtensionNotAllowed,Set-AzConnectedMachineExtension"
    assert problem.category == "PermissionDenied"
    assert "extensions.blocklist" in problem.message


def test_a_configuration_can_be_taken_from_a_policy_file(server: Shell, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"policyVersion": "0.1", "extensionPolicies": {"allowListedExtensionsOnly": true}}')
    call = f"Set-AzConnectedMachineConfiguration {M} -PolicyFilePath '{file}'"
    assert server.run(f"({call}).AllowList -join ' '").only() == "Allow/None"
    file.write_text('{"policyVersion": "0.1", "extensionPolicies": {"signatureRequired": true}}')
    assert server.run(call).problem.id == "PolicyNotSupported,Set-AzConnectedMachineConfiguration"


def test_what_an_extension_is_provisioned_after_is_set_and_shown(server: Shell, tmp_path: Path) -> None:
    publish(server, tmp_path, AGENT)
    outcome = server.run(f"({INSTALL} -ProvisionAfterExtension base).ProvisionAfterExtension -join ' '")
    assert outcome.only() == "base"
    outcome = server.run(
        f"(Update-AzConnectedMachineExtension {E} -ProvisionAfterExtension @()).TypeHandlerVersion"
    )
    assert outcome.only() == AGENT.version
