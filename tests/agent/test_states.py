"""When the state files of a version change, and that nothing depends on them (handler contract 2.3)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agent.several import V1, Several
from agent.world import World, at
from connectedmachine.agent.hands import StepResult
from connectedmachine.agent.states import report_after
from connectedmachine.handler.state import HandlerState
from connectedmachine.model.operation import Do, Instance, Side, Step, StepName
from packages import AGENT, NOOP
from upgrade.support import DONE, FAILED, LOST, MANIFEST, conclude, intend, operation

OLD, NEW = Side.OLD, Side.NEW
BROKEN = StepResult(FAILED, "It broke.", 7, "HandlerFailed")


def state(folder: Path, name: str = "HandlerState") -> str:
    return (folder / "config" / name).read_text()


@pytest.mark.parametrize(
    ("step", "side", "expected"),
    [
        (Step(StepName.INSTALL, NEW), NEW, HandlerState.INSTALLED),
        (Step(StepName.ENABLE, NEW), NEW, HandlerState.ENABLED),
        (Step(StepName.DISABLE, OLD), OLD, HandlerState.INSTALLED),
        (Step(StepName.UNINSTALL, OLD), OLD, HandlerState.NOT_INSTALLED),
    ],
)
def test_a_command_that_came_through_has_its_state(step: Step, side: Side, expected: HandlerState) -> None:
    found = report_after(operation(), step, StepResult(), [])
    assert found is not None
    assert (found[0], found[1].state) == (side, expected)
    assert found[1].ready == (expected is HandlerState.ENABLED)


@pytest.mark.parametrize(("new", "runs"), [("1.1", NEW), ("0.9", OLD)])
def test_an_update_that_failed_marks_the_version_that_ran_it(new: str, runs: Side) -> None:
    found = report_after(operation(new=new), Step(StepName.UPDATE, runs, target=NEW), BROKEN, [])
    assert found is not None
    assert (found[0], found[1].state, found[1].code) == (runs, HandlerState.FAILED_UPGRADE, 1008)


def test_an_update_without_install_leaves_the_new_version_installed() -> None:
    current = operation(old_manifest=replace(MANIFEST, update_with_install=False))
    found = report_after(current, Step(StepName.UPDATE, NEW, target=NEW), StepResult(), [])
    assert found is not None
    assert (found[0], found[1].state) == (NEW, HandlerState.INSTALLED)


@pytest.mark.parametrize(("result", "code"), [(BROKEN, 1009), (replace(BROKEN, code="HandlerTimeout"), 1011)])
def test_another_failure_changes_the_status_and_no_state(result: StepResult, code: int) -> None:
    found = report_after(operation(), Step(StepName.ENABLE, NEW), result, [])
    assert found is not None
    assert (found[1].state, found[1].ready, found[1].code) == (None, False, code)


def test_a_lost_command_says_nothing() -> None:
    assert report_after(operation(), Step(StepName.ENABLE, NEW), StepResult(LOST), []) is None


def test_a_version_is_enabled_while_one_of_its_extensions_is() -> None:
    several = replace(MANIFEST, supports_multiple_extensions=True)
    instances = [Instance("a", 1, 1, old_enabled=True), Instance("b", 1, 1, old_enabled=True)]
    current = operation(instances=instances, old_manifest=several)
    a, b = (Step(StepName.DISABLE, OLD, instance=name) for name in "ab")
    assert report_after(current, a, StepResult(), []) is None
    current = conclude(intend(current, Do(a, 0)), DONE)
    found = report_after(current, b, StepResult(), [])
    assert found is not None
    assert found[1].state is HandlerState.INSTALLED


def test_the_failure_of_one_of_several_is_none_of_the_handler() -> None:
    step = Step(StepName.ENABLE, NEW, instance="a")
    assert report_after(operation(), step, BROKEN, []) is None


def test_a_package_finds_the_state_of_its_version_at_each_step(world: World) -> None:
    world.install(NOOP, settings=None)
    assert state(world.folder(NOOP)) == "Enabled"
    newer = replace(NOOP, version="1.1.0.0")
    world.publish(newer)
    seen: list[str] = []
    world.run_pass(at("before install(new)", lambda: seen.append(state(world.folder(newer)))))
    assert [*seen, state(world.folder(newer))] == ["NotInstalled", "Enabled"]


def test_each_of_several_has_its_state_and_the_handler_its_own(world: World) -> None:
    several = Several(world)
    several.install("a", "b")
    several.remove("a")
    world.run()
    config = world.folder(V1) / "config"
    assert sorted(p.name for p in config.glob("*HandlerState")) == ["HandlerState", "b.HandlerState"]
    assert (state(world.folder(V1)), state(world.folder(V1), "b.HandlerState")) == ("Enabled", "enabled")


@pytest.mark.parametrize("content", [None, b"", b"FailedUpgrade", b"\xff"])
def test_a_state_file_that_is_missing_empty_or_wrong_changes_nothing(
    world: World, content: bytes | None
) -> None:
    world.install(AGENT)
    path = world.folder(AGENT) / "config" / "HandlerState"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    newer = replace(AGENT, version="1.1.0.0")
    world.publish(newer)
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert world.ran(AGENT)[2:] == [
        "disable 1.0.0.0",
        "update 1.1.0.0",
        "uninstall 1.0.0.0",
        "install 1.1.0.0",
        "enable 1.1.0.0",
    ]


def test_a_state_file_that_cannot_be_written_fails_nothing_and_is_said(world: World) -> None:
    world.publish(NOOP)
    world.put(NOOP, NOOP.version)
    config = world.folder(NOOP) / "config"

    def block() -> None:
        (config / "HandlerState").unlink()
        (config / "HandlerState").mkdir()

    world.run(at("before enable(new)", block))
    operation = world.last(NOOP)
    assert operation.outcome == "Succeeded"
    assert "state file could not be written" in operation.journal[-1].message
