"""Control groups for what a version runs (design page section 5; handler contract 3.4): Linux, cgroup v2.

A group can be ended at one moment, whatever its members did to get away, and it outlives the systemd unit or
the scheduled task whose process asked for the work. Below the folder where we may make groups lie

* ``azcmlite/runner``: runners, out of the unit of whoever started them
* ``azcmlite/<library>/<Publisher.Type>-<Version>``: all that runs of a version, under its manifest's limits
* one group per run of a command in there; what a command leaves behind stays in it

Everything here is plain files, so that a folder can stand for the mount. A host without such a mount, or
whose mount we may not write, has no groups: then processes are found by the traits that ``_processes`` knows.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from connectedmachine.model.handler import ResourceLimits

_OURS = "azcmlite"
_RUNNER = "runner"
_PROCS = "cgroup.procs"
_PERIOD_MICROSECONDS = 100_000
_LEAST_QUOTA_MICROSECONDS = 1000  # the kernel refuses less
_MIB = 1024 * 1024
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Mounts:
    """Where the host shows its hierarchies: cgroup v2, and systemd's own of hosts that still have v1."""

    unified: Path | None = None
    systemd: Path | None = None


def parse_mounts(mountinfo: str) -> Mounts:
    """Read ``/proc/self/mountinfo``; of several mounts of a hierarchy the first counts."""
    unified = systemd = None
    for line in mountinfo.splitlines():
        mount, _, kind = line.partition(" - ")
        places, kinds = mount.split(), kind.split()
        if len(places) < 5 or len(kinds) < 3:
            continue
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), places[4]))
        if kinds[0] == "cgroup2":
            unified = unified or point
        elif kinds[0] == "cgroup" and "name=systemd" in kinds[2].split(","):
            systemd = systemd or point
    return Mounts(unified, systemd)


def parse_own(text: str) -> PurePosixPath:
    """Read ``/proc/self/cgroup``: our group of the v2 hierarchy, ``/`` when it does not say."""
    own = next((line[3:] for line in text.splitlines() if line.startswith("0::/")), "/")
    return PurePosixPath(own)


def base_below(mount: Path, own: PurePosixPath) -> Path | None:
    """Find the folder where we may make groups: the mount, or else the outermost group above our own.

    The kernel lets a process move to another group only who may write the list of members of the nearest
    group above both; for a group made there, and a process of ours, that is the folder itself.
    """
    places = [mount]
    for name in own.parts[1:]:
        places.append(places[-1] / name)
    return next((place for place in places if os.access(place / _PROCS, os.W_OK)), None)


def host_base() -> Path | None:
    """The folder of this host where we may make groups."""
    mount = _mounts().unified
    return None if mount is None else base_below(mount, parse_own(_text(Path("/proc/self/cgroup"))))


def _mounts() -> Mounts:
    return parse_mounts(_text(Path("/proc/self/mountinfo")))


# The groups of a version.


def version_group(base: Path | None, folder: Path) -> Path | None:
    """The group of the version in ``folder``, made or not. A host may have more libraries."""
    if base is None:
        return None
    library = hashlib.sha256(os.fsencode(folder.parent)).hexdigest()[:16]
    return base / _OURS / library / folder.name


def make_group(group: Path | None) -> Path | None:
    """Make a group, with those above it; ``None`` when the host refuses."""
    if group is None:
        return None
    try:
        group.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return group


def make_run_group(group: Path | None) -> Path | None:
    """Make a group for one run, which nothing else was ever in; ``None`` when the host refuses.

    Groups of earlier runs go here that nothing is left in.
    """
    if group is None:
        return None
    try:
        for earlier in _children(group):
            _remove_empty(earlier)
        run = group / f"run-{os.urandom(8).hex()}"
        run.mkdir()
    except OSError:
        return None
    return run


def members(group: Path) -> set[int]:
    """Process ids in a group and in the groups below it."""
    found: set[int] = set()
    for each in _with_all_below(group):
        words = _text(each / _PROCS).split()
        found.update(int(word) for word in words if word.isdigit())
    return found - {0}  # so the kernel calls those of another process id namespace


def kill(group: Path) -> None:
    """End all members of a group at one moment, those that they are just starting included.

    Kernels before 5.14 cannot do that; their members have to be ended one by one. A group that we are in
    ourselves, because an extension asked for the work, is left to that as well.
    """
    if os.getpid() not in members(group):
        _write(group / "cgroup.kill", "1")


def remove(group: Path) -> None:
    """Remove a group, those below it, and those above it that have no other; not where processes are left."""
    for each in reversed(list(_with_all_below(group))):
        _remove_empty(each)
    for above in group.parents:
        if _OURS not in above.parts:
            break
        _remove_empty(above)


def _with_all_below(group: Path) -> Iterator[Path]:
    yield group
    for child in _children(group):
        yield from _with_all_below(child)


def _children(group: Path) -> list[Path]:
    try:
        with os.scandir(group) as entries:  # it has some fifty files, whose kind this tells without a look
            return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _remove_empty(group: Path) -> None:
    with suppress(OSError):
        group.rmdir()


# Limits.


def apply_limits(base: Path | None, group: Path | None, limits: ResourceLimits) -> str:
    """Put a version under its manifest's limits; returns a sentence on those that the host does not take."""
    refused = [
        said
        for controller, file, value, said in _wanted(limits)
        if base is None or group is None or not _apply(base, group, controller, file, value)
    ]
    # A service is in a group of systemd's, which is not ours to change.
    refused += [f"those of the service {service}" for service in limits.services]
    return f"This host could not apply the package's limits: {', '.join(refused)}." if refused else ""


def _wanted(limits: ResourceLimits) -> Iterator[tuple[str, str, str, str]]:
    if limits.cpu_percent is not None:
        quota = max(_LEAST_QUOTA_MICROSECONDS, math.floor(limits.cpu_percent / 100 * _PERIOD_MICROSECONDS))
        yield "cpu", "cpu.max", f"{quota} {_PERIOD_MICROSECONDS}", f"{limits.cpu_percent:g} % of a CPU"
    if limits.memory_mib is not None:
        yield (
            "memory",
            "memory.max",
            str(math.floor(limits.memory_mib * _MIB)),
            f"{limits.memory_mib:g} MiB of memory",
        )


def _apply(base: Path, group: Path, controller: str, file: str, value: str) -> bool:
    above = [parent for parent in group.parents if parent.is_relative_to(base)]
    return all(
        _write(parent / "cgroup.subtree_control", f"+{controller}") for parent in reversed(above)
    ) and _write(group / file, value)


# Runners.


def runner_groups() -> list[Path]:
    """The groups of runners, out of the unit of whoever starts them.

    Returns:
        One in each hierarchy by which systemd may know a unit's processes; empty unless all can be had.
    """
    mounts = _mounts()
    bases = []
    if mounts.unified is not None:
        bases.append(host_base())
    if mounts.systemd is not None:
        bases.append(base_below(mounts.systemd, PurePosixPath("/")))
    groups = [None if base is None else make_group(base / _OURS / _RUNNER) for base in bases]
    return [] if None in groups else [group for group in groups if group is not None]


def add_member(group: Path, pid: int) -> None:
    """Move a process to a group; it stays where it is when the host refuses."""
    _write(group / _PROCS, str(pid))


def _write(path: Path, text: str) -> bool:
    try:
        path.write_text(text, encoding="ascii")
    except OSError:
        return False
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
