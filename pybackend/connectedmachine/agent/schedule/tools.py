"""Running the programs by which schedulers are spoken to, and putting the files that they read."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from connectedmachine.model.errors import PermissionDeniedError, RunnerError

_SECONDS = 60.0


def ask(command: Sequence[str], given: bytes = b"") -> tuple[int, bytes, str]:
    """Run a program to its end; returns its exit code, its output and what it said of errors.

    Raises:
        RunnerError: ``SchedulerFailed`` when it is not there or does not end.
    """
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            cwd=Path(sys.executable).anchor,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise failed(command, str(error)) from error
    return done.returncode, done.stdout, done.stderr.decode(errors="replace").strip()


def do(command: Sequence[str], given: bytes = b"") -> bytes:
    """Run a program that is to succeed; returns its output.

    Raises:
        RunnerError: ``SchedulerFailed``.
    """
    code, output, said = ask(command, given)
    if code:
        raise failed(command, said or f"exit code {code}")
    return output


def failed(command: Sequence[str], why: str) -> RunnerError:
    return RunnerError(
        "SchedulerFailed",
        f"The scheduler did not take the task: {Path(command[0]).name} said '{' '.join(why.split())[:300]}'.",
        target=command[0],
        hint="Nothing was changed. Choose another with -Scheduler, or run 'connectedmachine agent'.",
    )


@contextlib.contextmanager
def placed(files: Mapping[Path, bytes]) -> Iterator[None]:
    """Put files for the time of the block, and for good when it succeeds; else what was there is put back.

    Raises:
        PermissionDeniedError: ``PermissionDenied``.
    """
    before = {path: content_of(path) for path in files}
    try:
        try:
            for path, content in files.items():
                put(path, content)
        except PermissionError as error:
            raise PermissionDeniedError(
                "PermissionDenied",
                f"A task cannot be put into {Path(error.filename).parent}.",
                target=str(error.filename),
                hint="Run as root or administrator.",
            ) from error
        yield
    except BaseException:
        for path, earlier in before.items():
            if earlier is None:
                path.unlink(missing_ok=True)
            else:
                put(path, earlier)
        raise


def content_of(path: Path) -> bytes | None:
    """What is in a file, if there is one."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def put(path: Path, content: bytes) -> None:
    """Replace a file at once. Schedulers read no other user's file that everybody may write to."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not a name that a scheduler takes for one of its files: cron reads no name with a dot in it.
    staged = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.chmod(0o644)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
