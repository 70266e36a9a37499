"""Commands that describe and forget machines, and that say what can be put on one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectedmachine.frontends.cli import main

MACHINE = ("-g", "rg", "--name", "m1")
LOCAL = ("-l", "local")


@pytest.fixture(autouse=True)
def _connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AZCMLITE_HOME", str(tmp_path / "home"))
    assert main(["connect", *MACHINE, "--simulated"]) == 0
    capsys.readouterr()


def test_a_machine_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    place = '{"name": "Redmond"}'

    assert main(["update", *MACHINE, "--tags", "a=b", "--location-data", place, "--kind", "AWS"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert (shown["tags"], shown["locationData"], shown["kind"]) == ({"a": "b"}, {"name": "Redmond"}, "AWS")


def test_what_has_no_effect_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", *MACHINE, "--os-profile", '{"linuxConfiguration": {}}']) == 0

    assert "'osProfile' is kept and shown; it has no effect here." in capsys.readouterr().err


def test_a_machine_is_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete", *MACHINE, "--yes"]) == 0
    assert main(["show", *MACHINE]) == 3

    assert "(ResourceNotFound)" in capsys.readouterr().err


def test_publishers_types_and_versions_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    publisher = ("--publisher", "Microsoft.Azure.Monitor")
    type_ = ("--type", "AzureMonitorLinuxAgent")

    assert main(["extension", "publisher", "list", *LOCAL]) == 0
    assert "microsoft.azure.monitor" in [item["name"] for item in json.loads(capsys.readouterr().out)]
    assert main(["extension", "type", "list", *LOCAL, *publisher]) == 0
    assert "azuremonitorlinuxagent" in [item["name"] for item in json.loads(capsys.readouterr().out)]
    assert main(["extension", "image", "list", *LOCAL, *publisher, *type_]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["extension", "image", "show", *LOCAL, *publisher, *type_, "--version", "1.0"]) == 3


def test_a_scenario_is_read_from_a_file_and_refused_with_the_place_that_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "scenario.json"
    file.write_text('{"commands": [{"command": "enable", "exitCode": 1}]}', encoding="utf-8")
    assert main(["connect", *MACHINE, "--simulated", "--scenario", str(file)]) == 0
    file.write_text('{"commands": [{"command": "start"}]}', encoding="utf-8")
    assert main(["connect", *MACHINE, "--simulated", "--scenario", str(file)]) == 2
    shown = capsys.readouterr().err
    assert "(InvalidScenario)" in shown
    assert "commands[0].command" in shown
