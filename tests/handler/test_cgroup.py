"""Control groups as files: what is read of a host, and what is written for a version and a runner.

A plain folder stands for the mount, so that this is seen also where no group may be made. Unlike a mount it
keeps its files when a group is to be removed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.handler import cgroup
from connectedmachine.handler.cgroup import Mounts, parse_mounts, parse_own
from connectedmachine.handler.command import attach, start
from connectedmachine.model.handler import ResourceLimits
from handler.support import LIMIT_SECONDS, HostClock, pid_in, shell_command

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="control groups are Linux's; paths are POSIX's"
)

UNIFIED = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
SYSTEMD = "40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd"


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """A folder that stands for the mount of cgroup v2."""
    path = tmp_path / "mount"
    path.mkdir()
    (path / "cgroup.procs").touch()
    return path


# What is read of a host.


@pytest.mark.parametrize(
    ("text", "mounts"),
    [
        ("", Mounts()),
        (UNIFIED, Mounts(Path("/sys/fs/cgroup"))),
        (
            f"{SYSTEMD}\n41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
            Mounts(Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd")),
        ),
        ("35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", Mounts()),
        (f"{UNIFIED}\n31 23 0:26 / /mnt rw - cgroup2 none rw", Mounts(Path("/sys/fs/cgroup"))),
        ("30 23 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw", Mounts(Path("/my groups"))),
        ("cgroup2\n - cgroup2 x", Mounts()),
    ],
)
def test_the_hierarchies_of_a_host_are_found(text: str, mounts: Mounts) -> None:
    assert parse_mounts(text) == mounts


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("0::/user.slice/session-1.scope\n", "/user.slice/session-1.scope"),
        ("9:name=systemd:/a\n0::/b\n", "/b"),
        ("9:name=systemd:/a\n", "/"),
        ("", "/"),
    ],
)
def test_our_own_group_is_found(text: str, own: str) -> None:
    assert parse_own(text) == PurePosixPath(own)


@given(st.text())
def test_whatever_the_host_shows_is_no_error(text: str) -> None:
    parse_mounts(text)
    parse_own(text)


def test_groups_are_made_at_the_mount_where_that_is_allowed(mount: Path) -> None:
    assert cgroup.base_below(mount, PurePosixPath("/user.slice")) == mount


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="needs a user with limits")
def test_groups_are_made_in_the_outermost_group_that_is_ours_to_change(mount: Path) -> None:
    inner = mount / "user.slice" / "user@1.service"
    inner.mkdir(parents=True)
    (inner / "cgroup.procs").touch()
    (mount / "cgroup.procs").chmod(0o400)
    assert cgroup.base_below(mount, PurePosixPath("/user.slice/user@1.service/app.slice")) == inner


def test_without_a_group_that_we_may_change_there_is_no_place_for_ours(tmp_path: Path) -> None:
    assert cgroup.base_below(tmp_path / "nothing", PurePosixPath("/a/b")) is None


# The groups of a version.


def test_a_host_without_groups_has_none_for_a_version(folder: Path) -> None:
    assert cgroup.version_group(None, folder) is None
    assert cgroup.make_group(None) is None
    assert cgroup.make_run_group(None) is None


def test_versions_and_libraries_have_groups_of_their_own(mount: Path, tmp_path: Path) -> None:
    folders = [tmp_path / place for place in ("a/X.Y-1.0", "a/X.Y-1.1", "b/X.Y-1.0")]
    groups = {cgroup.version_group(mount, folder) for folder in folders}
    assert len(groups) == 3
    assert {group.name for group in groups if group} == {"X.Y-1.0", "X.Y-1.1"}


def test_a_group_that_the_host_refuses_is_none(mount: Path, folder: Path) -> None:
    (mount / "azcmlite").touch()
    assert cgroup.make_group(cgroup.version_group(mount, folder)) is None


def test_each_run_has_a_group_that_nothing_else_was_in(mount: Path) -> None:
    first, second = cgroup.make_run_group(mount), cgroup.make_run_group(mount)
    assert first is not None
    assert second is not None
    assert first != second


def test_groups_of_earlier_runs_go_when_nothing_is_left_in_them(mount: Path) -> None:
    earlier, kept = cgroup.make_run_group(mount), cgroup.make_run_group(mount)
    assert kept is not None
    assert not earlier or not earlier.exists()
    (kept / "member").touch()  # as a mount refuses to remove a group with members
    cgroup.make_run_group(mount)
    assert kept.exists()


def test_members_are_those_of_the_groups_below_too(mount: Path) -> None:
    (mount / "cgroup.procs").write_text("11\n12\n")
    (mount / "sub").mkdir()
    (mount / "sub" / "cgroup.procs").write_text("13\n0\n")
    assert cgroup.members(mount) == {11, 12, 13}
    assert cgroup.members(mount / "gone") == set()


def test_a_group_is_ended_at_one_moment(mount: Path) -> None:
    cgroup.kill(mount)
    assert (mount / "cgroup.kill").read_text() == "1"


def test_a_group_that_we_are_in_is_not_ended_as_one(mount: Path) -> None:
    (mount / "cgroup.procs").write_text(f"{os.getpid()}\n")
    cgroup.kill(mount)
    assert not (mount / "cgroup.kill").exists()


def test_removing_a_group_removes_what_is_empty_above_it_and_nothing_else(mount: Path, folder: Path) -> None:
    group = cgroup.make_group(cgroup.version_group(mount, folder))
    other = cgroup.make_group(cgroup.version_group(mount, folder.with_name("Contoso.Agent-2.0")))
    assert group is not None
    assert other is not None
    run = cgroup.make_run_group(group)
    assert run is not None
    cgroup.remove(group)
    assert not group.exists()
    assert other.exists()
    cgroup.remove(other)
    assert [path.name for path in mount.iterdir()] == ["cgroup.procs"]


def test_the_attendant_joins_the_group_of_its_run_before_the_command_starts(
    mount: Path, folder: Path, run: Path
) -> None:
    spec = shell_command(folder, f"cat {mount}/run-*/cgroup.procs >joined", group=mount)
    start(spec, run, HostClock()).wait(LIMIT_SECONDS)
    assert int((folder / "joined").read_text()) == pid_in(run / "pid")


def test_a_timeout_ends_the_group_of_the_run(mount: Path, folder: Path, run: Path) -> None:
    running = start(shell_command(folder, "sleep 600", group=mount), run, HostClock())
    running.wait(0)
    assert (run / "group" / "cgroup.kill").read_text() == "1"


def test_a_command_whose_group_cannot_be_joined_runs_without(mount: Path, folder: Path, run: Path) -> None:
    (mount / "file").touch()
    spec = shell_command(folder, "echo ran", group=mount / "file")
    assert start(spec, run, HostClock()).wait(LIMIT_SECONDS) == attach(run, HostClock()).wait(LIMIT_SECONDS)
    assert (run / "stdout").read_text() == "ran\n"


# Limits.


def test_limits_are_written_and_their_controllers_enabled_from_the_top(mount: Path, folder: Path) -> None:
    group = cgroup.make_group(cgroup.version_group(mount, folder))
    assert group is not None
    assert cgroup.apply_limits(mount, group, ResourceLimits(cpu_percent=150, memory_mib=64)) == ""
    assert (group / "cpu.max").read_text() == "150000 100000"
    assert (group / "memory.max").read_text() == str(64 * 1024 * 1024)
    for above in (mount, mount / "azcmlite", group.parent):
        assert (above / "cgroup.subtree_control").read_text() == "+memory"  # the last that was written
    assert not (group / "cgroup.subtree_control").exists(), "it has members"


@pytest.mark.parametrize(("percent", "written"), [(30, "30000"), (0.001, "1000"), (12.5, "12500")])
def test_a_share_of_a_cpu_is_a_quota_that_the_kernel_takes(mount: Path, percent: float, written: str) -> None:
    assert cgroup.apply_limits(mount, mount, ResourceLimits(cpu_percent=percent)) == ""
    assert (mount / "cpu.max").read_text() == f"{written} 100000"


def test_without_limits_nothing_is_written(mount: Path) -> None:
    assert cgroup.apply_limits(mount, mount, ResourceLimits()) == ""
    assert cgroup.apply_limits(None, None, ResourceLimits()) == ""
    assert [path.name for path in mount.iterdir()] == ["cgroup.procs"]


def test_limits_that_the_host_refuses_are_said(mount: Path, folder: Path) -> None:
    group = cgroup.make_group(cgroup.version_group(mount, folder))
    assert group is not None
    (group / "memory.max").mkdir()
    said = cgroup.apply_limits(mount, group, ResourceLimits(cpu_percent=30, memory_mib=64))
    assert said == "This host could not apply the package's limits: 64 MiB of memory."


def test_a_host_without_groups_says_that_it_applies_no_limit() -> None:
    said = cgroup.apply_limits(None, None, ResourceLimits(cpu_percent=30, memory_mib=512))
    assert said == "This host could not apply the package's limits: 30 % of a CPU, 512 MiB of memory."


def test_limits_of_services_are_said_not_to_be_applied(mount: Path) -> None:
    said = cgroup.apply_limits(mount, mount, ResourceLimits(cpu_percent=30, services=("x.service",)))
    assert said == "This host could not apply the package's limits: those of the service x.service."
    assert (mount / "cpu.max").exists()


# Runners.


def test_a_runner_is_moved_by_its_process_id(mount: Path) -> None:
    cgroup.add_member(mount, 4711)
    assert (mount / "cgroup.procs").read_text() == "4711"


def test_a_runner_stays_where_it_is_when_the_host_refuses(mount: Path) -> None:
    cgroup.add_member(mount / "gone", 4711)
    assert not (mount / "gone").exists()
