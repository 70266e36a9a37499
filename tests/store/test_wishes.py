"""What users want and have set, as it is read back: machines, extensions, policy, holds, passes, probes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from connectedmachine.model.decision import Decision, Reason
from connectedmachine.model.health import Health, Probe, ProbeKind, SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import Backoff, Hold
from connectedmachine.model.resource import Extension, ProvisioningState, Settings, Status
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.store import Store
from connectedmachine.store.answers import KEPT_FOR
from connectedmachine.store.passes import Pass
from connectedmachine.store.probes import LastSample
from store.support import MACHINE, NOW, a_machine, after, an_extension
from store.support import installed as an_installed

V1, V2 = Version.parse("1.0"), Version.parse("1.1-beta")
R1 = VersionRequest.parse("1.0")


# Machines.


def test_a_machine_is_found_by_its_names_in_any_spelling(store: Store) -> None:
    assert store.machines.find("S", "G", "M") == a_machine()
    assert store.machines.get(MACHINE) == a_machine()
    assert store.machines.find("s", "g", "other") is None


def test_machines_are_listed_by_group_and_name(store: Store) -> None:
    store.machines.save(a_machine("a", simulated=True))
    assert [machine.name for machine in store.machines.list("s")] == ["a", "m"]
    assert [machine.name for machine in store.machines.list("s", "G")] == ["a", "m"]
    assert store.machines.list("s", "elsewhere") == []


def test_the_local_machine_is_the_one_that_is_not_simulated(store: Store) -> None:
    store.machines.save(a_machine("a", simulated=True))
    assert store.machines.local() == a_machine()


# Extensions.


def full_extension() -> Extension:
    return replace(
        an_extension(),
        tags={"k": "v"},
        requested=VersionRequest.parse("9.5-rc.1"),
        target=V2,
        target_initiator="somebody",
        automatic_upgrade=True,
        auto_upgrade_minor=False,
        force_update_tag="tag",
        settings=Settings(3, '{"a": 1}', b"\0sealed\xff"),
        settings_tried=2,
        removing=True,
        stopped=True,
        installed=an_installed(),
        provisioning=ProvisioningState.UPDATING,
        status=Status("code", "Warning", "display", "message", NOW),
    )


def test_an_extension_is_read_back_as_it_was_saved(store: Store) -> None:
    for extension in (an_extension(), full_extension()):
        store.extensions.save(extension)
        assert store.extensions.find(MACHINE, "AGENT") == extension


def test_an_extension_keeps_the_spelling_of_its_creator(store: Store) -> None:
    store.extensions.save(an_extension("Agent"))
    store.extensions.save(replace(an_extension("AGENT"), location="eastus"))
    (found,) = store.extensions.of_machine(MACHINE)
    assert (found.name, found.location) == ("Agent", "eastus")


def test_a_deleted_extension_takes_settings_and_backoffs_along(store: Store) -> None:
    store.extensions.save(replace(an_extension(), settings=Settings(1, "{}")))
    store.policies.back_off(MACHINE, "agent", Backoff(V1, 1, NOW, NOW))
    store.extensions.delete(MACHINE, "AGENT")
    assert store.extensions.find(MACHINE, "agent") is None
    assert store.extensions.settings(MACHINE, "agent", 1) == Settings(1)
    assert store.policies.backoffs(MACHINE, "agent") == []


def test_earlier_settings_are_kept_until_nothing_can_need_them(store: Store) -> None:
    generations = [Settings(1, "one"), Settings(2, None, b"two"), Settings(3, "three", b"3")]
    for settings in generations:
        store.extensions.save(replace(an_extension(), settings=settings))
    assert [store.extensions.settings(MACHINE, "agent", n) for n in (1, 2, 3)] == generations
    store.extensions.forget_settings(MACHINE, "agent", 2)
    assert store.extensions.settings(MACHINE, "agent", 1) == Settings(1)
    assert store.extensions.settings(MACHINE, "AGENT", 2) == generations[1]


def test_a_generation_of_settings_never_changes(store: Store) -> None:
    """An undo relies on what was in force before."""
    store.extensions.save(replace(an_extension(), settings=Settings(1, "first")))
    store.extensions.save(replace(an_extension(), settings=Settings(1, "second")))
    assert store.extensions.settings(MACHINE, "agent", 1).public == "first"


# Policy, holds, backoffs.


def test_policy_values_are_kept_by_level(store: Store) -> None:
    store.policies.set_values(MACHINE, "", {"health_window": 5.0, "healthy_for": None})
    store.policies.set_values(MACHINE, "Agent", {"preset": "arc-2025"})
    assert store.policies.values(MACHINE) == {"health_window": 5.0, "healthy_for": None}
    assert store.policies.values(MACHINE, "agent") == {"preset": "arc-2025"}
    store.policies.set_values(MACHINE, "", {"stable_for": 1.0})
    assert store.policies.values(MACHINE) == {"stable_for": 1.0}
    assert store.policies.values(MACHINE, "other") == {}


def test_a_hold_replaces_the_one_on_the_same_version(store: Store) -> None:
    every, one = Hold("agent", None, None, "month end", NOW), Hold("agent", R1, after(9), "", NOW)
    for hold in (one, every, replace(one, reason="known bad")):
        store.policies.hold(MACHINE, hold)
    assert store.policies.holds(MACHINE, "AGENT") == [every, replace(one, reason="known bad")]
    assert store.policies.holds(MACHINE, "other") == []


def test_releasing_a_hold_leaves_the_others(store: Store) -> None:
    for version in (None, R1):
        store.policies.hold(MACHINE, Hold("agent", version, None, "", NOW))
    assert store.policies.release(MACHINE, "agent", None)
    assert not store.policies.release(MACHINE, "agent", None)
    assert [hold.version for hold in store.policies.holds(MACHINE)] == [R1]


def test_what_is_set_for_an_extension_goes_with_it_and_the_machines_level_stays(store: Store) -> None:
    store.policies.set_values(MACHINE, "", {"stable_for": 1.0})
    store.policies.set_values(MACHINE, "agent", {"stable_for": 2.0})
    store.policies.hold(MACHINE, Hold("agent", None, None, "", NOW))
    with store.transaction():
        store.policies.pin(MACHINE, a_pin("1.0"))
    store.policies.forget(MACHINE, "AGENT")
    assert store.policies.values(MACHINE) == {"stable_for": 1.0}
    assert store.policies.values(MACHINE, "agent") == {}
    assert store.policies.holds(MACHINE) == []
    assert store.policies.pins(MACHINE) == []


def a_pin(version: str, *, block: bool = False) -> Pin:
    return Pin.of("agent", VersionRequest.parse(version), "", NOW, block=block)


def test_a_pin_replaces_the_one_before_and_blocks_add_up(store: Store) -> None:
    blocks = [a_pin("1.3", block=True), a_pin("1.4", block=True)]
    with store.transaction():
        for pin in (a_pin("1.0"), *blocks, a_pin("1.2")):
            store.policies.pin(MACHINE, pin)
    assert store.policies.pins(MACHINE, "AGENT") == [a_pin("1.2"), *blocks]


def test_a_version_is_pinned_or_blocked_and_never_both(store: Store) -> None:
    with store.transaction():
        store.policies.pin(MACHINE, a_pin("1.0", block=True))
        store.policies.pin(MACHINE, a_pin("1.0"))
    assert store.policies.pins(MACHINE) == [a_pin("1.0")]


def test_a_waived_failure_is_kept_with_its_count(store: Store) -> None:
    store.extensions.save(an_extension())
    failed = Backoff(V1, 2, after(1), NOW)
    store.policies.back_off(MACHINE, "agent", failed)
    store.policies.waive(MACHINE, "AGENT")
    assert store.policies.backoffs(MACHINE, "agent") == [replace(failed, waived=True)]


def test_a_failure_of_one_version_does_not_end_the_backoff_of_another(store: Store) -> None:
    store.extensions.save(an_extension())
    first, second = Backoff(V1, 3, NOW, NOW), Backoff(V2, 1, after(1), after(1))
    store.policies.back_off(MACHINE, "agent", first)
    store.policies.back_off(MACHINE, "agent", second)
    assert store.policies.backoffs(MACHINE, "AGENT") == [first, second]
    store.policies.back_off(MACHINE, "agent", replace(second, failures=2))
    assert store.policies.backoffs(MACHINE, "AGENT") == [first, replace(second, failures=2)]
    store.policies.forgive(MACHINE, "agent", V2)
    assert store.policies.backoffs(MACHINE, "agent") == [first]


def test_a_failure_ends_what_is_left_of_a_waiver(store: Store) -> None:
    store.extensions.save(an_extension())
    first, second = Backoff(V1, 3, NOW, NOW), Backoff(V2, 1, after(1), after(1))
    store.policies.back_off(MACHINE, "agent", first)
    store.policies.waive(MACHINE, "agent")
    store.policies.back_off(MACHINE, "agent", second)
    assert store.policies.backoffs(MACHINE, "agent") == [first, second]


# Passes and decisions.


def a_pass(id_: str, requested: float = 0.0) -> Pass:
    return Pass(id_, MACHINE, None, "somebody", after(requested))


def test_the_pass_that_waits_longest_is_next(store: Store) -> None:
    assert not store.passes.any(MACHINE)
    for wanted in (a_pass("late", 2), a_pass("early", 1)):
        store.passes.request(wanted)
    assert store.passes.next_wanted(MACHINE) == a_pass("early", 1)
    store.passes.end("early", after(3))
    assert store.passes.get("early") == replace(a_pass("early", 1), ended=after(3))
    assert store.passes.next_wanted(MACHINE) == a_pass("late", 2)
    store.passes.end("late", after(4))
    assert store.passes.next_wanted(MACHINE) is None
    assert store.passes.any(MACHINE)


def test_a_decision_is_read_back_and_the_latest_one_shows(store: Store) -> None:
    first, second = a_pass("first"), a_pass("second")
    early = Decision("Agent", Reason.FAILED, "it broke", V1, V2, after(99), "operation", after(1))
    late = Decision("Agent", Reason.UP_TO_DATE, "newest", V1, time=after(2))
    store.passes.decide(second, late, after(2))
    store.passes.decide(first, replace(early, message="not yet"), after(0))
    store.passes.decide(first, early, after(1))
    assert store.passes.decisions("first") == [early]
    assert store.passes.latest(MACHINE) == {"agent": late}


# Probes, galleries, answers.


def test_a_probe_is_read_back_with_its_last_sample(store: Store) -> None:
    probe = Probe("Web", ProbeKind.COMMAND, ("/bin/check", "a b", ""), 5.0, 2.5)
    store.probes.save(MACHINE, probe)
    assert store.probes.of_machine(MACHINE) == [(probe, None)]
    health = SourceHealth(Health.UNHEALTHY, "Exit code 1.")
    store.probes.record(MACHINE, "WEB", health, NOW)
    assert store.probes.of_machine(MACHINE, "web") == [(probe, LastSample(health, NOW))]
    store.probes.save(MACHINE, replace(probe, interval=9.0))
    assert store.probes.of_machine(MACHINE) == [(replace(probe, interval=9.0), None)]
    assert store.probes.remove(MACHINE, "web")
    assert not store.probes.remove(MACHINE, "web")


def test_galleries_are_listed_in_the_order_they_were_added(store: Store, tmp_path: Path) -> None:
    for name in ("zeta", "alpha", "mid"):
        store.galleries.add(name, tmp_path / name)
    assert store.galleries.remove("ALPHA")
    store.galleries.add("alpha", tmp_path / "again")
    assert store.galleries.list() == [
        ("zeta", tmp_path / "zeta"),
        ("mid", tmp_path / "mid"),
        ("alpha", tmp_path / "again"),
    ]
    assert not store.galleries.remove("unknown")


def test_an_answer_is_found_by_key_and_method_until_its_time_is_up(store: Store) -> None:
    store.answers.keep("key", "extension.put", "{}", NOW)
    assert store.answers.find("key", "extension.put") == "{}"
    assert store.answers.find("key", "extension.patch") is None
    assert store.answers.find("other", "extension.put") is None
    store.answers.keep("new", "m", "[]", NOW + KEPT_FOR + timedelta(seconds=1))
    assert store.answers.find("key", "extension.put") is None


def test_each_machine_has_extensions_of_its_own(store: Store) -> None:
    other = a_machine("other", simulated=True)
    store.machines.save(other)
    store.extensions.save(an_extension())
    elsewhere = replace(an_extension(handler=HandlerName("Contoso", "Clock")), machine_id=other.id)
    store.extensions.save(elsewhere)
    assert store.extensions.of_machine(MACHINE) == [an_extension()]
    assert store.extensions.of_machine(other.id) == [elsewhere]
