"""Install, configure and remove: shorter lists in the same vocabulary (design page section 5)."""

from __future__ import annotations

import pytest

from connectedmachine.model.operation import OperationKind, Outcome, Side
from upgrade.support import FAILED, LOST, operation, play

INSTALL, CONFIGURE, REMOVE = OperationKind.INSTALL, OperationKind.CONFIGURE, OperationKind.REMOVE


def test_install_fetches_installs_and_enables() -> None:
    played = play(operation(INSTALL, old_enabled=False))
    assert played.steps() == ["fetch(new)", "install(new)", "enable(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.SUCCEEDED, Side.NEW)


@pytest.mark.parametrize(
    ("failed", "clean_up"),
    [
        ("fetch(new)", ["discard(new)"]),
        ("install(new)", ["uninstall(new)", "discard(new)"]),
        ("enable(new)", ["disable(new)", "uninstall(new)", "discard(new)"]),
    ],
)
def test_an_install_that_fails_is_cleaned_up(failed: str, clean_up: list[str]) -> None:
    played = play(operation(INSTALL, old_enabled=False), {failed: [FAILED]})
    assert played.steps(1) == clean_up
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, None)
    assert played.end.code == "HandlerFailed"


@pytest.mark.parametrize("step", ["disable(new)", "uninstall(new)", "discard(new)"])
def test_a_clean_up_goes_on_whatever_fails_of_it(step: str) -> None:
    played = play(operation(INSTALL, old_enabled=False), {"enable(new)": [FAILED], step: [FAILED]})
    assert played.steps(1) == ["disable(new)", "uninstall(new)", "discard(new)"]
    assert played.end.outcome is Outcome.FAILED


@pytest.mark.parametrize("step", ["fetch(new)", "install(new)", "enable(new)"])
def test_a_lost_step_of_an_install_is_done_again(step: str) -> None:
    played = play(operation(INSTALL, old_enabled=False), {step: [LOST]})
    assert played.steps().count(step) == 2
    assert played.end.outcome is Outcome.SUCCEEDED


def test_configure_enables_the_installed_version() -> None:
    played = play(operation(CONFIGURE))
    assert played.steps() == ["enable(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.SUCCEEDED, Side.NEW)


def test_settings_that_are_not_accepted_leave_the_version_installed() -> None:
    played = play(operation(CONFIGURE), {"enable(new)": [FAILED]})
    assert played.steps() == ["enable(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, Side.NEW)
    assert "not accepted" in played.end.message


def test_remove_disables_uninstalls_and_discards() -> None:
    played = play(operation(REMOVE))
    assert played.steps() == ["disable(new)", "uninstall(new)", "discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.SUCCEEDED, None)


def test_what_is_not_enabled_is_removed_without_disabling_it() -> None:
    assert play(operation(REMOVE, old_enabled=False)).steps() == ["uninstall(new)", "discard(new)"]


@pytest.mark.parametrize("step", ["disable(new)", "uninstall(new)"])
def test_a_handler_cannot_keep_itself_from_being_removed(step: str) -> None:
    played = play(operation(REMOVE), {step: [FAILED]})
    assert (played.end.outcome, played.end.installed) == (Outcome.SUCCEEDED, None)
    assert f"{step} failed with exit code 7" in played.end.message


def test_a_removal_whose_folder_stays_has_failed_and_the_extension_is_still_there() -> None:
    played = play(operation(REMOVE), {"discard(new)": [FAILED]})
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, Side.NEW)


RESET = OperationKind.RESET_STATE


def test_a_reset_is_run_between_disable_and_enable() -> None:
    played = play(operation(RESET))
    assert played.steps() == ["disable(new)", "resetState(new)", "enable(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.SUCCEEDED, Side.NEW)


def test_what_was_not_enabled_is_not_disabled_for_a_reset() -> None:
    assert play(operation(RESET, old_enabled=False)).steps() == ["resetState(new)", "enable(new)"]


@pytest.mark.parametrize(
    ("failed", "steps"),
    [
        ("disable(new)", ["disable(new)", "enable(new)"]),
        ("resetState(new)", ["disable(new)", "resetState(new)", "enable(new)"]),
    ],
)
def test_a_reset_that_fails_enables_it_again(failed: str, steps: list[str]) -> None:
    played = play(operation(RESET), {failed: [FAILED]})
    assert played.steps() == steps
    assert (played.end.outcome, played.end.installed) == (Outcome.FAILED, Side.NEW)
    assert "enabled again" in played.end.message


def test_a_reset_after_which_it_cannot_be_enabled_has_failed() -> None:
    played = play(operation(RESET), {"resetState(new)": [LOST], "enable(new)": [FAILED]})
    assert played.steps() == ["disable(new)", "resetState(new)", "resetState(new)", "enable(new)"]
    assert played.end.outcome is Outcome.FAILED
    assert "again" not in played.end.message
