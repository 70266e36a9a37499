"""One scenario through PowerShell, the command line and REST: what is stored and refused is the same."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.frontends.cli import main
from connectedmachine.service import Service
from connectedmachine.service.views import Json
from connectedmachine.store import Store
from powershell.conftest import environment_for, open_shell
from powershell.engine import Shell
from rest_arm.support import MACHINE, Arm, application, client_of
from service.support import RG, SAMPLE, Desk, Heard, QuickService, at, values


@dataclass(frozen=True)
class Step:
    """One request. ``properties`` by their names in Azure; ``expected`` is the code it is refused with."""

    verb: str
    name: str
    properties: dict[str, object] = field(default_factory=dict)
    expected: str = ""


AGENT: dict[str, object] = {"publisher": SAMPLE, "type": "Agent"}
SCENARIO = [
    Step("put", "agent", {**AGENT, "typeHandlerVersion": "1.0", "settings": {"n": 1.5, "text": "a\"b"},
                          "enableAutomaticUpgrade": True, "protectedSettings": {"key": "s3cret"}}),
    Step("put", "agent", {**AGENT, "typeHandlerVersion": "1.0"}),
    Step("patch", "agent", {"settings": {"n": 2}}),
    Step("patch", "agent", {"enableAutomaticUpgrade": False, "forceUpdateTag": "again"}),
    Step("patch", "none", {"enableAutomaticUpgrade": True}, "HCRP404"),
    Step("put", "agent", {**AGENT, "typeHandlerVersion": "9"}, "ResourceNotFound"),
    Step("put", "agent", {**AGENT, "type": "Other"}, "PropertyChangeNotAllowed"),
    Step("put", "second", dict(AGENT), "HCRP409"),
    Step("put", "odd name", dict(AGENT), "InvalidName"),
    Step("put", "other", {"publisher": "Nobody", "type": "Nothing"}, "ResourceNotFound"),
    Step("upgrade", "", {f"{SAMPLE}.Nothing": "1.1"}, "HCRP404"),
    Step("upgrade", "", {f"{SAMPLE}.Agent": "1.1"}),
    Step("put", "spare", {"publisher": SAMPLE, "type": "Spare"}),
    Step("remove", "spare"),
    Step("remove", "spare"),
    Step("patch", "agent", {"settings": None, "protectedSettings": None}),
]  # fmt: skip

Ask = Callable[[Step], str]
"""Asks for a step; returns the code of the refusal, if it is one."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root with a simulated machine and the packages of the scenario, to be copied."""
    root = tmp_path_factory.mktemp("prepared")
    store = Store.open(root / "home")
    desk = Desk(QuickService(store, SystemClock()), root / "zips")
    desk.service.machine_connect(
        resource_group=RG, name="m1", simulated=True, os_type="Linux", follow=Heard()
    )
    desk.publish("Agent", "1.0", "1.1")
    desk.publish("Other", "1.0")
    desk.publish("Spare", "1.0")
    store.close()
    return root / "home"


def by_rest(arm: Arm, step: Step) -> str:
    url, body = f"{MACHINE}/extensions/{step.name}", {"properties": step.properties}
    if step.verb == "upgrade":
        targets = {key: {"targetVersion": version} for key, version in step.properties.items()}
        answer = arm.ask("POST", f"{MACHINE}/upgradeExtensions", {"extensionTargets": targets})
    elif step.verb == "remove":
        answer = arm.ask("DELETE", url)
    else:
        answer = arm.ask(step.verb.upper(), url, body)
    if answer.status_code >= 400:
        return str(answer.json()["error"]["code"])
    if answer.status_code == 204:
        return ""
    document = arm.status(answer)
    while document["status"] in ("Queued", "InProgress"):
        time.sleep(0.05)
        document = arm.status(answer)
    return "" if document["status"] == "Succeeded" else str(document["error"])


OPTIONS = {
    "publisher": "--publisher",
    "type": "--type",
    "typeHandlerVersion": "--type-handler-version",
    "settings": "--settings",
    "protectedSettings": "--protected-settings",
    "forceUpdateTag": "--force-update-tag",
    "enableAutomaticUpgrade": "--enable-automatic-upgrade",
}


