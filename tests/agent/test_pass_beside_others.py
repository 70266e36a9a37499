"""A pass while somebody else wants something of the same machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from agent.world import World, at
from packages import AGENT, PackageSpec

NEW = replace(AGENT, version="1.1.0.0")
BAD = replace(NEW, unhealthy_after_requests=0)

ASK = """
import json
from connectedmachine.service import Service

class Quiet:
    def progress(self, activity, status, percent=-1):
        pass
    def warning(self, message):
        pass
    def cancelled(self):
        return False

answer = Service.open().upgrade_run(resource_group="rg", machine="m1", follow=Quiet())
print(json.dumps([decision["reason"] for decision in answer["value"]]))
"""


def test_of_two_passes_at_once_each_gets_its_decisions_and_the_upgrade_is_done_once(world: World) -> None:
    world.install(AGENT)
    world.publish(NEW)
    environment = os.environ | {"AZCMLITE_HOME": str(world.home)}
    words = [sys.executable, "-c", ASK]
    askers = [subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    reasons = sorted(json.loads(asker.communicate()[0])[0] for asker in askers)
    assert [asker.returncode for asker in askers] == [0, 0]
    assert reasons in (["UpToDate", "Upgraded"], ["Upgraded", "Upgraded"])
    assert world.ran(AGENT).count("enable 1.1.0.0") == 1
    assert len(world.operations(AGENT)) == 2
    assert world.serving(AGENT) == [NEW.version]


@pytest.mark.parametrize(
    ("point", "new"),
    [
        ("before fetch(new)", NEW),
        ("before uninstall(old)", NEW),
        ("before watch(new)", NEW),
        ("before uninstall(new)", BAD),
    ],
)
def test_a_removal_beside_a_pass_leaves_nothing_whenever_it_comes(
    world: World, point: str, new: PackageSpec
) -> None:
    world.install(AGENT)
    world.publish(new)
    world.run_pass(at(point, lambda: world.remove(AGENT)))
    assert world.is_gone(AGENT)
    assert world.serving(AGENT) == []
    assert world.version_folders() == []
    assert world.left_behind() == []


@pytest.mark.parametrize(
    ("point", "new", "works"),
    [
        ("before fetch(new)", NEW, AGENT.version),
        ("before update(new) to new", NEW, NEW.version),
        ("before restore(old)", BAD, AGENT.version),
    ],
)
def test_an_opt_out_beside_a_pass_stops_what_has_not_begun_and_nothing_else(
    world: World, point: str, new: PackageSpec, works: str
) -> None:
    world.install(AGENT)
    world.publish(new)
    world.run_pass(at(point, lambda: world.opt_out(AGENT)))
    assert (world.version(AGENT), world.serving(AGENT)) == (works, [works])
    assert world.left_behind() == []
    assert world.run_pass() == {"Agent": "NotEnrolled"}
