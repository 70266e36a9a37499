"""``upgrade plan`` prints what ``upgrade run --plan`` takes, and then does exactly that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.frontends.cli import main
from connectedmachine.store import Store
from service.support import RG, Desk, Heard, QuickService

ON = ["-g", "rg", "--machine-name", "m1"]


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A file with the plan of an enrolled agent that is due."""
    monkeypatch.setenv("AZCMLITE_HOME", str(tmp_path / "home"))
    store = Store.open(tmp_path / "home")
    desk = Desk(QuickService(store, SystemClock()), tmp_path / "zips")
    desk.service.machine_connect(
        resource_group=RG, name="m1", simulated=True, os_type="Linux", follow=Heard()
    )
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1")
    store.close()
    assert main(["upgrade", "plan", *ON, "-o", "json"]) == 0
    path = tmp_path / "plan.json"
    path.write_text(capsys.readouterr().out)
    return path


def test_the_file_names_the_machine_and_is_done_once(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upgrade", "run", "--plan", str(planned)]) == 0
    assert [d["reason"] for d in json.loads(capsys.readouterr().out)] == ["Upgraded"]

    assert main(["upgrade", "run", "--plan", str(planned)]) == 1

    said = capsys.readouterr().err
    assert "(PlanChanged)" in said
    assert "agent: ChangeVersion 1.0.0.0 -> 1.1.0.0 is not due any more (UpToDate: " in said
    assert "Take a new plan with 'connectedmachine upgrade plan'." in said


def test_a_file_that_was_changed_or_is_no_plan_is_a_wrong_argument(
    planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    planned.write_text(planned.read_text().replace("1.1.0.0", "1.2.0.0"))
    assert main(["upgrade", "run", "--plan", str(planned)]) == 2
    planned.write_text("{}")
    assert main(["upgrade", "run", "--plan", str(planned)]) == 2
    assert main(["upgrade", "run", "--plan", str(planned.parent / "none")]) == 2
    assert capsys.readouterr().err.count("(InvalidPlan)") == 2
