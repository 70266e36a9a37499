"""A version that failed is never tried twice by accident, and is tried again on purpose (decision 21)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectedmachine.model.errors import HandlerError
from connectedmachine.service.views import Json
from service.support import RG, Desk, at, values

MACHINE: dict[str, Any] = {"resource_group": RG, "machine": "m1"}


@pytest.fixture
def failed(desk: Desk) -> Desk:
    """An enrolled extension at 1.0 whose upgrade to 1.1 failed once: the package cannot be read."""
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1")
    package(desk).rename(aside(desk))
    package(desk).write_bytes(b"damaged")
    assert desk.run_pass()["agent"]["reason"] == "Failed"
    assert tries(desk) == 1
    return desk


def package(desk: Desk) -> Path:
    return next(desk.service.store.home.glob("gallery/images/contoso.sample.agent/1.1*/")) / "package.zip"


def aside(desk: Desk) -> Path:
    return desk.zips / "aside.zip"


def mend(desk: Desk) -> None:
    aside(desk).replace(package(desk))


def failures(desk: Desk) -> list[tuple[str, int]]:
    machine = desk.service.machine(None, RG, "m1")
    return [(str(b.version), b.failures) for b in desk.service.store.policies.backoffs(machine.id, "agent")]


def tries(desk: Desk) -> int:
    return sum(o["toVersion"] == "1.1.0.0" and o["operation"] != "Configure" for o in desk.history("agent"))


def retry(desk: Desk, name: str | None = "agent") -> Json:
    done = desk.service.upgrade_run(**MACHINE, name=name, retry=True, follow=desk.heard, initiator="somebody")
    (decision,) = values(done)
    return decision


def shared_failure(desk: Desk) -> None:
    """The upgrade to 1.1 failed on ``a``, which ``b`` then joined at 1.0."""
    desk.publish("Agent", "1.0", several=True)
    desk.create("a", enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1", several=True)
    package(desk).rename(aside(desk))
    package(desk).write_bytes(b"damaged")
    assert desk.run_pass()["a"]["reason"] == "Failed"
    desk.create("b", enableAutomaticUpgrade=True)
    assert desk.version("b") == "1.0.0.0"


# By accident.


def test_a_further_pass_does_not_try_it_again_and_says_when_one_will(failed: Desk) -> None:
    decision = failed.run_pass()["agent"]
    assert decision["reason"] == "RetryNotDue"
    assert decision["nextLook"] is not None
    assert tries(failed) == 1


def test_two_passes_at_once_do_not_try_it_again(failed: Desk) -> None:
    failed.service.runs = False
    for _ in range(2):
        failed.service.upgrade_run(**MACHINE, follow=failed.heard, wait=False)
    failed.resume()
    failed.resume()
    assert tries(failed) == 1


def test_a_runner_that_was_killed_tries_it_once_in_all(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1")
    package(desk).write_bytes(b"damaged")
    desk.service.runs = False
    desk.service.upgrade_run(**MACHINE, follow=desk.heard, wait=False)
    desk.kill_runner("after fetch(new)")
    desk.resume()
    desk.resume()
    assert (tries(desk), failures(desk)) == (1, [("1.1.0.0", 1)])


def test_new_settings_flags_and_the_same_request_do_not_try_it_again(failed: Desk) -> None:
    failed.patch(settings={"a": 1})
    failed.patch(enableAutomaticUpgrade=False)
    failed.create(enableAutomaticUpgrade=True)
    assert failed.run_pass()["agent"]["reason"] == "RetryNotDue"
    assert tries(failed) == 1


def test_another_version_that_fails_and_goes_does_not_make_it_forgotten(failed: Desk) -> None:
    failed.publish("Agent", "1.2")
    damaged = next(failed.service.store.home.glob("gallery/images/contoso.sample.agent/1.2*/"))
    (damaged / "package.zip").write_bytes(b"damaged")
    assert failed.run_pass()["agent"]["reason"] == "Failed"
    failed.withdraw("Agent", "1.2")
    decision = failed.run_pass()["agent"]
    assert (decision["reason"], decision["toVersion"]) == ("RetryNotDue", "1.1.0.0")
    assert (tries(failed), failures(failed)) == (1, [("1.1.0.0", 1), ("1.2.0.0", 1)])


def test_another_version_that_works_does_not_make_it_forgotten(failed: Desk) -> None:
    failed.publish("Agent", "1.0.1")
    failed.patch(typeHandlerVersion="1.0.1")
    assert failed.version() == "1.0.1.0"
    assert failed.run_pass()["agent"]["reason"] == "RetryNotDue"
    assert tries(failed) == 1


def test_one_that_came_later_does_not_take_another_along_to_what_failed_on_it(desk: Desk) -> None:
    shared_failure(desk)
    assert {name: d["reason"] for name, d in desk.run_pass().items()} == dict.fromkeys("ab", "RetryNotDue")


# On purpose.


def test_retry_now_of_one_ends_the_wait_of_those_that_move_along(desk: Desk) -> None:
    shared_failure(desk)
    mend(desk)
    assert retry(desk, "b")["reason"] == "Upgraded"
    assert desk.version("a") == "1.1.0.0"


def test_retry_now_tries_it_again_at_once(failed: Desk) -> None:
    mend(failed)
    assert retry(failed)["reason"] == "Upgraded"
    assert failures(failed) == []


def test_retry_now_of_a_machine_tries_all_that_failed(failed: Desk) -> None:
    mend(failed)
    assert retry(failed, name=None)["reason"] == "Upgraded"


def test_a_retry_that_fails_counts_on_and_waits_again(failed: Desk) -> None:
    decision = retry(failed)
    assert (decision["reason"], failures(failed)) == ("Failed", [("1.1.0.0", 2)])
    assert failed.run_pass()["agent"]["reason"] == "RetryNotDue"
    assert tries(failed) == 2


def test_a_request_for_the_version_tries_it_again_and_counts_on(failed: Desk) -> None:
    with pytest.raises(HandlerError):
        failed.patch(typeHandlerVersion="1.1")
    assert (tries(failed), failures(failed)) == (2, [("1.1.0.0", 2)])


def test_a_plan_says_what_a_retry_would_do_and_changes_nothing(failed: Desk) -> None:
    before = failed.state()
    (planned,) = values(failed.service.upgrade_plan(**MACHINE, retry=True))
    assert (planned["reason"], planned["toVersion"]) == ("Upgraded", "1.1.0.0")
    (waits,) = values(failed.service.upgrade_plan(**MACHINE))
    assert waits["reason"] == "RetryNotDue"
    assert failed.state() == before


def test_a_plan_of_a_retry_is_done_as_it_says(failed: Desk) -> None:
    taken = failed.service.upgrade_plan(**MACHINE, retry=True)
    mend(failed)
    (done,) = values(
        failed.service.upgrade_run(
            **MACHINE, plan_text=json.dumps(taken), follow=failed.heard, initiator="somebody"
        )
    )
    assert done["reason"] == "Upgraded"


def test_a_hold_outlives_a_retry_and_the_retry_the_hold(failed: Desk) -> None:
    mend(failed)
    failed.service.hold_add(**MACHINE, name="agent", follow=failed.heard)
    assert retry(failed)["reason"] == "Held"
    failed.service.hold_clear(**MACHINE, follow=failed.heard)
    assert failed.run_pass()["agent"]["reason"] == "Upgraded"


def test_after_the_last_try_of_its_policy_only_who_asks_gets_another(failed: Desk) -> None:
    failed.service.policy_set(**MACHINE, name="agent", retry_limit=1, follow=failed.heard)
    decision = failed.run_pass()["agent"]
    assert (decision["reason"], decision["nextLook"]) == ("RetryNotDue", None)
    mend(failed)
    assert retry(failed)["reason"] == "Upgraded"
    assert at(failed.get(), "properties.typeHandlerVersion") == "1.1.0.0"
