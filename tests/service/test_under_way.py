"""While an operation runs: what is accepted, what is refused, and what provisioningState says (section 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.service.views import Json
from service.support import RG, SAMPLE, Desk, at, refused, values


@pytest.fixture
def enrolled(desk: Desk) -> Desk:
    """An enrolled extension at 1.0, and 1.1 and 1.2 in the gallery."""
    desk.publish("Agent", "1.0")
    desk.create(enableAutomaticUpgrade=True, settings={"a": 1})
    desk.publish("Agent", "1.1", "1.2")
    return desk


@pytest.fixture
def changing(enrolled: Desk) -> Desk:
    """Its runner was killed on the way from 1.0 to 1.1; nothing runs it on yet."""
    enrolled.service.runs = False
    enrolled.put(body={"properties": {"typeHandlerVersion": "1.1"}}, wait=False)
    enrolled.kill_runner("before enable(new)")
    return enrolled


def state_of(desk: Desk) -> object:
    return at(desk.get(), "properties.provisioningState")


def resume(desk: Desk) -> None:
    desk.service.runs = True
    desk.resume()


def accepted(desk: Desk, **properties: object) -> Json:
    return desk.patch_body("agent", {"properties": properties}, wait=False)


# What is refused.

Ask = Callable[[Desk], object]
SECOND_CHANGES = pytest.mark.parametrize(
    "ask",
    [
        lambda desk: accepted(desk, typeHandlerVersion="1.2"),
        lambda desk: accepted(desk, settings={"a": 2}),
        lambda desk: accepted(desk, protectedSettings={"a": 2}),
        lambda desk: accepted(desk, forceUpdateTag="again"),
        lambda desk: accepted(desk, settings=None),
        lambda desk: desk.put(body={"properties": {"settings": {"a": 2}}}, wait=False),
        lambda desk: desk.upgrade({f"{SAMPLE}.Agent": {"targetVersion": "1.2"}}, wait=False),
        lambda desk: desk.preview("patch", body={"properties": {"settings": {"a": 2}}}),
    ],
    ids=["version", "settings", "protected", "tag", "null", "put", "upgrade", "preview"],
)


@SECOND_CHANGES
def test_a_second_change_while_one_runs_is_refused_and_changes_nothing(changing: Desk, ask: Ask) -> None:
    before = changing.state()

    with pytest.raises(ConnectedMachineError) as error:
        ask(changing)

    assert refused(error, "HCRP409").target == "agent"
    assert changing.state() == before


@SECOND_CHANGES
@pytest.mark.parametrize("waiting", [{"typeHandlerVersion": "1.1"}, {"settings": {"a": 3}}])
def test_a_change_that_waits_for_the_runner_counts_as_running(
    enrolled: Desk, ask: Ask, waiting: dict[str, object]
) -> None:
    enrolled.service.runs = False
    accepted(enrolled, **waiting)
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        ask(enrolled)

    refused(error, "HCRP409")
    assert enrolled.state() == before


def test_another_extension_can_be_changed_meanwhile(changing: Desk) -> None:
    changing.publish("Clock", "1.0")

    changing.put("clock", {"properties": {"publisher": SAMPLE, "type": "Clock"}}, wait=False)
    resume(changing)

    assert changing.version("clock") == "1.0.0.0"
    assert changing.version() == "1.1.0.0"


@pytest.mark.parametrize(
    "ask",
    [
        lambda desk: accepted(desk, enableAutomaticUpgrade=False),
        lambda desk: desk.put(body={"properties": {"publisher": SAMPLE, "type": "Agent"}}, wait=False),
        lambda desk: desk.upgrade({f"{SAMPLE}.Agent": {}}, wait=False),
    ],
    ids=["patch", "put", "upgrade"],
)
def test_what_is_being_removed_takes_no_change(enrolled: Desk, ask: Ask) -> None:
    enrolled.service.runs = False
    enrolled.remove(wait=False)
    before = enrolled.state()

    with pytest.raises(ConnectedMachineError) as error:
        ask(enrolled)

    refused(error, "HCRP409")
    assert enrolled.state() == before


# What is accepted.


def test_flags_tags_and_the_same_request_are_accepted_at_once(changing: Desk) -> None:
    accepted(changing, enableAutomaticUpgrade=False, autoUpgradeMinorVersion=True)
    changing.patch_body("agent", {"tags": {"a": "b"}}, wait=False)
    accepted(changing, typeHandlerVersion="1.1", settings={"a": 1})

    assert at(changing.get(), "properties.enableAutomaticUpgrade") is False
    assert at(changing.get(), "properties.autoUpgradeMinorVersion") is True
    assert changing.get()["tags"] == {"a": "b"}
    resume(changing)
    assert changing.version() == "1.1.0.0"
    assert at(changing.get(), "properties.enableAutomaticUpgrade") is False, "the runner keeps the opt-out"
    assert changing.get()["tags"] == {"a": "b"}


def test_holds_policies_and_probes_are_accepted_at_once(changing: Desk) -> None:
    service, machine = changing.service, {"resource_group": RG, "machine": "m1"}

    service.hold_add(**machine, name="agent", follow=changing.heard)
    service.policy_set(**machine, name="agent", health_window=1.0, follow=changing.heard)
    service.policy_set(**machine, retry_interval=60.0, follow=changing.heard)
    service.probe_add(**machine, name="p", tcp="localhost:1", follow=changing.heard)  # type: ignore[arg-type]

    resume(changing)
    assert changing.version() == "1.1.0.0"
    assert len(values(service.hold_list(**machine))) == 1


def test_an_opt_out_before_anything_was_touched_stops_an_automatic_upgrade(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.service.upgrade_run(resource_group=RG, machine="m1", follow=enrolled.heard, wait=False)
    enrolled.kill_runner("before baseline(old)")

    accepted(enrolled, enableAutomaticUpgrade=False)
    resume(enrolled)

    assert enrolled.version() == "1.0.0.0"
    assert enrolled.history()[0]["outcome"] == "Cancelled"
    decisions = values(enrolled.service.upgrade_decisions(resource_group=RG, machine="m1"))
    assert [d["reason"] for d in decisions] == ["Interrupted"]


def test_removal_is_accepted_while_a_change_runs(changing: Desk) -> None:
    changing.remove(wait=False)
    resume(changing)

    with pytest.raises(ConnectedMachineError) as error:
        changing.get()
    refused(error, "HCRP404")
    assert [done["operation"] for done in changing.history("agent")] == ["Remove", "ChangeVersion", "Install"]


# provisioningState.


def test_provisioning_state_of_an_installation(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.service.runs = False

    made = desk.put(body={"properties": {"publisher": SAMPLE, "type": "Agent"}}, wait=False)
    assert at(made, "properties.provisioningState") == "Creating"
    desk.kill_runner("before enable(new)")
    assert state_of(desk) == "Creating"
    resume(desk)

    assert state_of(desk) == "Succeeded"


@pytest.mark.parametrize("asked", [{"typeHandlerVersion": "1.1"}, {"settings": {"a": 2}}])
def test_provisioning_state_of_a_change(enrolled: Desk, asked: dict[str, object]) -> None:
    enrolled.service.runs = False

    made = accepted(enrolled, **asked)
    assert at(made, "properties.provisioningState") == "Updating"
    enrolled.kill_runner("before enable(new)")
    assert state_of(enrolled) == "Updating"
    resume(enrolled)

    assert state_of(enrolled) == "Succeeded"


def test_provisioning_state_of_an_upgrade_call(enrolled: Desk) -> None:
    enrolled.service.runs = False

    (shown,) = values(enrolled.upgrade({f"{SAMPLE}.Agent": {"targetVersion": "1.1"}}, wait=False))

    assert at(shown, "properties.provisioningState") == "Updating"


def test_provisioning_state_of_an_automatic_upgrade(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.service.upgrade_run(resource_group=RG, machine="m1", follow=enrolled.heard, wait=False)
    enrolled.kill_runner("before watch(new)")
    assert state_of(enrolled) == "Updating"
    assert enrolled.version() == "1.0.0.0", "what is on the machine is said when it is certain"
    resume(enrolled)

    assert (state_of(enrolled), enrolled.version()) == ("Succeeded", "1.2.0.0")


def test_provisioning_state_of_a_removal(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.remove(wait=False)
    assert state_of(enrolled) == "Deleting"
    enrolled.kill_runner("before uninstall(new)")

    assert state_of(enrolled) == "Deleting"


def test_provisioning_state_of_an_installation_whose_package_is_damaged(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    (package,) = desk.service.store.home.glob("gallery/images/*/*/package.zip")
    package.write_bytes(package.read_bytes()[:-1])

    with pytest.raises(ConnectedMachineError) as error:
        desk.create()

    refused(error, "HCRP400")
    assert state_of(desk) == "Failed"
    assert at(desk.get(), "properties.instanceView.status.level") == "Error"
    assert desk.history()[0]["code"] == "PackageHashMismatch"


def test_who_stops_waiting_stops_nothing(enrolled: Desk) -> None:
    enrolled.service.runs = False
    enrolled.heard.stopped = True

    made = enrolled.patch(typeHandlerVersion="1.1")

    assert at(made, "properties.typeHandlerVersion") == "1.0.0.0"
    resume(enrolled)
    assert enrolled.version() == "1.1.0.0"
