"""The state files that packages and tools look for (handler contract 2.3)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectedmachine.handler.layout import forget_extension
from connectedmachine.handler.state import (
    HandlerReport,
    HandlerState,
    write_extension_state,
    write_handler_state,
)
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.version import Version

HANDLER = HandlerName("Contoso.Sample", "Agent")
VERSION = Version.parse("1.2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in ("config", "status"):
        (tmp_path / part).mkdir()
    return tmp_path


def test_the_state_is_bare_text_without_a_line_end(folder: Path) -> None:
    write_handler_state(folder, HANDLER, VERSION, HandlerReport(HandlerState.ENABLED), several=False)
    assert (folder / "config" / "HandlerState").read_bytes() == b"Enabled"


def test_the_status_says_what_azures_agent_says(folder: Path) -> None:
    report = HandlerReport(HandlerState.ENABLED, ready=True, message="Enabled. \u00e9")
    write_handler_state(folder, HANDLER, VERSION, report, several=True)
    assert json.loads((folder / "config" / "HandlerStatus").read_text()) == {
        "name": "Contoso.Sample.Agent",
        "version": "1.2.0.0",
        "status": "Ready",
        "code": 0,
        "message": "Enabled. \u00e9",
        "supports_multi_config": True,
        "extension_status": None,
    }


def test_a_failure_that_changes_no_state_changes_the_status_alone(folder: Path) -> None:
    write_handler_state(folder, HANDLER, VERSION, HandlerReport(HandlerState.INSTALLED), several=False)
    failed = HandlerReport(None, code=1009, message="It broke.")
    write_handler_state(folder, HANDLER, VERSION, failed, several=False)
    assert (folder / "config" / "HandlerState").read_text() == "Installed"
    status = json.loads((folder / "config" / "HandlerStatus").read_text())
    assert (status["status"], status["code"]) == ("NotReady", 1009)


@pytest.mark.parametrize(("enabled", "text"), [(True, "enabled"), (False, "disabled")])
def test_one_of_several_has_a_state_of_its_own(folder: Path, enabled: bool, text: str) -> None:
    write_extension_state(folder, "web", enabled=enabled)
    assert (folder / "config" / "web.HandlerState").read_text() == text


def test_what_is_forgotten_of_one_extension_is_its_own_and_nothing_else(folder: Path) -> None:
    stay = [
        "config/HandlerState",
        "config/1.settings",
        "config/web.b.1.settings",
        "config/web.b.HandlerState",
        "config/webx.1.settings",
        "config/web.notes",
        "status/web.b.1.status",
        "status/xweb.1.status",
    ]
    go = ["config/web.1.settings", "config/web.12.settings", "config/web.HandlerState", "status/web.1.status"]
    for name in stay + go:
        (folder / name).touch()
    forget_extension(folder, "web")
    forget_extension(folder, "web")
    assert sorted(str(p.relative_to(folder)) for p in folder.glob("*/*")) == sorted(stay)
