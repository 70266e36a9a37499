"""The runner is a process of its own, as it is for real: a server may end and begin as it likes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectedmachine.service import Service
from rest_arm.support import AGENT, Arm, application, client_of
from service.support import SAMPLE, Desk, at

START_RUNNER = Service.start_runner


def test_a_server_that_starts_later_tells_how_the_operation_ended(
    desk: Desk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "start_runner", START_RUNNER)
    desk.publish("Agent", "1.0")
    with client_of(application(home)) as client:
        answer = Arm(client).ask("PUT", AGENT, {"properties": {"publisher": SAMPLE, "type": "Agent"}})
    assert answer.status_code == 202

    with client_of(application(home)) as client:
        document = Arm(client).status(answer)
        while document["status"] in ("Queued", "InProgress"):
            time.sleep(0.05)
            document = Arm(client).status(answer)

    assert document["status"] == "Succeeded"
    assert at(document, "properties.properties.typeHandlerVersion") == "1.0.0.0"
