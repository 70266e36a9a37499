"""A reset of an extension's state: asked for, done once, refused where there is nothing to do it with."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import ConflictError, InvalidRequestError, NotFoundError
from service.support import Desk, at, refused


@pytest.fixture
def installed(desk: Desk) -> Desk:
    desk.publish("Agent", "1.0", resets=True)
    desk.create()
    return desk


def test_a_reset_is_an_operation_of_its_own_and_the_extension_works_on(installed: Desk) -> None:
    view = installed.reset()
    assert at(view, "properties.provisioningState") == "Succeeded"
    operation = installed.history("agent")[0]
    assert (operation["operation"], operation["outcome"]) == ("ResetState", "Succeeded")
    assert operation["initiator"] == "tests"


def test_a_reset_is_done_once(installed: Desk) -> None:
    installed.reset()
    installed.run_pass()
    assert [o["operation"] for o in installed.history("agent")] == ["ResetState", "Install"]


def test_a_reset_survives_a_runner_that_was_killed_before_it(installed: Desk) -> None:
    installed.service.runs = False
    installed.reset(wait=False)
    installed.kill_runner("before resetState(new)")
    installed.resume()
    assert installed.history("agent")[0]["outcome"] == "Succeeded"


def test_one_change_at_a_time(installed: Desk) -> None:
    installed.service.runs = False
    installed.reset(wait=False)
    with pytest.raises(ConflictError) as caught:
        installed.reset(wait=False)
    refused(caught, "HCRP409")


def test_a_handler_without_the_command_is_refused_by_name(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()
    with pytest.raises(InvalidRequestError) as caught:
        desk.reset()
    assert "resetStateCommand" in refused(caught, "ResetStateNotSupported").message


def test_what_is_not_installed_cannot_be_reset(desk: Desk) -> None:
    desk.publish("Agent", "1.0", resets=True)
    desk.service.runs = False
    desk.put("agent", {"properties": {"publisher": "Contoso.Sample", "type": "Agent"}}, wait=False)
    with pytest.raises(ConflictError) as caught:
        desk.reset()
    refused(caught, "HCRP409")


def test_an_extension_that_does_not_exist_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFoundError) as caught:
        desk.reset()
    refused(caught, "HCRP404")
