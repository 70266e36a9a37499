"""A rollback that does not come through is pending: tried again, or settled by an operator, never dead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectedmachine.model.operation import Choice, Do, Outcome, Pause, Side
from connectedmachine.model.policy import ARC_2021
from connectedmachine.upgrade.operation import LONGEST_PAUSE, next_step
from upgrade.support import FAILED, LOST, MANIFEST, Played, decide, go_on, operation, perform, play, step_of

FURTHER_TRY = [
    "restore(old)",
    "uninstall(old)",
    "install(old)",
    "enable(old)",
    "confirm(old)",
    "discard(new)",
]
OLD_SIDE = ["restore(old)", "install(old)", "enable(old)", "confirm(old)"]


def pending(step: str = "enable(old)") -> Played:
    return play(operation(), {"watch(new)": [FAILED], step: [FAILED]})


@pytest.mark.parametrize("step", OLD_SIDE)
def test_a_failure_on_the_old_versions_side_leaves_the_rollback_pending(step: str) -> None:
    played = pending(step)
    assert played.steps()[-1] == step
    assert step in played.pause.message
    assert "watch(new) failed" in played.pause.message
    assert played.pause.since == played.operation.journal[-1].ended


@pytest.mark.parametrize("step", OLD_SIDE)
def test_a_further_try_starts_with_a_fresh_restore_and_does_all_of_it(step: str) -> None:
    played = go_on(pending(step))
    assert played.steps(2) == FURTHER_TRY
    assert (played.end.outcome, played.end.installed) == (Outcome.ROLLED_BACK, Side.OLD)


def test_a_further_try_passes_over_a_failing_uninstall_of_the_old_version() -> None:
    played = go_on(pending(), {"uninstall(old)": [FAILED]})
    assert played.steps(2) == FURTHER_TRY
    assert played.end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("step", OLD_SIDE)
def test_a_further_try_that_fails_is_not_the_last(step: str) -> None:
    played = go_on(pending(), {step: [FAILED]})
    assert played.pause.then == Do(step_of(pending().pause.then), 3)
    assert go_on(played).end.outcome is Outcome.ROLLED_BACK


def test_a_further_try_does_not_enable_what_was_not_enabled() -> None:
    played = play(operation(old_enabled=False), {"install(new)": [FAILED], "install(old)": [FAILED]})
    assert go_on(played).steps(2) == ["restore(old)", "uninstall(old)", "install(old)", "discard(new)"]


def test_pauses_double_up_to_a_day_for_ever() -> None:
    policy = replace(ARC_2021, rollback_pause=60.0)
    played = play(operation(policy=policy), {"watch(new)": [FAILED], "enable(old)": [FAILED]})
    pauses = []
    for _ in range(60):
        pauses.append(played.pause.seconds)
        played = go_on(played, {"enable(old)": [FAILED]})
    assert pauses[:4] == [60.0, 120.0, 240.0, 480.0]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_a_pause_is_over_when_its_time_is_up() -> None:
    pause = pending().pause
    assert not pause.is_due(pause.since)
    assert not pause.is_due(pause.since + timedelta(seconds=pause.seconds - 1))
    assert pause.is_due(pause.since + timedelta(seconds=pause.seconds))


def test_a_clock_that_was_set_back_ends_a_pause() -> None:
    pause = pending().pause
    assert pause.is_due(pause.since - timedelta(days=400))


def test_a_further_try_that_was_interrupted_goes_on_where_it_was() -> None:
    played = pending()
    current = perform(played.operation, played.pause.then, {}, MANIFEST)
    assert str(step_of(next_step(current))) == "uninstall(old)"


def test_an_operator_may_have_it_tried_now() -> None:
    played = play(decide(pending().operation, Choice.BACK))
    assert played.steps(2) == FURTHER_TRY
    assert played.end.outcome is Outcome.ROLLED_BACK


def test_the_choice_to_try_now_is_good_for_one_try() -> None:
    played = play(decide(pending().operation, Choice.BACK), {"enable(old)": [FAILED]})
    assert isinstance(played.next, Pause)
    assert played.pause.then.round == 3


def test_an_operator_may_choose_forward_and_both_versions_make_room() -> None:
    played = play(decide(pending().operation, Choice.FORWARD))
    assert played.steps(-1) == ["uninstall(old)", "discard(old)", "discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, None)
    assert "forward to 1.1.0.0" in played.end.message


def test_an_operator_may_stop_and_the_old_version_stays_as_it_is() -> None:
    played = play(decide(pending().operation, Choice.STOP))
    assert played.steps(-1) == ["discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, Side.OLD)
    assert "stopped" in played.end.message


@pytest.mark.parametrize("outcome", [FAILED, LOST])
@pytest.mark.parametrize("choice", [Choice.FORWARD, Choice.STOP])
def test_no_failure_keeps_an_operators_choice_from_ending_it(choice: Choice, outcome: object) -> None:
    fault = FAILED if outcome is FAILED else LOST
    faults = {step: [fault] for step in ("uninstall(old)", "discard(old)", "discard(new)")}
    if choice is Choice.STOP:
        faults = {"discard(new)": [fault]}
    assert play(decide(pending().operation, choice), faults).end.outcome is Outcome.FAILED


def test_an_operator_may_choose_again_after_a_try_of_their_own_failed() -> None:
    tried = play(decide(pending().operation, Choice.BACK), {"enable(old)": [FAILED]})
    assert play(decide(tried.operation, Choice.STOP)).end.outcome is Outcome.FAILED


def test_a_choice_from_before_the_last_try_decides_nothing() -> None:
    tried = play(decide(pending().operation, Choice.BACK), {"restore(old)": [FAILED]})
    assert isinstance(next_step(tried.operation), Pause)
