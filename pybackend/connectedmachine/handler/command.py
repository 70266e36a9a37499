"""Run one handler command, and learn its fate even when the runner that started it is gone.

Design page section 5, "Fate of a command"; handler contract 2.1. A run lives in a folder of its own:

* ``lock``: held by the *attendant*, a small process that outlives the runner, from before it starts until
  it ends; by nothing else, also not by the handler or what the handler leaves behind
* ``started``: JSON, the boot and its monotonic time when the run began, and the version folder
* ``group``: a link to the control group of all that the run starts, on hosts that have such
* ``pid``: the attendant's process id, which on POSIX is also the id of its session
* ``stdout``, ``stderr``: what the command wrote
* ``receipt``: the exit code and a line feed, written by the attendant when the command ended
* ``overdue``: exists once a runner decided that the time is up

So a run whose lock is held is running. Otherwise ``overdue`` means that it timed out, a whole receipt
that it ended, and neither, or no ``started``, that it is lost: the attendant was killed, the host went
down, or the runner died before it had started anything. No fate depends on a process id, which may be
used again.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectedmachine.handler import cgroup
from connectedmachine.handler._files import disk_full_named, is_disk_full, read_regular
from connectedmachine.handler.output import HEAD_BYTES, join_output
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import ConflictError, HandlerError
from connectedmachine.model.handler import Command, HandlerManifest
from connectedmachine.model.manifest import MANIFEST_NAME

if sys.platform == "win32":
    from connectedmachine.handler import _launch_windows as _launch
else:
    from connectedmachine.handler import _launch_posix as _launch

# Names the run in the environment of all that it starts: the one trait that also a child in a session of
# its own, whose parents are gone, still has.
RUN_VARIABLE = "AZCMLITE_RUN"

_TICK_SECONDS = 0.2
_REAP_SECONDS = 5.0
_CAPTURE_BYTES = 1024 * 1024
_SMALL_FILE_BYTES = 4096
_RECEIPT = re.compile(rb"(-?\d{1,10})\r?\n")


@dataclass(frozen=True)
class CommandSpec:
    """A command ready to run: program and arguments, the version folder, its whole environment.

    ``group`` is the control group of the version, in which the run gets one of its own; ``None`` without.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    group: Path | None = None


