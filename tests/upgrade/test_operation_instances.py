"""Extensions that share a version: what is done once, what for each, and whom a failure touches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.operation import Instance, Operation, OperationKind, Outcome, Side, StepOutcome
from upgrade.support import DONE, FAILED, LOST, MANIFEST, go_on, operation, play

SEVERAL = replace(MANIFEST, supports_multiple_extensions=True)
WEB, DB = Instance("web", 2, 2, old_enabled=True), Instance("db", 1, 1, old_enabled=True)
OFF = Instance("off", 1, 1, old_enabled=False)
NEWCOMER = Instance("newcomer", 1, None, old_enabled=False)


def change(*instances: Instance, new: str = "1.1", old_manifest: HandlerManifest = SEVERAL) -> Operation:
    return operation(new=new, instances=instances, old_manifest=old_manifest)


def of_one(kind: OperationKind, instance: Instance = WEB, *, partial: bool = False) -> Operation:
    return operation(kind, instances=[instance], old_manifest=SEVERAL, partial=partial)


def test_a_change_of_version_is_done_once_and_disable_and_enable_for_each() -> None:
    assert play(change(WEB, DB), manifest=SEVERAL).steps() == [
        "fetch(new)",
        "baseline(old)",
        "disable(old, web)",
        "disable(old, db)",
        "carry(new)",
        "update(new) to new",
        "uninstall(old)",
        "keep(old)",
        "install(new)",
        "enable(new, web)",
        "enable(new, db)",
        "watch(new)",
        "retire(old)",
    ]


def test_an_only_extension_is_named_too_when_there_could_be_several() -> None:
    steps = play(change(WEB), manifest=SEVERAL).steps()
    assert "disable(old, web)" in steps
    assert "enable(new, web)" in steps


def test_each_version_names_extensions_as_its_own_manifest_has_it() -> None:
    steps = play(change(WEB, old_manifest=MANIFEST), manifest=SEVERAL).steps()
    assert ("disable(old)" in steps, "enable(new, web)" in steps) == (True, True)
    steps = play(change(WEB), manifest=MANIFEST).steps()
    assert ("disable(old, web)" in steps, "enable(new)" in steps) == (True, True)


def test_only_what_was_enabled_is_disabled() -> None:
    steps = play(change(WEB, OFF, NEWCOMER), manifest=SEVERAL).steps()
    assert [s for s in steps if s.startswith("disable")] == ["disable(old, web)"]
    assert [s for s in steps if s.startswith("enable")] == [
        "enable(new, web)",
        "enable(new, off)",
        "enable(new, newcomer)",
    ]


def test_an_enable_that_fails_for_one_takes_the_version_back_for_all() -> None:
    outcome = play(change(WEB, DB, NEWCOMER), {"enable(new, db)": [FAILED]}, manifest=SEVERAL)
    assert outcome.end.outcome is Outcome.ROLLED_BACK
    assert "enable(new, db) failed" in outcome.end.message
    assert outcome.steps(1) == [
        "disable(new, web)",
        "disable(new, db)",
        "update(new) to old",
        "uninstall(new)",
        "restore(old)",
        "install(old)",
        "enable(old, web)",
        "enable(old, db)",
        "confirm(old)",
        "forget(old, newcomer)",
        "discard(new)",
    ]


def test_the_data_are_not_migrated_back_when_no_extension_ever_ran_the_new_version() -> None:
    outcome = play(change(WEB, DB), {"enable(new, web)": [FAILED]}, manifest=SEVERAL)
    assert "update(new) to old" not in outcome.steps(1)


def test_only_what_was_begun_is_undone() -> None:
    outcome = play(change(WEB, DB), {"disable(old, web)": [FAILED]}, manifest=SEVERAL)
    assert outcome.steps(1) == ["restore(old)", "enable(old, web)", "confirm(old)", "discard(new)"]


def test_a_disable_that_fails_for_one_is_passed_over_when_the_new_manifest_says_so() -> None:
    goes_on = replace(SEVERAL, continue_on_update_failure=True)
    outcome = play(change(WEB, DB), {"disable(old, web)": [FAILED]}, manifest=goes_on)
    assert outcome.end.outcome is Outcome.SUCCEEDED


def test_a_disable_that_was_lost_is_repeated_for_that_extension_alone() -> None:
    steps = play(change(WEB, DB), {"disable(old, web)": [LOST, FAILED]}, manifest=SEVERAL).steps()
    assert [s for s in steps if s.startswith("disable")] == [
        "disable(old, web)",
        "disable(old, web)",
        "disable(old, db)",
    ]


def test_a_pending_rollback_brings_every_extension_back() -> None:
    faults = {"enable(new, web)": [FAILED], "enable(old, db)": [FAILED]}
    pending = play(change(WEB, DB), faults, manifest=SEVERAL)
    outcome = go_on(pending)
    assert outcome.end.outcome is Outcome.ROLLED_BACK
    assert outcome.steps(2)[-4:] == ["enable(old, web)", "enable(old, db)", "confirm(old)", "discard(new)"]


def test_a_further_extension_joins_without_touching_the_version() -> None:
    outcome = play(of_one(OperationKind.INSTALL, NEWCOMER, partial=True))
    assert outcome.steps() == ["enable(new, newcomer)"]
    assert (outcome.end.outcome, outcome.end.installed) == (Outcome.SUCCEEDED, Side.NEW)


def test_a_further_extension_that_fails_leaves_nothing_of_its_own_and_the_others_alone() -> None:
    outcome = play(of_one(OperationKind.INSTALL, NEWCOMER, partial=True), {"enable(new, newcomer)": [FAILED]})
    assert outcome.steps(1) == ["disable(new, newcomer)", "forget(new, newcomer)"]
    assert (outcome.end.outcome, outcome.end.installed) == (Outcome.FAILED, None)
    assert "other extensions that use 1.1.0.0 were not touched" in outcome.end.message


def test_the_first_extension_installs_the_version() -> None:
    outcome = play(operation(OperationKind.INSTALL, instances=[NEWCOMER]), manifest=SEVERAL)
    assert outcome.steps() == ["fetch(new)", "install(new)", "enable(new, newcomer)"]


def test_a_first_extension_that_fails_is_cleaned_up_whole() -> None:
    first = operation(OperationKind.INSTALL, instances=[NEWCOMER])
    outcome = play(first, {"enable(new, newcomer)": [FAILED]}, manifest=SEVERAL)
    assert outcome.steps(1) == ["disable(new, newcomer)", "uninstall(new)", "discard(new)"]


def test_new_settings_of_one_enable_that_one() -> None:
    assert play(of_one(OperationKind.CONFIGURE)).steps() == ["enable(new, web)"]


@pytest.mark.parametrize("disable", [DONE, FAILED])
def test_one_of_several_is_removed_alone_even_if_its_disable_fails(disable: StepOutcome) -> None:
    outcome = play(of_one(OperationKind.REMOVE, partial=True), {"disable(new, web)": [disable]})
    assert outcome.steps() == ["disable(new, web)", "forget(new, web)"]
    assert (outcome.end.outcome, outcome.end.installed) == (Outcome.SUCCEEDED, None)


def test_what_cannot_be_forgotten_is_tried_again() -> None:
    outcome = play(of_one(OperationKind.REMOVE, partial=True), {"forget(new, web)": [FAILED]})
    assert (outcome.end.outcome, outcome.end.installed) == (Outcome.FAILED, Side.NEW)


def test_the_last_one_takes_the_version_with_it() -> None:
    outcome = play(of_one(OperationKind.REMOVE))
    assert outcome.steps() == ["disable(new, web)", "uninstall(new)", "discard(new)"]
