"""Passes, decisions and history, also of what is gone; the same request twice; what is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import RG, SAMPLE, Desk, at, refused, values

MACHINE: dict[str, Any] = {"resource_group": RG, "machine": "m1"}


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """An enrolled extension at 1.0, and 1.1 in the gallery."""
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True)
    desk.publish("Agent", "1.1")
    return desk


def test_a_plan_says_what_a_pass_would_do_and_does_nothing(enrolled: Desk) -> None:
    before = enrolled.state()

    (planned,) = values(enrolled.service.upgrade_plan(**MACHINE))

    assert (planned["reason"], planned["fromVersion"], planned["toVersion"]) == (
        "Upgraded",
        "1.0.0.0",
        "1.1.0.0",
    )
    assert planned["operationId"] is None
    assert enrolled.state() == before


def test_a_pass_gives_one_decision_for_each_extension_and_they_are_kept(enrolled: Desk) -> None:
    enrolled.publish("Clock", "1.0")
    enrolled.create("clock", "Clock")

    decided = enrolled.run_pass()

    assert {name: d["reason"] for name, d in decided.items()} == {"agent": "Upgraded", "clock": "NotEnrolled"}
    assert decided["agent"]["operationId"] == enrolled.history("agent")[0]["id"]
    assert values(enrolled.service.upgrade_decisions(**MACHINE)) == [decided["agent"], decided["clock"]]


def test_a_pass_over_one_extension_leaves_the_others(enrolled: Desk) -> None:
    enrolled.publish("Clock", "1.0")
    enrolled.create("clock", "Clock", enableAutomaticUpgrade=True)
    enrolled.publish("Clock", "1.1")

    assert list(enrolled.run_pass("CLOCK")) == ["clock"]
    assert (enrolled.version("agent"), enrolled.version("clock")) == ("1.0.0.0", "1.1.0.0")


def test_history_says_who_asked_for_what_and_each_step(enrolled: Desk) -> None:
    enrolled.run_pass()

    upgrade, install = enrolled.history()

    assert (install["operation"], install["initiator"], install["fromVersion"]) == ("Install", "tests", None)
    assert (upgrade["operation"], upgrade["initiator"]) == ("ChangeVersion", "job")
    assert (upgrade["fromVersion"], upgrade["toVersion"]) == ("1.0.0.0", "1.1.0.0")
    assert upgrade["outcome"] == "Succeeded"
    steps = upgrade["steps"]
    assert isinstance(steps, list)
    assert [step["name"] for step in steps] == [
        "fetch(new)",
        "baseline(old)",
        "disable(old)",
        "carry(new)",
        "update(new) to new",
        "uninstall(old)",
        "keep(old)",
        "install(new)",
        "enable(new)",
        "watch(new)",
        "retire(old)",
    ]
    assert {step["outcome"] for step in steps} == {"done"}


def test_history_outlives_the_extension(enrolled: Desk) -> None:
    enrolled.remove()

    kept = enrolled.history("agent")

    assert [done["operation"] for done in kept] == ["Remove", "Install"]
    assert enrolled.history() == kept
    assert enrolled.service.upgrade_decisions(**MACHINE) == {"value": []}


def test_an_extension_made_anew_has_no_decision_of_the_one_before_it(enrolled: Desk) -> None:
    enrolled.run_pass()
    enrolled.remove()
    enrolled.create(typeHandlerVersion="1.0")

    (decision,) = values(enrolled.service.upgrade_decisions(**MACHINE))

    assert decision["reason"] == "NotEnrolled"


def test_removing_what_is_not_there_is_no_error(enrolled: Desk) -> None:
    assert enrolled.remove() == {"removed": True}
    assert enrolled.remove() == {"removed": False}


def test_removing_a_wish_that_was_never_installed_forgets_it(windows: Desk) -> None:
    windows.put("kv", {"properties": {"publisher": "Microsoft.Azure.KeyVault"}})

    assert windows.remove("kv") == {"removed": True}
    assert windows.history() == []
    assert windows.run_pass() == {}


def test_one_idempotency_key_is_one_mutation(enrolled: Desk) -> None:
    calls = []

    def write() -> dict[str, object]:
        calls.append(1)
        return enrolled.patch(settings={"n": len(calls)})

    first = enrolled.service.once("key", "extension.patch", write)
    again = enrolled.service.once("key", "extension.patch", write)

    assert again == first
    assert len(calls) == 1
    enrolled.service.once("other key", "extension.patch", write)
    assert at(enrolled.get(), "properties.settingsText") == '{"n": 2}'


def test_a_mutation_that_failed_may_be_tried_again_under_its_key(desk: Desk) -> None:
    with pytest.raises(ConnectedMachineError):
        desk.service.once("key", "extension.put", desk.create)
    desk.publish("Agent", "1.0")

    made = desk.service.once("key", "extension.put", desk.create)

    assert at(made, "properties.typeHandlerVersion") == "1.0.0.0"


NO_MACHINE: dict[str, Callable[[Desk], object]] = {
    "machine.get": lambda desk: desk.service.machine_get(resource_group=RG, name="gone"),
    "extension.get": lambda desk: desk.get(),
    "extension.list": lambda desk: desk.service.extension_list(resource_group=RG, machine="gone"),
    "extension.put": lambda desk: desk.create(),
    "extension.patch": lambda desk: desk.patch(),
    "extension.remove": lambda desk: desk.remove(),
    "extension.upgrade": lambda desk: desk.upgrade({}),
    "extension.preview": lambda desk: desk.preview("put"),
    "upgrade.run": lambda desk: desk.run_pass(),
    "upgrade.plan": lambda desk: desk.service.upgrade_plan(resource_group=RG, machine="gone"),
    "upgrade.decisions": lambda desk: desk.service.upgrade_decisions(resource_group=RG, machine="gone"),
    "upgrade.history": lambda desk: desk.history(),
    "upgrade.resolve": lambda desk: desk.service.upgrade_resolve(
        resource_group=RG, machine="gone", name="agent", choice="back", follow=desk.heard
    ),
    "policy.get": lambda desk: desk.service.policy_get(resource_group=RG, machine="gone"),
    "policy.set": lambda desk: desk.service.policy_set(
        resource_group=RG, machine="gone", preset="arc-2025", follow=desk.heard
    ),
    "probe.add": lambda desk: desk.service.probe_add(
        resource_group=RG, machine="gone", name="p", tcp="a:1", follow=desk.heard
    ),
    "probe.list": lambda desk: desk.service.probe_list(resource_group=RG, machine="gone"),
    "probe.remove": lambda desk: desk.service.probe_remove(
        resource_group=RG, machine="gone", name="p", follow=desk.heard
    ),
    "hold.add": lambda desk: desk.service.hold_add(
        resource_group=RG, machine="gone", name="agent", follow=desk.heard
    ),
    "hold.list": lambda desk: desk.service.hold_list(resource_group=RG, machine="gone"),
    "hold.remove": lambda desk: desk.service.hold_remove(
        resource_group=RG, machine="gone", name="agent", follow=desk.heard
    ),
}


def test_a_machine_that_is_not_there_is_named_whatever_is_asked(enrolled: Desk) -> None:
    before = enrolled.state()

    for ask in NO_MACHINE.values():
        with pytest.raises(ConnectedMachineError) as error:
            ask(enrolled.on("gone"))
        assert refused(error, "ResourceNotFound").target == "gone"

    assert enrolled.state() == before


def test_a_machine_of_another_resource_group_or_subscription_is_not_there(enrolled: Desk) -> None:
    for wrong in ({"resource_group": "other"}, {"subscription_id": "11111111-1111-1111-1111-111111111111"}):
        with pytest.raises(ConnectedMachineError) as error:
            enrolled.service.extension_get(**{**MACHINE, **wrong}, name="agent")
        refused(error, "ResourceNotFound")


NO_EXTENSION: dict[str, Callable[[Desk], object]] = {
    "extension.get": lambda desk: desk.get("gone"),
    "extension.patch": lambda desk: desk.patch("gone"),
    "extension.preview": lambda desk: desk.preview("remove", "gone"),
    "upgrade.run": lambda desk: desk.run_pass("gone"),
    "upgrade.plan": lambda desk: desk.service.upgrade_plan(**MACHINE, name="gone"),
    "upgrade.decisions": lambda desk: desk.service.upgrade_decisions(**MACHINE, name="gone"),
    "upgrade.history": lambda desk: desk.history("gone"),
    "upgrade.resolve": lambda desk: desk.service.upgrade_resolve(
        **MACHINE, name="gone", choice="back", follow=desk.heard
    ),
    "policy.get": lambda desk: desk.service.policy_get(**MACHINE, name="gone"),
    "policy.set": lambda desk: desk.service.policy_set(
        **MACHINE, name="gone", preset="arc-2025", follow=desk.heard
    ),
    "hold.add": lambda desk: desk.service.hold_add(**MACHINE, name="gone", follow=desk.heard),
    "hold.list": lambda desk: desk.service.hold_list(**MACHINE, name="gone"),
    "hold.remove": lambda desk: desk.service.hold_remove(**MACHINE, name="gone", follow=desk.heard),
}


def test_an_extension_that_is_not_there_is_named_whatever_is_asked(enrolled: Desk) -> None:
    before = enrolled.state()

    for ask in NO_EXTENSION.values():
        with pytest.raises(ConnectedMachineError) as error:
            ask(enrolled)
        assert refused(error, "HCRP404").target == "gone"

    assert enrolled.state() == before


def test_two_extensions_of_one_type_on_a_machine_are_refused(enrolled: Desk) -> None:
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        enrolled.create("second")

    found = refused(error, "HCRP409")
    assert (found.target, "'agent'" in found.hint) == ("agent", True)
    assert enrolled.state() == before


def test_one_type_on_two_machines_is_no_conflict(enrolled: Desk) -> None:
    enrolled.service.machine_connect(
        resource_group=RG, name="m2", simulated=True, os_type="Linux", follow=enrolled.heard
    )

    other = enrolled.on("m2")
    other.create()

    assert (other.version(), enrolled.version()) == ("1.1.0.0", "1.0.0.0")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"publisher": "Contoso.Nobody", "type": "Agent"}, "ResourceNotFound"),
        ({"publisher": SAMPLE, "type": "Nobody"}, "ResourceNotFound"),
        ({"publisher": SAMPLE, "type": "Clock", "typeHandlerVersion": "7"}, "ResourceNotFound"),
        ({"publisher": SAMPLE, "type": "Clock", "typeHandlerVersion": "1.1"}, "ResourceNotFound"),
        ({"publisher": SAMPLE, "type": "WindowsOnly"}, "PlatformMismatch"),
    ],
)
def test_what_cannot_be_installed_is_refused_and_nothing_changes(
    enrolled: Desk, given: dict[str, object], code: str
) -> None:
    enrolled.publish("Clock", "1.0", "1.1")
    enrolled.withdraw("Clock", "1.1")
    enrolled.publish("WindowsOnly", "1.0", os="windows")
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        enrolled.put("new", {"properties": {**given, "protectedSettings": {"a": 1}}})

    refused(error, code)
    assert enrolled.state() == before


@pytest.mark.parametrize(
    ("choice", "code"), [("sideways", "InvalidRequestContent"), ("back", "NoRollbackPending")]
)
def test_there_is_nothing_to_resolve_where_no_rollback_is_pending(
    enrolled: Desk, choice: str, code: str
) -> None:
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        enrolled.service.upgrade_resolve(**MACHINE, name="agent", choice=choice, follow=enrolled.heard)

    refused(error, code)
    assert enrolled.state() == before
