"""Neither the runner nor what a command left behind ends with the unit of whoever asked for the work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.world import World
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.handler import cgroup
from connectedmachine.model.operation import Outcome
from packages import AGENT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd's units are Linux's")

ASKER = """
import sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text("0")
from connectedmachine.service import Service
class Quiet:
    def progress(self, activity, status, percent=-1): pass
    def warning(self, message): pass
    def cancelled(self): return False
Service.open().upgrade_run(resource_group="rg", machine="m1", follow=Quiet())
"""


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.01)


@pytest.fixture
def unit() -> Iterator[Path]:
    """A control group as systemd makes one for a service, and ends it with the service."""
    base = cgroup.host_base()
    made = cgroup.make_group(None if base is None else base / f"test-{uuid.uuid4()}.service")
    if made is None or not (made / "cgroup.kill").exists():
        pytest.skip("needs the right to make control groups of cgroup v2 that can be ended as one")
    yield made
    cgroup.kill(made)
    until(lambda: not cgroup.members(made))
    made.rmdir()


def test_a_pass_that_a_unit_started_and_what_it_started_outlive_the_unit(world: World, unit: Path) -> None:
    world.install(AGENT)
    new = replace(AGENT, version="1.1.0.0", waits=("install",))
    world.publish(new)
    asker = subprocess.Popen(
        [sys.executable, "-I", "-c", ASKER, str(unit)],
        env={**os.environ, "AZCMLITE_HOME": str(world.home)},
    )
    until(lambda: "install 1.1.0.0" in world.ran(AGENT))
    assert cgroup.members(unit) == {asker.pid}

    (unit / "cgroup.kill").write_text("1")
    asker.wait()
    (world.state(AGENT) / "go").touch()

    until(lambda: world.last(AGENT).ended)
    assert world.last(AGENT).outcome is Outcome.SUCCEEDED
    until(lambda: EffectsLock(world.places.lock).is_free())
    assert world.serving(AGENT) == [new.version]


def test_no_process_of_a_handler_is_in_the_group_of_runners(world: World, unit: Path) -> None:
    assert unit.exists(), "groups can be made here"
    world.install(AGENT)
    answer = world.answer(AGENT)
    assert answer is not None
    group = cgroup.version_group(cgroup.host_base(), world.folder(AGENT))
    assert group is not None
    assert answer.pid in cgroup.members(group)
    for runners in cgroup.runner_groups():
        assert answer.pid not in cgroup.members(runners)


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
def test_where_groups_are_systemds_alone_it_is_asked_for_a_scope() -> None:
    from connectedmachine.agent import _detach_posix

    assert _detach_posix.scope_command(["python", "-m", "x"], root=True) == [
        "systemd-run", "--system", "--scope", "--quiet", "--collect", "--", "python", "-m", "x",
    ]  # fmt: skip
    assert "--user" in _detach_posix.scope_command(["x"], root=False)


SYSTEMD_RUN = {
    "moves": 'while [ "$1" != -- ]; do shift; done; shift; echo 0 >{unit}/cgroup.procs; exec "$@"',
    "refuses": "exit 1",
}


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
@pytest.mark.parametrize("systemd_run", ["moves", "refuses", "is missing"])
def test_it_is_started_once_with_systemd_and_without(
    tmp_path: Path, unit: Path, monkeypatch: pytest.MonkeyPatch, systemd_run: str
) -> None:
    """A program of ours plays systemd-run, since systemd cannot be booted for a test."""
    from connectedmachine.agent import _detach_posix

    programs = tmp_path / "bin"
    programs.mkdir()
    if systemd_run in SYSTEMD_RUN:
        program = programs / "systemd-run"
        program.write_text("#!/bin/sh\n" + SYSTEMD_RUN[systemd_run].replace("{unit}", str(unit)) + "\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    if systemd_run == "is missing":
        monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(_detach_posix, "_SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(cgroup, "runner_groups", list)

    text = f"echo $$ >>{tmp_path}/started; until [ -e {tmp_path}/go ]; do /bin/sleep 0.01; done"
    _detach_posix.detach(["/bin/sh", "-c", text], tmp_path)

    until(lambda: (tmp_path / "started").exists() and (tmp_path / "started").read_text())
    [pid] = (tmp_path / "started").read_text().split()
    assert (int(pid) in cgroup.members(unit)) == (systemd_run == "moves")
    (tmp_path / "go").touch()
    until(lambda: not cgroup.members(unit))
