"""A command whose end nobody can see, once or every time it is run."""

from __future__ import annotations

import shutil
import sys
import zipfile
from dataclasses import replace

import pytest

from agent.world import QUICK, FakeClock, PowerCutError, World, at
from packages import AGENT, build, end_processes

if sys.platform == "win32":
    pytest.skip("a process group to kill is POSIX's", allow_module_level=True)

NEW = replace(AGENT, version="1.1.0.0")


def publish_one_that_takes_its_attendant_down(world: World) -> None:
    """Its enable kills its whole process group, to which the attendant belongs that would note its end."""
    package = build(world.root / "zips", NEW)
    with zipfile.ZipFile(package) as archive:
        files = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(package, "w") as archive:
        for info, content in files.items():
            lethal = info.filename == "bin/enable.sh"
            archive.writestr(info, "#!/bin/sh\nkill -9 0\n" if lethal else content)
    world.service.image_publish(
        path=str(package),
        publisher=NEW.publisher,
        type=NEW.type,
        version=NEW.version,
        operating_system="Linux",
        supports_automatic_upgrade=True,
        follow=world.listener,
    )


def test_a_command_that_is_lost_every_time_has_failed_and_the_old_version_is_put_back(world: World) -> None:
    world.install(AGENT)
    publish_one_that_takes_its_attendant_down(world)
    assert world.run_pass() == {"Agent": "RolledBack"}
    outcomes = [r.outcome for r in world.last(AGENT).journal if str(r.step) == "enable(new)"]
    assert outcomes == ["lost", "lost", "failed"]
    assert world.serving(AGENT) == [AGENT.version]


def test_a_command_whose_run_the_power_took_counts_as_lost_before_it_is_run_again(
    timeless: World, clock: FakeClock
) -> None:
    def power_off() -> None:
        raise PowerCutError

    world = timeless
    world.policy(**QUICK)
    world.install(AGENT)
    world.publish(NEW)
    with pytest.raises(PowerCutError):
        world.run_pass(at("after enable(new)", power_off))
    end_processes(world.root)
    shutil.rmtree(world.places.runs)  # nobody syncs a run's folder
    clock.reboot(60)
    world.run()
    outcomes = [r.outcome for r in world.last(AGENT).journal if str(r.step) == "enable(new)"]
    assert outcomes == ["lost", "done"]
    assert world.ran(AGENT).count("enable 1.1.0.0") == len(outcomes)
    assert world.version(AGENT) == NEW.version
    assert world.serving(AGENT) == [NEW.version]
