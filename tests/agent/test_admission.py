"""What a machine does not admit runs nowhere: requests, passes, the safe point, what is shown.

Handler contract, cases 10 and 11 and the end of 33.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.several import V1, Several
from agent.world import World, at
from connectedmachine.model.errors import PermissionDeniedError
from connectedmachine.model.operation import Outcome
from connectedmachine.model.resource import ProvisioningState
from packages import AGENT, CLOCK, PackageSpec

NEWER = replace(AGENT, version="1.1.0.0")
QUIET = replace(AGENT, noop=True)
QUIETER = [replace(QUIET, version="1.1.0.0"), replace(QUIET, version="1.2.0.0")]
BEATING = replace(AGENT, report_heartbeat=True)
DENY = ["Contoso.Sample/Agent"]


def message(world: World, spec: PackageSpec) -> str:
    return str(world.shown(spec)["instanceView"]["status"]["message"])


# Case 10: extensions off.


@pytest.mark.parametrize("settings", [{"port": 0}, None])
def test_switched_off_a_request_fails_fast_and_changes_nothing(world: World, settings: object) -> None:
    world.publish(AGENT)
    world.configure(extensions_enabled=False)
    with pytest.raises(PermissionDeniedError) as refused:
        world.put(AGENT, settings=settings)
    assert refused.value.code == "ExtensionsDisabled"
    assert world.is_gone(AGENT)


def test_switched_off_what_there_is_is_still_shown_and_nothing_runs(world: World) -> None:
    world.install(AGENT)
    ran = world.ran(AGENT)
    world.publish(NEWER)
    world.configure(extensions_enabled=False)
    assert world.run_pass() == {"Agent": "BlockedByPolicy"}
    with pytest.raises(PermissionDeniedError):
        world.remove(AGENT)
    assert world.ran(AGENT) == ran
    shown = world.shown(AGENT)
    assert shown["typeHandlerVersion"] == AGENT.version
    assert shown["instanceView"]["status"]["code"] == "ExtensionsDisabled"


def test_switched_on_again_all_works(world: World) -> None:
    world.install(QUIET, settings=None)
    world.publish(QUIETER[0])
    world.configure(extensions_enabled=False)
    world.run_pass()
    world.configure(extensions_enabled=None)
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert world.shown(AGENT)["instanceView"]["status"]["code"] != "ExtensionsDisabled"


def test_a_removal_that_was_asked_for_waits_until_extensions_are_switched_on(world: World) -> None:
    world.install(QUIET)
    world.remove(AGENT)
    world.configure(extensions_enabled=False)
    world.run()
    assert world.version(AGENT) == AGENT.version
    assert world.extension(AGENT).provisioning is ProvisioningState.FAILED
    world.configure(extensions_enabled=True)
    world.run()
    assert world.is_gone(AGENT)


# Case 11: lists.


def test_what_is_allowed_installs(world: World) -> None:
    world.configure(allow_list=["contoso.sample/agent"])
    world.install(AGENT)
    assert world.answer(AGENT) is not None


@pytest.mark.parametrize("settings", [{"port": 0}, None])
def test_what_is_denied_fails_fast_and_changes_nothing(world: World, settings: object) -> None:
    world.publish(AGENT)
    world.configure(allow_list=["Contoso.Sample/Clock"])
    with pytest.raises(PermissionDeniedError) as refused:
        world.put(AGENT, settings=settings)
    assert refused.value.code == "ExtensionNotAllowed"
    assert "extensions.allowlist" in refused.value.message
    assert world.is_gone(AGENT)


def test_what_was_denied_and_is_allowed_later_installs(world: World) -> None:
    world.publish(QUIET)
    world.configure(block_list=DENY)
    with pytest.raises(PermissionDeniedError):
        world.put(AGENT)
    world.configure(block_list=[])
    world.put(AGENT)
    world.run()
    assert world.version(AGENT) == AGENT.version


def test_a_denied_extension_can_be_removed(world: World) -> None:
    world.install(AGENT)
    world.configure(block_list=DENY)
    world.remove(AGENT)
    world.run()
    assert world.is_gone(AGENT)
    assert world.ran(AGENT)[-2:] == ["disable 1.0.0.0", "uninstall 1.0.0.0"]


def test_one_that_is_denied_later_shows_it_and_no_command_runs_on_it(world: World) -> None:
    world.install(AGENT)
    world.install(CLOCK)
    ran = world.ran(AGENT)
    world.publish(NEWER)
    world.publish(replace(CLOCK, version="1.1.0.0"))
    world.configure(block_list=DENY)
    assert world.run_pass() == {"Agent": "BlockedByPolicy", "Clock": "Upgraded"}
    with pytest.raises(PermissionDeniedError):
        world.patch(AGENT, settings={"port": 1})
    with pytest.raises(PermissionDeniedError):
        world.patch(AGENT, typeHandlerVersion="1.1")
    assert world.ran(AGENT) == ran
    status = world.shown(AGENT)["instanceView"]["status"]
    assert (status["code"], status["level"], status["displayStatus"]) == (
        "ExtensionNotAllowed",
        "Error",
        "Not ready",
    )
    assert world.answer(AGENT) is not None


@pytest.mark.parametrize("allowed", [["Contoso.Sample/Multi"], ["Contoso.Sample/Clock"]])
def test_two_of_one_handler_are_both_let_in_or_both_refused(world: World, allowed: list[str]) -> None:
    world.publish(replace(V1, noop=True))
    world.configure(allow_list=allowed)
    several = Several(world)
    if allowed == ["Contoso.Sample/Multi"]:
        several.put("a")
        several.put("b")
        world.run()
        assert (several.version("a"), several.version("b")) == (V1.version, V1.version)
        return
    for name in ("a", "b"):
        with pytest.raises(PermissionDeniedError) as refused:
            several.put(name)
        assert refused.value.code == "ExtensionNotAllowed"
    assert (several.is_gone("a"), several.is_gone("b")) == (True, True)


def test_flags_of_a_denied_extension_are_accepted(world: World) -> None:
    world.install(QUIET)
    world.configure(block_list=DENY)
    world.opt_out(AGENT)
    world.put(AGENT, enableAutomaticUpgrade=False)
    assert not world.extension(AGENT).automatic_upgrade


def test_denial_wins_over_a_heartbeat_that_says_ready(world: World) -> None:
    world.install(BEATING)
    world.configure(block_list=DENY)
    world.run_pass()
    assert "extensions.blocklist" in message(world, BEATING)


def test_a_denied_version_is_passed_over_for_the_newest_that_is_admitted(world: World) -> None:
    world.install(QUIET, settings=None)
    for spec in QUIETER:
        world.publish(spec)
    world.configure(block_list=["Contoso.Sample/Agent@1.2"])
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert world.version(AGENT) == NEWER.version


def test_a_request_takes_the_highest_version_that_is_admitted(world: World) -> None:
    for spec in (QUIET, *QUIETER):
        world.publish(spec)
    world.configure(block_list=["Contoso.Sample/Agent@1.2"])
    world.put(AGENT, "1")
    world.run()
    assert world.version(AGENT) == NEWER.version
    with pytest.raises(PermissionDeniedError):
        world.patch(AGENT, typeHandlerVersion="1.2")


# The safe point and what has begun.


@pytest.mark.parametrize("point", ["before fetch(new)", "before baseline(old)"])
def test_an_upgrade_that_is_denied_before_anything_was_touched_is_withdrawn(world: World, point: str) -> None:
    world.install(AGENT)
    ran = world.ran(AGENT)
    world.publish(NEWER)
    deny = at(point, lambda: world.configure(block_list=["Contoso.Sample/Agent@1.1"]))
    assert world.run_pass(deny) == {"Agent": "BlockedByPolicy"}
    assert world.ran(AGENT) == ran
    assert world.last(AGENT).outcome is Outcome.CANCELLED
    assert world.left_behind() == []


def test_an_install_that_is_denied_before_it_ran_leaves_nothing(world: World) -> None:
    world.publish(AGENT)
    world.put(AGENT)
    world.run(at("before fetch(new)", lambda: world.configure(block_list=DENY)))
    assert world.version(AGENT) is None
    assert world.version_folders() == []
    assert world.ran(AGENT) == []


def test_an_upgrade_that_is_denied_later_is_brought_to_its_end(world: World) -> None:
    world.install(AGENT)
    world.publish(NEWER)
    deny = at("before update(new) to new", lambda: world.configure(block_list=DENY))
    assert world.run_pass(deny) == {"Agent": "Upgraded"}
    assert world.version(AGENT) == NEWER.version


def test_a_wish_that_is_denied_before_its_turn_is_given_up_and_says_so(world: World) -> None:
    world.publish(QUIET)
    world.put(AGENT)
    world.configure(block_list=["Contoso.Sample/Agent@1.0"])
    world.run()
    extension = world.extension(AGENT)
    assert (extension.target, extension.provisioning) == (None, ProvisioningState.FAILED)
    assert extension.status.code == "ExtensionNotAllowed"
    world.configure(block_list=None)
    assert world.run_pass() == {"Agent": "Installed"}


def test_settings_that_are_denied_before_their_turn_are_applied_once_they_are_admitted(world: World) -> None:
    world.install(QUIET)
    world.patch(AGENT, settings={"port": 0, "more": 1})
    world.configure(block_list=DENY)
    world.run()
    assert world.extension(AGENT).provisioning is ProvisioningState.FAILED
    world.configure(block_list=None)
    world.run()
    extension = world.extension(AGENT)
    assert extension.provisioning is ProvisioningState.SUCCEEDED
    assert extension.settings_tried == extension.settings.seq
