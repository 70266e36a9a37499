"""Long operations: accepted at once, asked about later, and the answer is the truth (REST reference, 9)."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.service import accepted
from rest_arm.support import (
    AGENT,
    FAILING_HEADER,
    MACHINE,
    PROVIDER,
    Arm,
    application,
    client_of,
    refused,
)
from service.support import SAMPLE, Desk, at, values


def body(**properties: object) -> dict[str, object]:
    return {
        "location": "westeurope",
        "properties": {"publisher": SAMPLE, "type": "Agent", **properties},
    }


def damage(desk: Desk, version: str) -> None:
    """Spoil the zip of a version in the gallery: its download fails."""
    images = values(desk.service.image_list())
    [sha256] = [str(image["sha256"]) for image in images if str(image["version"]).startswith(version)]
    for path in (desk.service.store.home / "gallery").rglob("*.zip"):
        if hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
            path.write_bytes(b"damaged")


@pytest.fixture
def published(desk: Desk) -> Desk:
    desk.publish("Agent", "1.0", "1.1")
    return desk


@pytest.fixture
def waiting(published: Desk) -> Desk:
    """Nothing does its work yet."""
    published.service.runs = False
    return published


@pytest.mark.usefixtures("waiting")
def test_put_is_accepted_with_both_absolute_urls_and_no_body(arm: Arm) -> None:
    answer = arm.ask("PUT", AGENT, body())

    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["Azure-AsyncOperation"].startswith(
        f"http://testserver{PROVIDER}/locations/westeurope/operationstatus/"
    )
    assert answer.headers["Location"].startswith(
        f"http://testserver{PROVIDER}/locations/westeurope/operationresults/"
    )
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.usefixtures("waiting")
def test_while_it_waits_the_document_says_queued_and_the_result_is_not_there(arm: Arm) -> None:
    answer = arm.ask("PUT", AGENT, body())

    document = arm.status(answer)
    result = arm.result(answer)

    assert document["status"] == "Queued"
    assert str(document["id"]).endswith(str(document["name"]))
    assert result.status_code == 202
    assert result.headers["Location"] == answer.headers["Location"]
    assert at(arm.get(AGENT), "properties.provisioningState") == "Creating"


def test_while_the_operation_runs_the_document_says_in_progress(arm: Arm, waiting: Desk) -> None:
    answer = arm.ask("PUT", AGENT, body())
    waiting.kill_runner("before enable(new)")

    assert arm.status(answer)["status"] == "InProgress"


@pytest.mark.usefixtures("published")
def test_a_put_ends_with_the_resource(arm: Arm) -> None:
    answer = arm.ask("PUT", AGENT, body(typeHandlerVersion="1.0", enableAutomaticUpgrade=True))

    document = arm.done(answer)
    result = arm.result(answer)

    assert result.status_code == 200
    assert result.json() == document["properties"] == arm.get(AGENT)
    assert at(result.json(), "properties.typeHandlerVersion") == "1.0.0.0"
    assert at(result.json(), "properties.provisioningState") == "Succeeded"


def test_a_patch_ends_with_the_resource(arm: Arm, published: Desk) -> None:
    published.create()

    answer = arm.ask("PATCH", AGENT, {"properties": {"enableAutomaticUpgrade": True}})

    assert at(arm.done(answer), "properties.properties.enableAutomaticUpgrade") is True


def test_a_delete_ends_without_a_result(arm: Arm, published: Desk) -> None:
    published.create()

    answer = arm.ask("DELETE", AGENT)

    assert "properties" not in arm.done(answer)
    assert arm.result(answer).status_code == 204
    refused(arm.ask("GET", AGENT), 404, "HCRP404")


@pytest.mark.usefixtures("desk")
def test_the_delete_of_what_is_not_there_is_done(arm: Arm) -> None:
    assert arm.ask("DELETE", AGENT).status_code == 204


def test_an_upgrade_ends_with_an_array_of_resources(arm: Arm, published: Desk) -> None:
    published.create(typeHandlerVersion="1.0")
    target = {"extensionTargets": {f"{SAMPLE}.Agent": {"targetVersion": "1.1"}}}

    answer = arm.ask("POST", f"{MACHINE}/upgradeExtensions", target)

    assert arm.status(answer)["status"] == "Succeeded"
    [moved] = arm.result(answer).json()
    assert at(moved, "properties.typeHandlerVersion") == "1.1.0.0"


def test_an_upgrade_is_found_under_the_spelling_of_2021(arm: Arm, published: Desk) -> None:
    published.create(typeHandlerVersion="1.0")
    target: dict[str, object] = {"extensionTargets": {f"{SAMPLE}.Agent": {}}}

    answer = arm.ask("POST", f"{MACHINE}/UpgradeExtensions", target, version="2021-04-22-preview")

    assert arm.done(answer)
    assert published.version() == "1.1.0.0"


def test_added_extensions_are_named_after_their_type(arm: Arm, published: Desk) -> None:
    wanted = {"extensions": [{"publisher": SAMPLE, "type": "Agent", "settings": {"n": 1}}]}

    answer = arm.ask("POST", f"{MACHINE}/addExtensions", wanted, version="2026-07-15")

    assert arm.status(answer)["status"] == "Succeeded"
    [added] = arm.result(answer).json()["extensions"]
    assert (added["type"], added["settings"]) == ("Agent", {"n": 1})
    assert published.version("Agent") == "1.1.0.0"


@pytest.mark.usefixtures("published")
def test_added_extensions_are_all_taken_or_none(arm: Arm) -> None:
    wanted = {
        "extensions": [{"publisher": SAMPLE, "type": "Agent"}, {"publisher": "Nobody", "type": "Nothing"}]
    }

    refused(arm.ask("POST", f"{MACHINE}/addExtensions", wanted), 404, "ResourceNotFound")

    assert arm.values(f"{MACHINE}/extensions") == []


# How it ended.


@pytest.mark.usefixtures("tmp_path")
def test_a_failed_operation_says_so_in_the_document_and_as_the_result(arm: Arm, waiting: Desk) -> None:
    answer = arm.ask("PUT", AGENT, body())
    damage(waiting, "1.1")
    waiting.resume()

    document = arm.status(answer)
    assert (document["status"], at(document, "error.code")) == ("Failed", "HCRP400")
    assert "properties" not in document
    result = arm.result(answer)
    assert (result.status_code, result.json()["error"]["code"]) == (400, "HCRP400")


def test_what_is_recorded_as_an_end_stays_whatever_happens_later(arm: Arm, published: Desk) -> None:
    first = arm.ask("PUT", AGENT, body(typeHandlerVersion="1.0"))
    arm.done(first)
    published.remove()

    document = arm.status(first)

    assert document["status"] == "Succeeded"
    assert "properties" not in document


def test_the_end_of_a_request_is_its_own_and_not_that_of_a_later_one(arm: Arm, waiting: Desk) -> None:
    first = arm.ask("PUT", AGENT, body(typeHandlerVersion="1.0"))
    damage(waiting, "1.0")
    waiting.resume()
    waiting.service.runs = True
    second = arm.ask("PUT", AGENT, body(typeHandlerVersion="1.1"))

    assert arm.status(first)["status"] == "Failed"
    assert arm.status(second)["status"] == "Succeeded"


def test_a_request_that_a_removal_overtook_is_canceled(arm: Arm, waiting: Desk) -> None:
    first = arm.ask("PUT", AGENT, body())
    removal = arm.ask("DELETE", AGENT)
    waiting.resume()

    document = arm.status(first)

    assert (document["status"], at(document, "error.code")) == ("Canceled", "OperationPreempted")
    assert arm.result(first).status_code == 409
    assert arm.done(removal)


def test_the_same_wish_again_waits_for_what_is_under_way(arm: Arm, waiting: Desk) -> None:
    arm.ask("PUT", AGENT, body())
    waiting.kill_runner("before enable(new)")

    again = arm.ask("PUT", AGENT, body())

    assert arm.status(again)["status"] == "InProgress"
    waiting.resume()
    assert arm.done(again)
    assert len(waiting.history()) == 1


def test_a_flag_is_set_at_once_while_an_operation_runs(arm: Arm, waiting: Desk) -> None:
    arm.ask("PUT", AGENT, body())
    waiting.kill_runner("before enable(new)")

    answer = arm.ask("PATCH", AGENT, {"properties": {"enableAutomaticUpgrade": True}})

    assert arm.done(answer)


def test_a_second_change_while_one_runs_is_a_conflict(arm: Arm, waiting: Desk) -> None:
    arm.ask("PUT", AGENT, body())
    waiting.kill_runner("before enable(new)")

    refused(arm.ask("PATCH", AGENT, {"properties": {"settings": {"a": 1}}}), 409, "HCRP409")


@pytest.mark.usefixtures("published")
def test_a_patch_of_what_is_not_there_creates_nothing(arm: Arm) -> None:
    refused(arm.ask("PATCH", AGENT, body()), 404, "HCRP404")


def test_a_poll_after_a_restart_gets_the_true_result(arm: Arm, waiting: Desk, home: Path) -> None:
    answer = arm.ask("PUT", AGENT, body())
    waiting.kill_runner("before enable(new)")
    waiting.resume()

    with client_of(application(home)) as another:
        document = another.get(answer.headers["Azure-AsyncOperation"]).json()

    assert document["status"] == "Succeeded"


def test_a_poll_starts_the_runner_of_open_work_again(
    arm: Arm, waiting: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = arm.ask("PUT", AGENT, body())
    waiting.kill_runner("before enable(new)")
    waiting.service.runs = True

    assert arm.status(answer)["status"] == "InProgress", "a runner that just started gets a moment"
    monkeypatch.setattr(accepted, "_GRACE", timedelta(0))
    arm.status(answer)

    assert arm.done(answer)


def test_a_poll_leaves_a_runner_that_lives_alone(
    arm: Arm, waiting: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepted, "_GRACE", timedelta(0))
    answer = arm.ask("PUT", AGENT, body())
    waiting.service.runs = True
    lock = EffectsLock(waiting.service.places(waiting.service.machine(None, "rg", "m1")).lock)
    assert lock.acquire()

    try:
        assert arm.status(answer)["status"] == "Queued"
        assert waiting.history() == []
    finally:
        lock.release()


@pytest.mark.usefixtures("waiting")
def test_a_runner_that_keeps_dying_ends_the_request(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepted, "_GRACE", timedelta(0))
    answer = arm.ask("PUT", AGENT, body())

    documents = [arm.status(answer) for _ in range(6)]

    assert (documents[-1]["status"], at(documents[-1], "error.code")) == ("Failed", "RunnerFailed")


@pytest.mark.usefixtures("published")
def test_an_operation_that_a_scenario_fails_ends_so_without_any_work(arm: Arm) -> None:
    answer = arm.ask("PUT", AGENT, body(), headers={FAILING_HEADER: "ExtensionFailed"})

    document = arm.status(answer)

    assert document["status"] == "Failed"
    assert document["error"] == {"code": "ExtensionFailed", "message": "A scenario says so."}
    refused(arm.ask("GET", AGENT), 404, "HCRP404")


@pytest.mark.usefixtures("published")
def test_a_scenario_fails_only_what_would_be_accepted(arm: Arm, published: Desk) -> None:
    failing = {FAILING_HEADER: "ExtensionFailed"}
    before = published.state()

    refused(arm.ask("PATCH", AGENT, body(), headers=failing), 404, "HCRP404")
    assert arm.ask("DELETE", AGENT, headers=failing).status_code == 204

    assert {**published.state(), "requests": None} == {**before, "requests": None}


@pytest.mark.usefixtures("published")
def test_an_operation_of_another_subscription_is_not_found(arm: Arm) -> None:
    answer = arm.ask("PUT", AGENT, body())
    operation = answer.headers["Location"].split("/")[-1].split("?")[0]

    path = f"/subscriptions/other/providers/Microsoft.HybridCompute/locations/x/operationstatus/{operation}"
    refused(arm.ask("GET", path), 404, "ResourceNotFound")


def test_who_asked_is_in_the_history(arm: Arm, published: Desk) -> None:
    arm.done(arm.ask("PUT", AGENT, body()))

    assert published.history()[0]["initiator"] == "REST: tests"


@pytest.mark.usefixtures("published")
def test_a_warning_of_the_service_is_in_a_header(arm: Arm) -> None:
    answer = arm.ask("PUT", AGENT, body(enableAutomaticUpgrade=True))

    assert "No upgrade pass has run" in answer.headers["x-ms-azcmlite-warning"]
