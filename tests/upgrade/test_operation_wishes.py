"""A wish that changes at a safe point: before anything was touched, and in the health window."""

from __future__ import annotations

import pytest

from connectedmachine.model.operation import OperationKind, Outcome, Side
from upgrade.support import FAILED, WITHDRAWN, operation, play


@pytest.mark.parametrize("step", ["fetch(new)", "baseline(old)"])
def test_before_anything_was_touched_only_the_new_folder_goes(step: str) -> None:
    played = play(operation(), {step: [WITHDRAWN]})
    assert played.steps(0)[-1] == step
    assert played.steps(1) == ["discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.CANCELLED, Side.OLD)
    assert played.end.message == "the wish changed"


def test_in_the_health_window_the_new_version_stays_and_what_was_kept_goes() -> None:
    """Removal there goes straight to removing; nothing is put back first."""
    played = play(operation(), {"watch(new)": [WITHDRAWN]})
    assert played.steps(1) == ["retire(old)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.CANCELLED, Side.NEW)


@pytest.mark.parametrize(
    ("step", "last"),
    [("fetch(new)", "discard(new)"), ("baseline(old)", "discard(new)"), ("watch(new)", "retire(old)")],
)
def test_tidying_up_that_fails_is_passed_over(step: str, last: str) -> None:
    played = play(operation(), {step: [WITHDRAWN], last: [FAILED]})
    assert played.end.outcome is Outcome.CANCELLED


def test_an_install_that_is_withdrawn_leaves_nothing() -> None:
    played = play(operation(OperationKind.INSTALL), {"fetch(new)": [WITHDRAWN]})
    assert played.steps() == ["fetch(new)", "discard(new)"]
    assert (played.end.outcome, played.end.installed) == (Outcome.CANCELLED, None)
