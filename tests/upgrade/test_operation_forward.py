"""A version change on its way forward (design page section 5, first table)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectedmachine.model.operation import Do, Outcome, Side, Step, StepName
from connectedmachine.model.policy import ARC_2021
from connectedmachine.upgrade.operation import exit_code_of, next_step
from upgrade.support import (
    DONE,
    FAILED,
    LOST,
    MANIFEST,
    Faults,
    conclude,
    intend,
    operation,
    perform,
    play,
)

WITHOUT_INSTALL = replace(MANIFEST, update_with_install=False)
GOES_ON = replace(MANIFEST, continue_on_update_failure=True)

FORWARD = [
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


def without(*steps: str) -> list[str]:
    return [step for step in FORWARD if step not in steps]


def test_an_upgrade_takes_azures_order_and_succeeds() -> None:
    played = play(operation())
    assert played.steps() == FORWARD
    assert (played.end.outcome, played.end.installed) == (Outcome.SUCCEEDED, Side.NEW)
    assert "from 1.0.0.0 to 1.1.0.0" in played.end.message


def test_install_is_left_out_when_the_new_manifest_says_update_without_install() -> None:
    assert play(operation(), manifest=WITHOUT_INSTALL).steps() == without("install(new)")


def test_an_old_version_that_was_not_enabled_is_not_disabled() -> None:
    assert play(operation(old_enabled=False)).steps() == without("disable(old)")


def test_on_a_downgrade_the_old_version_runs_update_and_is_told_the_target() -> None:
    played = play(operation(old="1.1", new="1.0"))
    assert played.steps() == [s.replace("update(new) to new", "update(old) to new") for s in FORWARD]
    assert played.end.message.startswith("Downgraded from 1.1.0.0 to 1.0.0.0.")


@pytest.mark.parametrize(
    ("automatic", "manual_window", "watched"), [(True, 0.0, True), (False, 0.0, False), (False, 9.0, True)]
)
def test_only_a_window_longer_than_zero_is_watched(
    automatic: bool, manual_window: float, watched: bool
) -> None:
    policy = replace(ARC_2021, manual_health_window=manual_window)
    steps = play(operation(automatic=automatic, policy=policy)).steps()
    assert steps == (FORWARD if watched else without("watch(new)"))


def test_a_policy_without_a_window_watches_no_automatic_upgrade() -> None:
    steps = play(operation(policy=replace(ARC_2021, health_window=0.0))).steps()
    assert steps == without("watch(new)")


def test_a_fetch_that_fails_ends_the_operation_with_nothing_touched() -> None:
    played = play(operation(), {"fetch(new)": [FAILED]})
    # What an attempt may have unpacked before it failed is not left beside the old version.
    assert played.steps() == ["fetch(new)", "discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, Side.OLD)
    assert played.end.code == "HandlerFailed"
    assert "1.0.0.0 was not touched" in played.end.message


@pytest.mark.parametrize("step", ["disable(old)", "uninstall(old)"])
def test_without_the_new_manifests_leave_a_failure_of_the_old_version_undoes(step: str) -> None:
    played = play(operation(), {step: [FAILED]})
    assert played.steps(0) == FORWARD[: FORWARD.index(step) + 1]
    assert played.end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("step", ["disable(old)", "uninstall(old)"])
def test_with_the_new_manifests_leave_a_failure_of_the_old_version_is_passed_over(step: str) -> None:
    played = play(operation(), {step: [FAILED]}, manifest=GOES_ON)
    assert played.steps() == FORWARD
    assert played.end.outcome is Outcome.SUCCEEDED


def test_the_leave_is_the_new_manifests_to_give_not_the_old_ones() -> None:
    begun = replace(operation(), old_manifest=GOES_ON)
    assert play(begun, {"disable(old)": [FAILED]}).end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize(
    "step", ["carry(new)", "update(new) to new", "keep(old)", "install(new)", "enable(new)", "watch(new)"]
)
def test_the_leave_covers_no_other_step(step: str) -> None:
    played = play(operation(), {step: [FAILED]}, manifest=GOES_ON)
    assert played.end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize(
    ("name", "faults", "code"),
    [
        (StepName.DISABLE, {"disable(old)": [FAILED]}, 7),
        (StepName.UNINSTALL, {"uninstall(old)": [FAILED]}, 7),
        (StepName.UNINSTALL, {}, 0),
        (StepName.DISABLE, {"disable(old)": [LOST, DONE]}, 0),
    ],
)
def test_later_commands_are_told_the_exit_code_of_the_last_attempt(
    name: StepName, faults: Faults, code: int
) -> None:
    played = play(operation(), faults, manifest=GOES_ON)
    assert exit_code_of(played.operation, Step(name, Side.OLD)) == code


def test_a_command_that_never_ran_has_no_exit_code() -> None:
    played = play(operation(old_enabled=False))
    assert exit_code_of(played.operation, Step(StepName.DISABLE, Side.OLD)) is None


def test_a_failed_retire_is_passed_over() -> None:
    played = play(operation(), {"retire(old)": [FAILED]})
    assert played.end.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("step", FORWARD)
def test_a_lost_step_is_done_again_and_the_way_goes_on(step: str) -> None:
    played = play(operation(), {step: [LOST]})
    at = FORWARD.index(step)
    assert played.steps() == [*FORWARD[:at], step, *FORWARD[at:]]
    assert played.end.outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize("step", ["disable(old)", "uninstall(old)"])
def test_a_repeated_disable_or_uninstall_that_fails_counts_as_done(step: str) -> None:
    """The first, whose end nobody saw, may have worked."""
    played = play(operation(), {step: [LOST, FAILED]})
    assert played.end.outcome is Outcome.SUCCEEDED
    assert played.steps().count(step) == 2


@pytest.mark.parametrize("step", ["update(new) to new", "install(new)", "enable(new)"])
def test_any_other_repeated_command_that_fails_has_failed(step: str) -> None:
    played = play(operation(), {step: [LOST, FAILED]})
    assert played.end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("position", range(len(FORWARD)))
def test_an_intent_without_outcome_is_resumed(position: int) -> None:
    current = operation()
    for _ in range(position):
        following = next_step(current)
        assert isinstance(following, Do)
        current = perform(current, following, {}, MANIFEST)
    following = next_step(current)
    assert isinstance(following, Do)
    assert not following.resume
    resumed = next_step(intend(current, following))
    assert resumed == replace(following, resume=True)
    assert str(following.step) == FORWARD[position]


def test_success_says_what_the_health_window_found() -> None:
    current = operation()
    while True:
        following = next_step(current)
        if not isinstance(following, Do):
            break
        watched = following.step.name is StepName.WATCH
        current = conclude(
            intend(current, following),
            DONE,
            message="Healthy all along." if watched else "noise",
            manifest=MANIFEST if following.step.name is StepName.FETCH else None,
        )
    assert str(getattr(following, "message", "")).endswith("to 1.1.0.0. Healthy all along.")