def by_command(capsys: pytest.CaptureFixture[str], step: Step) -> str:
    if step.verb == "upgrade":
        targets = {key: {"targetVersion": version} for key, version in step.properties.items()}
        words = ["upgrade-extension", "--extension-targets", json.dumps(targets)]
    else:
        verb = {"put": "create", "patch": "update", "remove": "delete"}[step.verb]
        words = ["extension", verb, "-n", step.name, *(["--yes"] if verb == "delete" else [])]
        for name, value in step.properties.items():
            words += [OPTIONS[name], value if isinstance(value, str) else json.dumps(value)]
    code = main([*words, "-g", RG, "--machine-name", "m1"])
    said = capsys.readouterr().err
    refused = re.search(r"ERROR: \((\w+)\)", said)
    assert (code == 0) == (refused is None), said
    return refused[1] if refused else ""


PARAMETERS = {
    "publisher": "Publisher",
    "typeHandlerVersion": "TypeHandlerVersion",
    "settings": "Setting",
    "protectedSettings": "ProtectedSetting",
    "forceUpdateTag": "ForceRerun",
}


def by_cmdlet(shell: Shell, step: Step) -> str:
    where = f"-ResourceGroupName {RG} -MachineName m1"
    if step.verb == "upgrade":
        targets = "; ".join(f"'{key}' = @{{ targetVersion = '{v}' }}" for key, v in step.properties.items())
        script = f"Update-AzConnectedExtension {where} -ExtensionTarget @{{ {targets} }}"
    elif step.verb == "remove":
        script = f"Remove-AzConnectedMachineExtension {where} -Name '{step.name}'"
    else:
        cmdlet = (
            "Set-AzConnectedMachineExtension" if step.verb == "put" else "Update-AzConnectedMachineExtension"
        )
        script = f"{cmdlet} {where} -Name '{step.name}'"
        script += " -Location local" if step.verb == "put" else ""
        for name, value in step.properties.items():
            if name == "enableAutomaticUpgrade":
                script += f" -EnableAutomaticUpgrade:${str(value).lower()}"
            elif name == "type":
                script += f" -{'ExtensionType' if step.verb == 'put' else 'Type'} '{value}'"
            else:
                script += f" -{PARAMETERS[name]} {_literal(value)}"
    problems = shell.run(script + " -WarningAction SilentlyContinue").problems
    return problems[0].id.split(",")[0] if problems else ""


def _literal(value: object) -> str:
    if value is None:
        return "$null"
    if isinstance(value, dict):
        return "@{ " + "; ".join(f"{key} = {_literal(inner)}" for key, inner in value.items()) + " }"
    return f"'{value}'" if isinstance(value, str) else str(value)


Left = tuple[list[str], list[Json], list[tuple[object, ...]]]
"""What is left of the scenario: refusals, resources, history; without times, ids and who asked."""


def outcome(home: Path, codes: list[str]) -> Left:
    store = Store.open(home)
    service = Service(store, SystemClock())
    extensions = values(service.extension_list(resource_group=RG, machine="m1"))
    history = values(service.upgrade_history(resource_group=RG, machine="m1"))
    store.close()
    told = json.dumps(extensions)
    steps: list[tuple[object, ...]] = [
        (o["name"], o["operation"], o["fromVersion"], o["toVersion"], o["outcome"]) for o in history
    ]
    return codes, json.loads(re.sub(r'"(time|createdAt|lastModifiedAt)": "[^"]*"', r'"\1": ""', told)), steps


@pytest.fixture
def homes(prepared: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the prepared state root for each front end."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(prepared, tmp_path / name / "home"))

    return copy


def test_every_front_end_stores_and_refuses_the_same(
    homes: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AZCMLITE_SUBSCRIPTION", raising=False)

    def through(home: Path, ask: Ask) -> Left:
        return outcome(home, [ask(step) for step in SCENARIO])

    home = homes("rest")
    with client_of(application(home)) as client:
        arm = Arm(client)
        rest = through(home, lambda step: by_rest(arm, step))
    home = homes("cli")
    monkeypatch.setenv("AZCMLITE_HOME", str(home))
    command = through(home, lambda step: by_command(capsys, step))
    home = homes("powershell")
    with open_shell(environment_for(home)) as shell:
        cmdlet = through(home, lambda step: by_cmdlet(shell, step))

    assert rest == command == cmdlet
    codes, [agent], history = rest
    assert codes == [step.expected for step in SCENARIO]
    assert at(agent, "properties.typeHandlerVersion") == "1.1.0.0"
    assert len(history) == 7
