"""Every frame that the module and the real backend exchange is what the schemas say, both ways."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import connectedmachine
from agent.crontab import played_crontab
from connectedmachine.frontends.rpc_methods import METHODS
from packages import AGENT, build, end_processes, forget_override, override
from powershell.conftest import Run
from powershell.engine import wait_until

SCHEMAS = Path(connectedmachine.__file__).with_name("schemas") / "rpc"
REGISTRY = Registry().with_resources(
    (path.name, Resource.from_contents(json.loads(path.read_text(encoding="utf-8"))))
    for path in SCHEMAS.iterdir()
)
WITHOUT_A_CMDLET = {"image.list", "eventSink.test"}
Frame = dict[str, object]

M = "-ResourceGroupName rg -MachineName web1"
E = f"{M} -Name agent"
BEFORE = f"""
Connect-AzConnectedMachine -ResourceGroupName rg -Name web1 -Location local -Tag @{{ a = 'b' }}
Get-AzConnectedMachine
Get-AzConnectedMachine -ResourceGroupName rg -Name web1
Update-AzConnectedMachine -ResourceGroupName rg -Name web1 -LocationDataName here -Kind x -IdentityType y
Set-AzConnectedMachineUpgradePolicy {M} -HealthWindow 00:00:01 -StableFor 00:00:00.2 -HealthyFor $null
Get-AzConnectedMachineUpgradePolicy {M}
Add-AzConnectedMachineGallery -Name team -Path ./team
Get-AzConnectedMachineGallery
Remove-AzConnectedMachineGallery -Name team
Add-AzConnectedMachineHealthProbe {M} -Name p -Command echo, hi -Interval 00:00:01
"""
BETWEEN = f"""
$new = @{{ Publisher = 'Contoso.Sample'; ExtensionType = 'Agent' }}
New-AzConnectedMachineExtension {E} -Location local @new -Setting @{{ a = 1 }} -Tag @{{ a = 'b' }}
Set-AzConnectedMachineExtension {E} -Location local -ForceRerun again -WhatIf
Set-AzConnectedMachineExtension {E} -Location local -ForceRerun again
Update-AzConnectedMachineExtension {E} -EnableAutomaticUpgrade $true
Get-AzConnectedMachineExtension {E}
Get-AzConnectedMachineExtension {M}
Get-AzConnectedExtensionPublisher -Location local
Get-AzConnectedExtensionType -Location local -Publisher Contoso.Sample
Get-AzConnectedExtensionMetadata -Location local @new
Get-AzConnectedExtensionMetadataV2 -Location local @new -Version '1.0'
Reset-AzConnectedMachineExtension {E}
Add-AzConnectedMachineUpgradeHold {E} -Version '7.0' -Until ([datetime]::UtcNow.AddDays(1)) -Reason why
Get-AzConnectedMachineUpgradeHold {M}
Remove-AzConnectedMachineUpgradeHold {E} -Version '7.0'
Remove-AzConnectedMachineUpgradeHold {M} -All
Add-AzConnectedMachineUpgradePin {E} -Version '7.0' -Block -Reason why
Get-AzConnectedMachineUpgradePin {M}
Remove-AzConnectedMachineUpgradePin {E} -Version '7.0'
Set-AzConnectedMachineUpgradePolicy {M} -RetryGrowth 2 -RetryLimit 3 -RetryJitter $null -EnrolByDefault $false
$window = @{{ WindowName = 'w'; TimeZone = 'UTC'; Start = '00:00'; Duration = '7.00:00:00' }}
Add-AzConnectedMachineMaintenanceWindow {M} @window -Day Monday -Week Last -Blackout 2020-01-01 -Spread 1:00
Get-AzConnectedMachineMaintenanceWindow {M}
Update-AzConnectedMachineExtension {E} -ForceRerun twice -IgnoreWindow
Remove-AzConnectedMachineMaintenanceWindow {M} -WindowName w
Test-AzConnectedExtensionPackage -Path ./none.zip -Confirm:$false -ErrorAction SilentlyContinue
Get-AzConnectedMachineHandlerStatus {M}
Get-AzConnectedMachineConfiguration {M}
Set-AzConnectedMachineConfiguration {M} -BlockList Contoso.Sample/Agent@7.0
$policy = '{{"policyVersion": "0.1.0", "extensionPolicies": {{"allowListedExtensionsOnly": false}}}}'
Set-Content policy.json $policy
Set-AzConnectedMachineConfiguration {M} -PolicyFilePath ./policy.json
"""
SCHEDULE = f"""
Register-AzConnectedMachineUpgradeTask -At 3:30 {"" if sys.platform == "win32" else "-Scheduler Cron"}
Get-AzConnectedMachineUpgradeTask
Unregister-AzConnectedMachineUpgradeTask
$secret = ConvertTo-SecureString word -AsPlainText -Force
Add-AzConnectedMachineEventSink {M} -Name ops -Webhook http://localhost:1/x -Secret $secret -Timeout 00:00:01
Get-AzConnectedMachineEventSink
Get-AzConnectedMachineEventSink | Remove-AzConnectedMachineEventSink
"""
AFTER = f"""
Start-AzConnectedMachineUpgrade {M} -Retry -WhatIf
Start-AzConnectedMachineUpgrade {M} -Retry
Get-AzConnectedMachineUpgrade {M}
Get-AzConnectedMachineUpgrade {E}
Get-AzConnectedMachineUpgrade {E} -At '2020-01-01'
(Get-AzConnectedMachineUpgrade {M} -Plan).Json | Set-Content plan.json
Start-AzConnectedMachineUpgrade -PlanPath ./plan.json
"""
END = f"""
Resolve-AzConnectedMachineUpgrade {E} -Choice Back
Start-AzConnectedMachineUpgrade {M}
Get-AzConnectedMachineUpgrade {M} -History
Get-AzConnectedMachineHealthProbe {M}
Remove-AzConnectedMachineHealthProbe {M} -Name p
$target = @{{ 'Contoso.Sample.Agent' = @{{ targetVersion = '1.1' }} }}
Update-AzConnectedExtension {M} -ExtensionTarget $target -ErrorAction SilentlyContinue
Remove-AzConnectedMachineExtension {E} -WhatIf
Remove-AzConnectedMachineExtension {E}
Unpublish-AzConnectedExtensionPackage -Publisher Contoso.Sample -ExtensionType Agent -Version '1.1.0.0'
Get-AzConnectedMachineExtension {E} -ErrorAction SilentlyContinue
Remove-AzConnectedMachine -ResourceGroupName rg -Name web1
"""


def publish(folder: Path, version: str, **behaviour: object) -> str:
    spec = replace(AGENT, version=version, resets=True, **behaviour)  # type: ignore[arg-type]
    return (
        f"Publish-AzConnectedExtensionPackage -Path '{build(folder, spec)}' -Publisher Contoso.Sample"
        f" -ExtensionType Agent -Version '{version}' -OperatingSystem {AGENT.os.capitalize()}"
        " -Architecture any -SupportsAutomaticUpgrade\n"
    )


def frames(path: Path) -> list[Frame]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def check(instance: object, reference: str) -> None:
    validator = Draft202012Validator({"$ref": reference}, registry=REGISTRY)
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]
    assert not problems, (reference, instance, problems)


def test_every_frame_of_every_method_is_as_its_schema_says(
    run: Run, unwell: Callable[[str], Path], tmp_path: Path, home: Path
) -> None:
    notes = unwell("record")
    scheduler = {} if sys.platform == "win32" else {"PATH": played_crontab(tmp_path)[1]}
    try:
        begun = run(BEFORE + publish(tmp_path, "1.0.0.0") + BETWEEN)
        assert begun.err == ""
        (state,) = home.rglob("Contoso.Sample.Agent-data")
        override(state, "1.0.0.0", fails=["enable"])
        upgraded = run(publish(tmp_path, "1.1.0.0", fails=("enable",)) + AFTER)
        assert upgraded.err == ""
        forget_override(state)
        ended = run(SCHEDULE + END, **scheduler)
        assert ended.err == ""
    finally:
        end_processes(home)
    sent, received = frames(notes / "in"), frames(notes / "out")
    # The ids of each of the three backends begin anew; nothing was asked twice at once.
    assert {str(frame["method"]) for frame in sent} == set(METHODS) - WITHOUT_A_CMDLET
    kinds = set()
    answers = iter(frame for frame in received if "id" in frame)
    for request in sent:
        check(request, "frames.json#/$defs/request")
        check(request["params"], f"{request['method']}.json#/properties/params")
        answer = next(answers)
        assert answer["id"] == request["id"]
        kind = "error" if "error" in answer else "result"
        kinds.add(kind)
        check(answer, f"frames.json#/$defs/{kind}")
        if kind == "result":
            check(answer["result"], f"{request['method']}.json#/properties/result")
    for frame in received:
        if "id" not in frame:
            kinds.add(str(frame["method"]))
            check(frame, f"frames.json#/$defs/{frame['method']}")
    assert kinds == {"hello", "progress", "log", "result", "error"}


def test_the_frame_that_cancels_is_as_its_schema_says(
    unwell: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    notes = unwell("never_done")
    shell = request.getfixturevalue("shell")
    pipeline = shell.start("Get-AzConnectedMachine")
    pipeline.BeginInvoke()
    wait_until((notes / "begun").exists)
    pipeline.Stop()
    wait_until((notes / "cancelled").exists)
    (frame,) = frames(notes / "cancels")
    check(frame, "frames.json#/$defs/cancel")
