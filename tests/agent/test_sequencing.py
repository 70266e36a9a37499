"""Extensions that are provisioned after others (handler contract 2.7, cases 12 and 13)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.several import V1, V2, Several
from agent.world import FakeClock, World
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.resource import ProvisioningState
from packages import PackageSpec, override

# By name, what depends comes first: order cannot come from names.
AGENT = PackageSpec("Contoso.Sample", "Agent", noop=True)
CLOCK = PackageSpec("Contoso.Sample", "Clock", noop=True)
SECOND = PackageSpec("Contoso.Sample", "Other", noop=True)
FIRST = PackageSpec("Contoso.Sample", "Zeta", noop=True)
FAILING = PackageSpec("Contoso.Sample", "Zeta", fails=("enable",))
MULTI = PackageSpec("Contoso.Sample", "Multi", noop=True, supports_multiple_extensions=True)
SETTINGS = {"port": 0}


def publish(world: World, *specs: PackageSpec) -> None:
    for spec in specs:
        world.publish(spec)


def put(world: World, spec: PackageSpec, *dependencies: PackageSpec, **properties: object) -> None:
    """Ask for an extension; one without settings owes no status."""
    properties.setdefault("settings", None)
    if dependencies:
        properties["provisionAfterExtensions"] = after(*dependencies)
    world.put(spec, None, **properties)


def after(*specs: PackageSpec) -> list[str]:
    return [spec.type for spec in specs]


def installs(world: World) -> list[str]:
    """The extensions in the order in which their installations began."""
    history = world.store.operations.history(world.machine.id, None)[::-1]
    return [o.extension for o in history if o.kind.value == "Install"]


def removals(world: World) -> list[str]:
    history = world.store.operations.history(world.machine.id, None)[::-1]
    return [o.extension for o in history if o.kind.value == "Remove"]


def reason(world: World, spec: PackageSpec) -> str:
    return world.run_pass()[spec.type]


@pytest.mark.parametrize("dependencies", [(FIRST,), (FIRST, SECOND)])
def test_a_dependant_is_enabled_after_all_it_depends_on(
    world: World, dependencies: tuple[PackageSpec, ...]
) -> None:
    publish(world, AGENT, *dependencies)
    for spec in dependencies:
        put(world, spec)
    put(world, AGENT, *dependencies)
    world.run()
    assert installs(world)[-1] == "Agent"
    assert world.version(AGENT) == AGENT.version
    enabled = [world.extension(spec).installed for spec in (*dependencies, AGENT)]
    times = [one.enabled_at for one in enabled if one is not None and one.enabled_at is not None]
    assert len(times) == len(dependencies) + 1
    assert max(times) == times[-1]


def test_the_order_in_which_they_were_asked_for_does_not_matter(world: World) -> None:
    publish(world, AGENT, FIRST)
    put(world, AGENT, FIRST)
    world.run()
    assert world.version(AGENT) is None
    assert world.extension(AGENT).status.code == "DependencyMissing"
    put(world, FIRST)
    world.run()
    assert installs(world) == ["Zeta", "Agent"]


def test_a_chain_is_installed_from_its_end(world: World) -> None:
    publish(world, AGENT, CLOCK, FIRST)
    put(world, AGENT, CLOCK)
    put(world, CLOCK, FIRST)
    put(world, FIRST)
    world.run()
    assert installs(world) == ["Zeta", "Clock", "Agent"]


def test_a_dependency_without_settings_needs_only_be_enabled(world: World) -> None:
    publish(world, AGENT, FIRST)
    put(world, FIRST)
    put(world, AGENT, FIRST)
    world.run()
    assert list(world.folder(FIRST).glob("status/*")) == []
    assert world.version(AGENT) == AGENT.version


def test_an_unrelated_extension_of_the_same_level_goes_on_after_a_failure(world: World) -> None:
    publish(world, AGENT, CLOCK, SECOND, FAILING)
    put(world, FAILING)
    put(world, SECOND)
    put(world, AGENT, FAILING)
    put(world, CLOCK, SECOND)
    world.run()
    assert (world.version(AGENT), world.version(CLOCK)) == (None, CLOCK.version)
    assert installs(world).count("Agent") == 0


def test_a_failure_stops_what_depends_on_it_through_others_and_says_so(world: World) -> None:
    publish(world, AGENT, CLOCK, FAILING)
    put(world, FAILING)
    put(world, CLOCK, FAILING)
    put(world, AGENT, CLOCK)
    world.run()
    for spec in (AGENT, CLOCK):
        extension = world.extension(spec)
        assert (extension.installed, extension.provisioning) == (None, ProvisioningState.FAILED)
        assert extension.status.code == "DependencyFailed"
    assert "'Zeta'" in world.extension(CLOCK).status.message
    assert world.run_pass() == {
        "Agent": "DependencyFailed",
        "Clock": "DependencyFailed",
        "Zeta": "RetryNotDue",
    }


def test_once_the_dependency_works_its_dependants_follow(world: World) -> None:
    publish(world, AGENT, FAILING)
    put(world, FAILING)
    put(world, AGENT, FAILING)
    world.run()
    override(world.state(FAILING), FAILING.version, fails=[])
    put(world, FAILING)
    world.run()
    assert installs(world) == ["Zeta", "Zeta", "Agent"]


def test_a_dependency_that_reports_an_error_is_a_failed_one(world: World) -> None:
    publish(world, AGENT, FIRST)
    put(world, FIRST, settings=SETTINGS)
    put(world, AGENT, FIRST)
    world.run()
    report(world, FIRST, "error")
    world.run()
    assert world.extension(AGENT).status.code == "DependencyFailed"


def test_a_dependency_that_is_still_transitioning_is_waited_for(timeless: World) -> None:
    publish(timeless, AGENT, FIRST)
    put(timeless, FIRST, settings=SETTINGS)
    put(timeless, AGENT, FIRST)
    timeless.run()
    assert timeless.version(AGENT) is None
    assert timeless.extension(AGENT).provisioning is ProvisioningState.CREATING
    assert reason(timeless, AGENT) == "OperationInProgress"
    report(timeless, FIRST, "success")
    timeless.run()
    assert timeless.version(AGENT) == AGENT.version


def test_a_runner_waits_for_a_dependency_to_become_ready(timeless: World, clock: FakeClock) -> None:
    publish(timeless, AGENT, FIRST)
    put(timeless, FIRST, settings=SETTINGS)
    put(timeless, AGENT, FIRST)
    clock.on_sleep = lambda: report(timeless, FIRST, "success")
    timeless.run(patience=60.0)
    assert timeless.version(AGENT) == AGENT.version


def test_a_dependency_has_ninety_minutes_to_become_ready(timeless: World, clock: FakeClock) -> None:
    publish(timeless, AGENT, FIRST)
    put(timeless, FIRST, settings=SETTINGS)
    put(timeless, AGENT, FIRST)
    timeless.run()
    clock.pass_time(5400)
    assert reason(timeless, AGENT) == "OperationInProgress"
    clock.pass_time(1)
    assert reason(timeless, AGENT) == "DependencyFailed"


def report(world: World, spec: PackageSpec, kind: str) -> None:
    """Write the status that a handler without a program of its own does not."""
    folder = world.folder(spec) / "status"
    folder.joinpath("1.status").write_text(
        f'[{{"version": 1, "timestampUTC": "", "status": {{"status": "{kind}"}}}}]'
    )


# Changes of version and removals.


def test_a_pass_upgrades_what_is_depended_on_first_and_a_failure_there_stops_nobody(world: World) -> None:
    publish(world, FIRST, AGENT)
    put(world, FIRST)
    put(world, AGENT, FIRST)
    world.run()
    broken = replace(FAILING, version="1.1.0.0", fails=("update",))
    publish(world, broken, replace(AGENT, version="1.1.0.0"))
    assert world.run_pass() == {"Zeta": "RolledBack", "Agent": "Upgraded"}
    history = world.store.operations.history(world.machine.id, None)[::-1]
    assert [o.extension for o in history if o.kind.value == "ChangeVersion"] == ["Zeta", "Agent"]


@pytest.mark.parametrize(
    ("gone", "expected"),
    [([AGENT], ["Agent"]), ([FIRST], ["Zeta"]), ([FIRST, AGENT], ["Agent", "Zeta"])],
    ids=["dependant", "dependency", "all"],
)
def test_removals_take_dependants_first(world: World, gone: list[PackageSpec], expected: list[str]) -> None:
    publish(world, FIRST, AGENT)
    put(world, FIRST)
    put(world, AGENT, FIRST)
    world.run()
    for spec in gone:
        world.remove(spec)
    world.run()
    assert removals(world) == expected


# What is refused and what is shown.


def test_itself_and_cycles_are_refused(world: World) -> None:
    publish(world, AGENT, CLOCK)
    with pytest.raises(InvalidRequestError) as refused:
        put(world, AGENT, AGENT)
    assert refused.value.code == "InvalidDependency"
    put(world, AGENT, CLOCK)
    with pytest.raises(InvalidRequestError) as refused:
        put(world, CLOCK, AGENT)
    assert "clock after agent after clock" in refused.value.message
    assert world.is_gone(CLOCK)


def test_a_name_that_cannot_be_one_is_refused(world: World) -> None:
    publish(world, AGENT)
    with pytest.raises(InvalidRequestError):
        put(world, AGENT, provisionAfterExtensions=["../x"])


def test_what_is_omitted_stays_and_null_clears(world: World) -> None:
    publish(world, AGENT, FIRST)
    put(world, FIRST)
    put(world, AGENT, FIRST)
    world.patch(AGENT, enableAutomaticUpgrade=False)
    assert world.shown(AGENT)["provisionAfterExtensions"] == ["Zeta"]
    world.patch(AGENT, provisionAfterExtensions=None)
    assert "provisionAfterExtensions" not in world.shown(AGENT)


# Case 12: with a configuration that denies the dependency.


@pytest.mark.parametrize("settings", [{"port": 0}, None])
def test_what_depends_on_a_denied_extension_fails(world: World, settings: object) -> None:
    publish(world, FIRST, AGENT, CLOCK)
    put(world, FIRST, settings=settings)
    put(world, AGENT, FIRST)
    put(world, CLOCK)
    world.configure(block_list=["Contoso.Sample/Zeta"])
    world.run()
    assert world.version(CLOCK) == CLOCK.version
    assert world.version(AGENT) is None
    assert world.extension(AGENT).status.code == "DependencyFailed"
    assert "extensions.blocklist" in world.extension(AGENT).status.message


def test_what_depends_on_one_that_was_denied_after_its_install_fails(world: World) -> None:
    publish(world, FIRST, AGENT)
    put(world, FIRST)
    world.run()
    world.configure(block_list=["Contoso.Sample/Zeta"])
    put(world, AGENT, FIRST)
    world.run()
    assert world.version(AGENT) is None


def test_a_chain_of_allowed_extensions_installs(world: World) -> None:
    publish(world, FIRST, AGENT)
    world.configure(allow_list=["Contoso.Sample/Zeta", "Contoso.Sample/Agent"])
    put(world, FIRST)
    put(world, AGENT, FIRST)
    world.run()
    assert world.version(AGENT) == AGENT.version


@pytest.mark.parametrize("denied", [False, True])
def test_what_depends_on_one_of_several_of_a_handler_waits_for_it_and_falls_with_it(
    world: World, denied: bool
) -> None:
    publish(world, MULTI, AGENT)
    several = Several(world)
    world.put(AGENT, None, settings=None, provisionAfterExtensions=["b"])
    for name in ("a", "b"):
        several.put(name, settings=None)
    if denied:
        world.configure(block_list=["Contoso.Sample/Multi"])
    world.run()
    assert world.version(AGENT) == (None if denied else AGENT.version)
    assert installs(world) == ([] if denied else ["a", "b", "Agent"])


@pytest.mark.parametrize("denied", [False, True])
def test_of_several_of_a_handler_only_the_one_that_depends_falls_with_what_it_depends_on(
    world: World, denied: bool
) -> None:
    publish(world, MULTI, FIRST)
    several = Several(world)
    several.put("a", settings=None, provisionAfterExtensions=["Zeta"])
    several.put("b", settings=None)
    put(world, FIRST)
    if denied:
        world.configure(block_list=["Contoso.Sample/Zeta"])
    world.run()
    assert (several.version("a"), several.version("b")) == (None if denied else MULTI.version, MULTI.version)


def test_the_rollback_of_one_of_several_holds_up_what_depends_on_another_of_them(world: World) -> None:
    several = Several(world)
    world.policy(rollback_pause=3600.0)
    several.install("a", "b")
    world.publish(replace(V2, fails=("enable a",)))
    override(world.state(V1), V1.version, fails=["enable b"])
    assert world.run_pass()["b"] == "RollbackPending"
    publish(world, CLOCK)
    put(world, CLOCK, provisionAfterExtensions=["b"])
    pass_id = world.ask_for_pass()
    world.run()
    decisions = {d.extension: d for d in world.store.passes.decisions(pass_id)}
    assert decisions["Clock"].reason == "DependencyFailed"
    assert decisions["Clock"].message == "It waits for 'b', whose rollback is pending."