@dataclass(frozen=True)
class Ended:
    """The command ended; a signal shows as 128 plus its number, as a shell has it."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class TimedOut:
    """The command used up its time; all that it had started was ended."""

    output: str


@dataclass(frozen=True)
class Lost:
    """Nobody can say how far the command came. Nothing of it runs any more: it may be run again."""


Fate = Ended | TimedOut | Lost


def command_spec(
    manifest: HandlerManifest,
    command: Command,
    folder: Path,
    environment: Mapping[str, str],
    group: Path | None = None,
) -> CommandSpec:
    """Find the program of ``command``: always the package's own, whatever the manifest writes before it.

    Raises:
        HandlerError: ``CommandMissing``, ``CommandMalformed``, ``CommandOutsidePackage``.
    """
    key = f"{command}Command"
    where = folder / MANIFEST_NAME
    line = manifest.commands.get(command, "")
    try:
        words = _launch.split_line(line)
    except ValueError as error:
        raise _bad_line(
            "CommandMalformed", f"'{key}' in '{where}' cannot be split into words: {error}"
        ) from None
    if not words or not words[0]:
        raise _bad_line("CommandMissing", f"'{where}' has no '{key}'")
    # By its text, not by following links: an install may well link an interpreter into its folder, and a
    # package with links that leave the folder is never unpacked.
    program = Path(os.path.normpath(folder / words[0].lstrip(_launch.SEPARATORS)))
    if not program.is_relative_to(folder) or program == folder:
        raise _bad_line("CommandOutsidePackage", f"'{key}' in '{where}' names a program outside the package")
    return CommandSpec((str(program), *words[1:]), folder, environment, group)


def _bad_line(code: str, message: str) -> HandlerError:
    return HandlerError(
        code, f"{message}.", target=MANIFEST_NAME, hint="Ask the publisher for a package without this fault."
    )


def start(spec: CommandSpec, run_folder: Path, clock: Clock) -> CommandRun:
    """Start a command, with ``run_folder`` (made here) to follow it by.

    A folder of an earlier run whose fate is known may be used again.

    Raises:
        ConflictError: ``CommandRunning`` when the run of that folder is still going on.
        HandlerError: ``CommandNotStarted`` when the system refuses to start anything.
        DiskFullError: ``DiskFull``.
    """
    run_folder = run_folder.absolute()
    with disk_full_named(run_folder):
        run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock = _launch.take_lock(run_folder / "lock")
        except BlockingIOError:
            raise ConflictError(
                "CommandRunning",
                f"The command of '{run_folder}' is still running.",
                target=str(run_folder),
                hint="Wait for it.",
            ) from None
        try:
            _begin(spec, run_folder, clock)
            environment = {**spec.environment, RUN_VARIABLE: str(run_folder)}
            child = _launch.launch(spec.argv, spec.folder, environment, run_folder, lock)
        except OSError as error:
            if is_disk_full(error):
                raise
            raise HandlerError(
                "CommandNotStarted",
                f"'{spec.argv[0]}' could not be started in '{spec.folder}': {error.strerror}.",
                target=spec.argv[0],
                hint="See that the version folder is whole and that the host has room for a process.",
            ) from error
        finally:
            os.close(lock)
    return CommandRun(run_folder, clock, child)


def _begin(spec: CommandSpec, run_folder: Path, clock: Clock) -> None:
    """Forget an earlier run of that folder; dying anywhere in here leaves a run that is lost."""
    for name in ("started", "receipt", "overdue", "pid", "stdout", "stderr", "group"):
        (run_folder / name).unlink(missing_ok=True)
    group = cgroup.make_run_group(spec.group)
    if group is not None:
        (run_folder / "group").symlink_to(group)
    # Not synced: whether a run still goes on matters only within this boot.
    began = {"boot": clock.boot_id(), "monotonic": clock.monotonic(), "folder": str(spec.folder)}
    (run_folder / "started").write_text(json.dumps(began), encoding="utf-8")


def attach(run_folder: Path, clock: Clock) -> CommandRun:
    """Follow a run that another process started, or that a loss of power took, which counts as lost."""
    return CommandRun(run_folder.absolute(), clock, None)


class CommandRun:
    """One run of a command, followed by its folder."""

    def __init__(self, folder: Path, clock: Clock, child: subprocess.Popen[bytes] | None) -> None:
        self._folder = folder
        self._clock = clock
        self._child = child

    def wait(self, timeout: float, on_tick: Callable[[], None] | None = None) -> Fate:
        """Wait until the command ended or its time is up.

        Args:
            timeout: Seconds from the start of the command, also when that was in another process.
            on_tick: Called at least every 0.2 s while the command runs. What it raises ends the waiting
                and leaves the command alone.
        """
        began = _read_beginning(self._folder / "started")
        if began is None:
            return Lost()
        overdue = self._wait_until(began, timeout, on_tick)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(_REAP_SECONDS)
        receipt = _RECEIPT.fullmatch(_read_small(self._folder / "receipt"))
        if receipt is not None and not overdue:
            self._forget_group()  # what the command left behind keeps it
            return Ended(int(receipt[1]), self._output())
        # In another boot nothing can be left, and process ids mean others.
        if began.boot == self._clock.boot_id():
            self._end_all(began)
        return TimedOut(self._output()) if overdue else Lost()

    def _wait_until(self, began: _Beginning, timeout: float, on_tick: Callable[[], None] | None) -> bool:
        """Wait until nothing runs any more, and say whether that is because the time was up."""
        overdue = self._folder / "overdue"
        deadline = began.monotonic + timeout
        with _launch.EndWatch(self._child, self._pid) as watch:
            running = self._is_running()
            while running:
                remaining = deadline - self._clock.monotonic()
                if remaining <= 0:
                    # Said before it is done: else a runner killed in between would run the command again.
                    # On a full disk it is done all the same.
                    with suppress(OSError):
                        overdue.touch()
                    self._end_all(began)
                    return True
                watch.wait(min(remaining, _TICK_SECONDS))
                running = self._is_running()
                if running:
                    self._bound_capture()
                    if on_tick is not None:
                        on_tick()
        return overdue.exists()

    def _is_running(self) -> bool:
        return _launch.is_held(self._folder / "lock")

    def _end_all(self, began: _Beginning) -> None:
        from connectedmachine.handler._processes import RunTraits, end_run

        traits = RunTraits(
            RUN_VARIABLE, str(self._folder), self._pid(), self._is_running(), began.folder, self._group()
        )
        end_run(traits, self._end_group)
        self._forget_group()

    def _end_group(self) -> None:
        # Only while the lock is held is the process id certain to be the attendant's.
        pid = self._pid()
        if pid is not None and self._is_running():
            _launch.end_group(pid, self._folder)
        group = self._group()
        if group is not None:
            cgroup.kill(group)

    def _forget_group(self) -> None:
        group = self._group()
        if group is not None:
            cgroup.remove(group)

    def _group(self) -> Path | None:
        link = self._folder / "group"
        return link.readlink() if link.is_symlink() else None

    def _pid(self) -> int | None:
        text = _read_small(self._folder / "pid").strip()
        return int(text) if text.isdigit() else None

    def _bound_capture(self) -> None:
        """Keep a talkative command from filling the disk; only the head is ever shown."""
        for name in ("stdout", "stderr"):
            path = self._folder / name
            if path.stat().st_size > _CAPTURE_BYTES:
                os.truncate(path, HEAD_BYTES)

    def _output(self) -> str:
        return join_output(_read_head(self._folder / "stdout"), _read_head(self._folder / "stderr"))


@dataclass(frozen=True)
class _Beginning:
    boot: str
    monotonic: float
    folder: Path


def _read_beginning(path: Path) -> _Beginning | None:
    try:
        began = json.loads(_read_small(path))
        return _Beginning(str(began["boot"]), float(began["monotonic"]), Path(began["folder"]))
    except (ValueError, KeyError, TypeError):
        return None


def _read_small(path: Path) -> bytes:
    try:
        return read_regular(path, _SMALL_FILE_BYTES).data
    except OSError:
        return b""


def _read_head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        return b""
