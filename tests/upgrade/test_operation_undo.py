"""What an undo does, and in which order (design page section 5, "Undo")."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectedmachine.model.operation import Outcome, Side
from upgrade.support import FAILED, LOST, MANIFEST, operation, play

NEW_ENABLED = ["disable(new)", "update(new) to old", "uninstall(new)"]
OLD_BACK = ["restore(old)", "install(old)", "enable(old)", "confirm(old)"]

UNDO = {
    # An undo undoes only what was begun: each failed step of the way forward, and what is to be undone.
    "baseline(old)": [],
    "disable(old)": ["restore(old)", "enable(old)", "confirm(old)"],
    "carry(new)": ["restore(old)", "enable(old)", "confirm(old)"],
    "update(new) to new": ["uninstall(new)", "restore(old)", "enable(old)", "confirm(old)"],
    "uninstall(old)": ["uninstall(new)", *OLD_BACK],
    "keep(old)": ["uninstall(new)", *OLD_BACK],
    "install(new)": ["uninstall(new)", *OLD_BACK],
    "enable(new)": ["disable(new)", "uninstall(new)", *OLD_BACK],
    "watch(new)": [*NEW_ENABLED, *OLD_BACK],
}


@pytest.mark.parametrize(("failed", "undone"), UNDO.items())
def test_an_upgrade_undoes_what_it_had_begun_and_nothing_else(failed: str, undone: list[str]) -> None:
    played = play(operation(), {failed: [FAILED]})
    assert played.steps(1) == [*undone, "discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.ROLLED_BACK, Side.OLD)
    assert "it broke" in played.end.message
    assert "1.0.0.0 was put back" in played.end.message


@pytest.mark.parametrize(
    ("failed", "undone"),
    [
        ("update(old) to new", ["restore(old)", "enable(old)", "confirm(old)"]),
        ("uninstall(old)", OLD_BACK),
        ("install(new)", ["uninstall(new)", *OLD_BACK]),
        ("enable(new)", ["disable(new)", "uninstall(new)", *OLD_BACK]),
        ("watch(new)", [*NEW_ENABLED, *OLD_BACK]),
    ],
)
def test_a_downgrade_undoes_what_it_had_begun_and_nothing_else(failed: str, undone: list[str]) -> None:
    """The old version ran the update, so the new one has nothing to undo before its own install."""
    played = play(operation(old="1.1", new="1.0"), {failed: [FAILED]})
    assert played.steps(1) == [*undone, "discard(new)"]
    assert played.end.outcome is Outcome.ROLLED_BACK


def test_a_downgrade_without_install_still_uninstalls_the_new_version_that_was_enabled() -> None:
    manifest = replace(MANIFEST, update_with_install=False)
    played = play(operation(old="1.1", new="1.0"), {"enable(new)": [FAILED]}, manifest=manifest)
    assert played.steps(1)[:2] == ["disable(new)", "uninstall(new)"]


@pytest.mark.parametrize("failed", ["carry(new)", "update(new) to new", "install(new)", "watch(new)"])
def test_an_old_version_that_was_not_enabled_is_not_enabled_by_an_undo(failed: str) -> None:
    played = play(operation(old_enabled=False), {failed: [FAILED]})
    assert played.end.outcome is Outcome.ROLLED_BACK
    assert not {"enable(old)", "confirm(old)"} & set(played.steps())


def test_an_old_version_whose_folder_the_new_one_may_have_touched_is_restored() -> None:
    """Though nothing of it was disabled or uninstalled."""
    played = play(operation(old_enabled=False), {"update(new) to new": [FAILED]})
    assert played.steps(1) == ["uninstall(new)", "restore(old)", "discard(new)"]


@pytest.mark.parametrize("step", [*NEW_ENABLED, "discard(new)"])
def test_a_failure_of_the_new_versions_commands_is_passed_over(step: str) -> None:
    played = play(operation(), {"watch(new)": [FAILED], step: [FAILED]})
    assert played.steps(1) == [*NEW_ENABLED, *OLD_BACK, "discard(new)"]
    assert played.end.outcome is Outcome.ROLLED_BACK


def test_all_of_the_new_versions_commands_may_fail_and_the_old_one_is_back() -> None:
    faults = {step: [FAILED] for step in ["enable(new)", *NEW_ENABLED[::2], "discard(new)"]}
    assert play(operation(), faults).end.outcome is Outcome.ROLLED_BACK


@pytest.mark.parametrize("step", [*NEW_ENABLED, *OLD_BACK, "discard(new)"])
def test_a_lost_step_of_an_undo_is_done_again(step: str) -> None:
    played = play(operation(), {"watch(new)": [FAILED], step: [LOST]})
    undo = [*NEW_ENABLED, *OLD_BACK, "discard(new)"]
    at = undo.index(step)
    assert played.steps(1) == [*undo[:at], step, *undo[at:]]
    assert played.end.outcome is Outcome.ROLLED_BACK


def test_an_enable_that_was_lost_and_then_failed_never_succeeded() -> None:
    """So the new version is not asked to update itself back."""
    played = play(operation(), {"enable(new)": [LOST, FAILED]})
    assert "update(new) to old" not in played.steps()


def test_the_end_carries_the_code_of_what_failed_first() -> None:
    played = play(operation(), {"enable(new)": [FAILED], "disable(new)": [FAILED]})
    assert played.end.code == "HandlerFailed"
    assert played.end.message.startswith("enable(new) failed with exit code 7: it broke.")


def test_a_disable_that_failed_twice_over_a_crash_is_undone_like_one_that_worked() -> None:
    played = play(operation(), {"disable(old)": [LOST, FAILED], "update(new) to new": [FAILED]})
    assert played.steps(1) == [
        "uninstall(new)",
        "restore(old)",
        "enable(old)",
        "confirm(old)",
        "discard(new)",
    ]
