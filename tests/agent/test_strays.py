"""What still runs of a version after its uninstall is ended and said: two versions never run at once."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import pytest

from agent.world import SAMPLES, HurriedClock, World
from connectedmachine.model.operation import StepName
from packages import AGENT, PackageSpec, alive, build


@pytest.fixture(autouse=True)
def hurry(world: World) -> None:
    """The strays of samples do not listen, and use up the three seconds that they are given."""
    world.clock = HurriedClock()


def stray_of(world: World, spec: PackageSpec) -> int:
    return int((world.state(spec) / "stray.pids").read_text().split()[0])


def message(world: World) -> str:
    records = [r for r in world.last(AGENT).journal if r.step and r.step.name is StepName.UNINSTALL]
    return records[0].message


@pytest.mark.parametrize("fails", [(), ("uninstall",)])
def test_it_is_ended_whatever_uninstall_returned(world: World, fails: tuple[str, ...]) -> None:
    old = replace(AGENT, leaves_stray=True, fails=fails)
    world.install(old)
    stray = stray_of(world, old)
    assert alive(stray)
    world.publish(replace(AGENT, version="1.1.0.0", continue_on_update_failure=True))
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert not alive(stray)
    assert f"({stray})" in message(world)
    assert "Still running after uninstall, and ended" in message(world)
    assert world.serving(AGENT) == ["1.1.0.0"]


def test_an_agent_that_its_disable_and_uninstall_do_not_stop_is_ended(world: World) -> None:
    old = replace(AGENT, fails=("disable", "uninstall"))
    world.install(old)
    running = world.answer(AGENT)
    assert running is not None
    world.publish(replace(AGENT, version="1.1.0.0", continue_on_update_failure=True))
    assert world.run_pass() == {"Agent": "Upgraded"}
    assert not alive(running.pid)
    assert world.serving(AGENT) == ["1.1.0.0"]


def test_a_removed_extension_leaves_no_process(world: World) -> None:
    world.install(replace(AGENT, leaves_stray=True))
    stray = stray_of(world, AGENT)
    world.remove(AGENT)
    world.run()
    assert not alive(stray)
    assert world.is_gone(AGENT)


def test_a_version_without_an_uninstall_command_leaves_no_process_either(world: World) -> None:
    """There is nothing to run, and what it started is ended all the same."""
    package = build(world.root / "zips", replace(AGENT, leaves_stray=True))
    with zipfile.ZipFile(package) as archive:
        files = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(package, "w") as archive:
        for info, content in files.items():
            if info.filename == "HandlerManifest.json":
                manifest = json.loads(content)
                del manifest[0]["handlerManifest"]["uninstallCommand"]
                content = json.dumps(manifest).encode()
            archive.writestr(info, content)
    world.service.image_publish(
        path=str(package),
        publisher=AGENT.publisher,
        type=AGENT.type,
        version=AGENT.version,
        operating_system=SAMPLES[AGENT.os],
        supports_automatic_upgrade=True,
        follow=world.listener,
    )
    world.put(AGENT)
    world.run()
    stray = stray_of(world, AGENT)
    world.remove(AGENT)
    world.run()
    assert not alive(stray)
    assert "has no 'uninstallCommand'" in message(world)
    assert world.is_gone(AGENT)
