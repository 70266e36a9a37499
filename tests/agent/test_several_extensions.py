"""Several extensions of one handler (handler contract 7, cases 15 and 32)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from agent.several import V1, V2, Several
from agent.world import GROUP, MACHINE, PowerCutError, World, at
from connectedmachine.model.errors import ConflictError
from packages import AGENT, override


@pytest.fixture
def several(world: World) -> Several:
    return Several(world)


def test_three_of_one_handler_and_one_of_another_are_installed_together(several: Several) -> None:
    several.world.publish(AGENT)
    several.world.put(AGENT)
    several.install("a", "b", "c")
    assert several.ran() == [
        "install 1.0.0.0 a",
        "enable 1.0.0.0 a",
        "enable 1.0.0.0 b",
        "enable 1.0.0.0 c",
    ]
    assert several.serving("a", "b", "c") == dict.fromkeys("abc", "1.0.0.0")
    assert several.world.ran(AGENT) == ["install 1.0.0.0", "enable 1.0.0.0"]
    assert several.files() == {f"{name}.1.{kind}" for name in "abc" for kind in ("settings", "status")}


def test_new_settings_of_one_enable_that_one_and_leave_the_others_alone(several: Several) -> None:
    several.install("a", "b")
    several.ran()
    before = several.answer("b")
    several.patch("a", settings={"port": 0, "more": True})
    several.world.run()
    assert several.ran() == ["enable 1.0.0.0 a"]
    assert several.answer("b") == before
    assert {"a.2.settings", "a.2.status", "b.1.settings"} <= several.files()


def test_a_further_one_is_enabled_on_the_version_there_is_though_a_newer_one_is_published(
    several: Several,
) -> None:
    several.install("a")
    several.world.publish(V2)
    several.ran()
    several.put("b")
    several.world.run()
    assert several.ran() == ["enable 1.0.0.0 b"]
    assert several.steps("b") == ["enable(new, b)"]
    assert several.serving("a", "b") == {"a": "1.0.0.0", "b": "1.0.0.0"}


def test_a_further_one_that_fails_leaves_no_file_and_touches_no_other(several: Several) -> None:
    several.install("a")
    override(several.world.state(V1), V1.version, fails=["enable b"])
    several.ran()
    several.put("b")
    several.world.run()
    assert several.ran() == ["enable 1.0.0.0 b", "disable 1.0.0.0 b"]
    assert (several.version("b"), several.version("a")) == (None, "1.0.0.0")
    assert several.files() == {"a.1.settings", "a.1.status"}
    assert several.extension("b").provisioning.value == "Failed"
    assert several.extension("a").provisioning.value == "Succeeded"
    assert several.serving("a") == {"a": "1.0.0.0"}
    assert several.world.run_pass() == {"a": "UpToDate", "b": "RetryNotDue"}


def test_one_that_failed_is_enabled_alone_when_it_is_asked_for_again(several: Several) -> None:
    several.install("a")
    override(several.world.state(V1), V1.version, fails=["enable b"])
    several.put("b")
    several.world.run()
    override(several.world.state(V1), V1.version)
    several.ran()
    several.put("b")
    several.world.run()
    assert several.ran() == ["enable 1.0.0.0 b"]
    assert several.serving("a", "b") == {"a": "1.0.0.0", "b": "1.0.0.0"}


def test_each_has_a_log_of_its_own_commands(several: Several) -> None:
    several.install("a", "b")
    logs = several.world.places.library.log_folder(several.extension("a").handler)
    heads = {path.name: path.read_text().split()[1] for path in logs.glob("CommandExecution*")}
    assert heads == {
        "CommandExecution.log": "install",
        "CommandExecution_a.log": "enable",
        "CommandExecution_b.log": "enable",
    }


def test_an_upgrade_moves_all_once_and_each_gets_its_decision_of_it(several: Several) -> None:
    several.install("a", "b", "c")
    several.ran()
    several.world.publish(V2)
    assert several.world.run_pass() == dict.fromkeys("abc", "Upgraded")
    assert several.ran() == [
        "disable 1.0.0.0 a",
        "disable 1.0.0.0 b",
        "disable 1.0.0.0 c",
        "update 1.1.0.0 a",
        "uninstall 1.0.0.0 a",
        "install 1.1.0.0 a",
        "enable 1.1.0.0 a",
        "enable 1.1.0.0 b",
        "enable 1.1.0.0 c",
    ]
    assert several.serving("a", "b", "c") == dict.fromkeys("abc", "1.1.0.0")
    assert len({several.last(name).id for name in "abc"}) == 1
    decisions = several.world.store.passes.latest(several.world.machine.id)
    assert {d.operation_id for d in decisions.values()} == {several.last("a").id}


def test_the_update_is_told_how_each_disable_ended(several: Several) -> None:
    several.install("a", "b")
    override(several.world.state(V1), V1.version, fails=["disable b"], exit_code=7)
    several.world.publish(replace(V2, continue_on_update_failure=True))
    several.world.run_pass()
    update = next(run for run in several.world.commands(V1) if run.command == "update")
    assert "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE" not in update.environment
    assert json.loads(update.environment["AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODES_MULTIPLE_EXTENSIONS"]) == [
        {"extensionName": "a", "exitCode": 0},
        {"extensionName": "b", "exitCode": 7},
    ]


def test_an_enable_of_one_that_fails_brings_the_old_version_back_for_all(several: Several) -> None:
    several.install("a", "b")
    several.world.publish(replace(V2, fails=("enable b",)))
    assert several.world.run_pass() == {"a": "RolledBack", "b": "RolledBack"}
    assert several.serving("a", "b") == {"a": "1.0.0.0", "b": "1.0.0.0"}
    assert several.world.run_pass() == {"a": "RetryNotDue", "b": "RetryNotDue"}
    assert several.world.version_folders() == ["Contoso.Sample.Multi-1.0.0.0"]


def test_the_bad_health_of_one_brings_the_old_version_back_for_all(several: Several) -> None:
    several.install("a", "b")
    several.world.publish(replace(V2, unhealthy_after_seconds=0.0))
    assert several.world.run_pass() == {"a": "RolledBack", "b": "RolledBack"}
    message = several.last("b").message
    assert "handler:contoso.sample.multi/a" in message
    assert "handler:contoso.sample.multi/b" in message


def test_a_newcomer_may_bring_another_version_for_all(several: Several) -> None:
    several.install("a")
    several.world.publish(V2)
    several.put("b", "1.1")
    several.world.run()
    assert several.serving("a", "b") == {"a": "1.1.0.0", "b": "1.1.0.0"}
    assert (several.version("a"), several.version("b")) == ("1.1.0.0", "1.1.0.0")


def test_a_newcomer_whose_version_fails_stays_away_and_the_others_stay(several: Several) -> None:
    several.install("a")
    several.world.publish(replace(V2, fails=("enable b",)))
    several.put("b", "1.1")
    several.world.run()
    assert several.serving("a") == {"a": "1.0.0.0"}
    assert (several.version("a"), several.version("b")) == ("1.0.0.0", None)
    assert several.files() == {"a.1.settings", "a.1.status"}


def test_an_opt_out_of_one_before_anything_was_touched_stops_the_upgrade_of_all(several: Several) -> None:
    several.install("a", "b")
    several.world.publish(V2)
    several.ran()
    stop = at("after fetch(new)", lambda: several.patch("b", enableAutomaticUpgrade=False))
    assert several.world.run_pass(stop) == {"a": "Interrupted", "b": "Interrupted"}
    assert several.ran() == []


def test_one_of_several_is_removed_with_its_files_alone(several: Several) -> None:
    several.install("a", "b")
    several.ran()
    several.remove("a")
    several.world.run()
    assert several.ran() == ["disable 1.0.0.0 a"]
    assert several.is_gone("a")
    assert several.files() == {"b.1.settings", "b.1.status"}
    assert several.serving("b") == {"b": "1.0.0.0"}


def test_a_disable_that_fails_keeps_none_from_being_removed(several: Several) -> None:
    several.install("a", "b")
    override(several.world.state(V1), V1.version, fails=["disable a"])
    several.remove("a")
    several.world.run()
    assert several.is_gone("a")
    assert "a.1.settings" not in several.files()


def test_when_each_is_removed_the_last_takes_the_handler_with_it(several: Several) -> None:
    several.install("a", "b", "c")
    several.ran()
    for name in ("a", "b", "c"):
        several.remove(name)
    several.world.run()
    assert several.ran() == [
        "disable 1.0.0.0 a",
        "disable 1.0.0.0 b",
        "disable 1.0.0.0 c",
        "uninstall 1.0.0.0 c",
    ]
    assert several.world.version_folders() == []
    assert several.world.serving(V1) == []


def test_removal_of_one_during_the_window_lets_the_others_be_watched_to_its_end(several: Several) -> None:
    several.install("a", "b")
    several.world.publish(V2)
    several.world.run_pass(at("before watch(new)", lambda: several.remove("a")))
    assert several.is_gone("a")
    assert several.serving("b") == {"b": "1.1.0.0"}
    assert several.last("b").outcome == "Succeeded"


def test_a_version_that_serves_one_only_is_not_even_unpacked_while_there_are_several(
    several: Several,
) -> None:
    several.install("a", "b")
    several.ran()
    several.world.publish(replace(V2, supports_multiple_extensions=False))
    assert several.world.run_pass() == {"a": "Failed", "b": "Failed"}
    assert several.ran() == []
    assert several.world.version_folders() == ["Contoso.Sample.Multi-1.0.0.0"]
    assert several.last("a").code == "MultipleExtensionsNotSupported"
    assert "'a', 'b'" in several.last("a").message


@pytest.mark.parametrize("fails", [(), ("enable",)])
def test_one_extension_may_move_to_a_version_that_serves_one_only_and_back(
    several: Several, fails: tuple[str, ...]
) -> None:
    several.install("a")
    single = replace(V2, supports_multiple_extensions=False, fails=fails)
    several.world.publish(single)
    several.world.run_pass()
    assert several.version("a") == ("1.0.0.0" if fails else "1.1.0.0")
    assert several.serving("a") == {"a": "1.0.0.0" if fails else None}
    if not fails:
        assert several.files(single) >= {"1.settings", "1.status"}


def test_a_pending_rollback_is_shown_on_all_and_ends_for_all(several: Several) -> None:
    several.world.policy(rollback_pause=3600.0)
    several.install("a", "b")
    several.world.publish(replace(V2, fails=("enable a",)))
    override(several.world.state(V1), V1.version, fails=["enable b"])
    assert several.world.run_pass() == {"a": "RollbackPending", "b": "RollbackPending"}
    assert several.extension("b").status.code == "RollbackPending"
    with pytest.raises(ConflictError, match="'b'"):
        several.remove("a")
    override(several.world.state(V1), V1.version)
    several.world.service.upgrade_resolve(
        resource_group=GROUP, machine=MACHINE, name="b", choice="back", follow=several.world.listener
    )
    several.world.run()
    assert several.serving("a", "b") == {"a": "1.0.0.0", "b": "1.0.0.0"}


@pytest.mark.parametrize("choice", ["stop", "forward"])
def test_what_an_operator_decides_holds_for_all_and_each_can_be_set_again(
    several: Several, choice: str
) -> None:
    several.world.policy(rollback_pause=3600.0)
    several.install("a", "b")
    several.world.publish(replace(V2, fails=("enable a",)))
    override(several.world.state(V1), V1.version, fails=["enable b"])
    several.world.run_pass()
    override(several.world.state(V1), V1.version)
    override(several.world.state(V1), V2.version, fails=[])
    several.world.service.upgrade_resolve(
        resource_group=GROUP, machine=MACHINE, name="b", choice=choice, follow=several.world.listener
    )
    several.world.run()
    if choice == "stop":
        assert several.extension("a").stopped
        assert several.extension("b").stopped
        several.put("a", "1.0")
        several.put("b", "1.0")
        several.world.run()
    version = "1.0.0.0" if choice == "stop" else "1.1.0.0"
    assert several.serving("a", "b") == {"a": version, "b": version}
    assert several.world.version_folders() == [f"Contoso.Sample.Multi-{version}"]


@pytest.mark.parametrize("point", ["before enable(new, b)", "after enable(new, a)", "after disable(old, a)"])
def test_a_runner_that_dies_between_two_of_them_is_taken_up_where_it_was(
    several: Several, point: str
) -> None:
    several.install("a", "b")
    several.ran()
    several.world.publish(V2)

    def cut() -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        several.world.run_pass(at(point, cut))
    several.world.run()
    assert several.serving("a", "b") == {"a": "1.1.0.0", "b": "1.1.0.0"}
    commands = several.ran()
    assert len(commands) == len(set(commands))
