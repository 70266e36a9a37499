"""``upgrade why``: a card that a person reads from the top, and the same as data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectedmachine.agent.clock import SystemClock
from connectedmachine.frontends.cli import main
from connectedmachine.store import Store
from service.support import RG, Desk, Heard, QuickService

CARD = """
agent      on m1, 1.0.0.0, at TIME
Plan       NotEnrolled: Automatic upgrade is not enabled on it.
In the way 1. NotEnrolled: Automatic upgrade is not enabled on it.
              rule: enableAutomaticUpgrade is false (extension 'agent')
              to do: 'connectedmachine extension set' --enable-automatic-upgrade, if it is to follow its publisher.
           2. Held: A hold keeps it from moving: audit.
              rule: hold is every version (hold on 'agent')
              until: 2126-01-01 00:00:00Z
              hold: audit (TIME)
              to do: 'connectedmachine hold remove', or wait for its end at NextLook.
Then       ChangeVersion 1.0.0.0 -> 1.1.0.0 by itself, package SHA of gallery 'default'
Next look  It is looked at whenever a pass is run, and nothing here runs one by itself: 'connectedmachine schedule register' has the system do that.
Last       Install 1.0.0.0 Succeeded, asked for by tests, TIME
              operation ID: Installed 1.0.0.0. (TIME)
              enable(new), exit code 0: Simulated. (TIME)
Decided    NotEnrolled: Automatic upgrade is not enabled on it.
           in pass ID of job, TIME
"""  # noqa: E501
WHY = ["upgrade", "why", "-g", "rg", "--machine-name", "m1", "-n", "agent"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An agent that is held and not enrolled, which a pass has looked at."""
    monkeypatch.setenv("AZCMLITE_HOME", str(tmp_path / "home"))
    store = Store.open(tmp_path / "home")
    desk = Desk(QuickService(store, SystemClock()), tmp_path / "zips")
    desk.service.machine_connect(
        resource_group=RG, name="m1", simulated=True, os_type="Linux", follow=Heard()
    )
    desk.publish("Agent", "1.0")
    desk.create()
    desk.publish("Agent", "1.1")
    desk.service.hold_add(
        resource_group=RG,
        machine="m1",
        name="agent",
        until="2126-01-01T00:00:00Z",
        reason="audit",
        follow=Heard(),
    )
    desk.run_pass()
    yield desk
    store.close()


def without_what_changes(text: str) -> str:
    text = re.sub(r"20[2-9]\d-\d\d-\d\d \d\d:\d\d:\d\dZ", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "SHA", text)
    return re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID", text)


@pytest.mark.usefixtures("desk")
def test_a_card_says_all_that_is_in_the_way_with_rule_evidence_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*WHY, "-o", "table"]) == 0
    assert without_what_changes(capsys.readouterr().out) == CARD.lstrip()


@pytest.mark.usefixtures("desk")
def test_a_time_past_has_what_was_known_then(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WHY, "--at", "2020-01-01T00:00:00Z", "-o", "table"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "agent      on m1, at 2020-01-01 00:00:00Z",
        "           Nothing was decided or done by then.",
    ]


@pytest.mark.usefixtures("desk")
def test_as_data_it_is_what_the_service_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(WHY) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [one["reason"] for one in answer["obstacles"]] == ["NotEnrolled", "Held"]
