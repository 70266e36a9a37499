"""Start a command so that it and the one who notes its end outlive the runner: Windows.

The attendant is a Python process (:mod:`connectedmachine.handler.attendant`). Its standard input is the
lock file, opened so that nobody else can open it while a handle is left; the handler gets ``NUL`` instead.
The attendant puts itself into a named job object before it starts the handler, so that one call ends all.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import msvcrt
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ctypes import wintypes
from pathlib import Path
from typing import Self

assert sys.platform == "win32"

SEPARATORS = "/\\"

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_shell32 = ctypes.WinDLL("shell32", use_last_error=True)
_kernel32.CreateFileW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.LPVOID,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.HANDLE,
)
_kernel32.CreateFileW.restype = wintypes.HANDLE
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
_kernel32.CreateJobObjectW.restype = wintypes.HANDLE
_kernel32.OpenJobObjectW.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.LPCWSTR)
_kernel32.OpenJobObjectW.restype = wintypes.HANDLE
_kernel32.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
_kernel32.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
_kernel32.GetCurrentProcess.restype = wintypes.HANDLE
_kernel32.LocalFree.argtypes = (wintypes.LPVOID,)
_shell32.CommandLineToArgvW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(ctypes.c_int))
_shell32.CommandLineToArgvW.restype = ctypes.POINTER(wintypes.LPWSTR)

_INVALID_HANDLE = wintypes.HANDLE(-1).value
_GENERIC_READ_WRITE = 0xC0000000
_FILE_APPEND_DATA = 0x0004
_SYNCHRONIZE = 0x00100000
_SHARE_ALL = 0x7
_OPEN_EXISTING = 3
_OPEN_ALWAYS = 4
_ERROR_FILE_NOT_FOUND = 2
_ERROR_PATH_NOT_FOUND = 3
_ERROR_ACCESS_DENIED = 5
_ERROR_SHARING_VIOLATION = 32
_JOB_OBJECT_TERMINATE = 0x0008
_KILLED = 137

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05


def split_line(line: str) -> list[str]:
    """Words of a command line as Windows programs see them."""
    if not line.strip():
        return []
    count = ctypes.c_int()
    words = _shell32.CommandLineToArgvW(line, ctypes.byref(count))
    if not words:
        raise ValueError(ctypes.FormatError(ctypes.get_last_error()))
    try:
        return [str(words[index]) for index in range(count.value)]
    finally:
        _kernel32.LocalFree(words)


def _open(path: Path, access: int, share: int, disposition: int) -> int:
    handle = _kernel32.CreateFileW(str(path), access, share, None, disposition, 0, None)
    if handle is None or handle == _INVALID_HANDLE:
        raise ctypes.WinError(ctypes.get_last_error())
    return int(handle)


def take_lock(path: Path) -> int:
    """Open ``path`` for ourselves alone; raises BlockingIOError when another holds it."""
    try:
        handle = _open(path, _GENERIC_READ_WRITE, 0, _OPEN_ALWAYS)
    except OSError as error:
        if error.winerror == _ERROR_SHARING_VIOLATION:
            raise BlockingIOError(str(path)) from None
        raise
    return msvcrt.open_osfhandle(handle, os.O_RDWR)


def is_held(path: Path) -> bool:
    """Say whether anyone holds the lock."""
    try:
        _kernel32.CloseHandle(_open(path, _GENERIC_READ_WRITE, 0, _OPEN_EXISTING))
    except OSError as error:
        if error.winerror in (_ERROR_FILE_NOT_FOUND, _ERROR_PATH_NOT_FOUND):
            return False
        if error.winerror == _ERROR_SHARING_VIOLATION:
            return True
        raise
    return False


def launch(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str], run_folder: Path, lock: int
) -> subprocess.Popen[bytes]:
    """Start the attendant; from its first moment on it holds the lock."""
    command = json.dumps({"argv": list(argv), "folder": str(cwd)})
    (run_folder / "command").write_text(command, encoding="utf-8")
    stdout = _open_capture(run_folder / "stdout")
    try:
        stderr = _open_capture(run_folder / "stderr")
        try:
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
            try:
                # Out of the runner's job object, which may end with the runner.
                return _attendant(
                    cwd,
                    environment,
                    run_folder,
                    (lock, stdout, stderr),
                    flags | subprocess.CREATE_BREAKAWAY_FROM_JOB,
                )
            except OSError as error:
                if error.winerror != _ERROR_ACCESS_DENIED:
                    raise
                # That job lets nobody out; then the command lives as long as the job does.
                return _attendant(cwd, environment, run_folder, (lock, stdout, stderr), flags)
        finally:
            os.close(stderr)
    finally:
        os.close(stdout)


def _attendant(
    cwd: Path, environment: Mapping[str, str], run_folder: Path, streams: tuple[int, int, int], flags: int
) -> subprocess.Popen[bytes]:
    stdin, stdout, stderr = streams
    return subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", "-m", "connectedmachine.handler.attendant", str(run_folder)],
        cwd=cwd,
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        creationflags=flags,
    )


def _open_capture(path: Path) -> int:
    # Appending, so that cutting the file short moves the writers' position too.
    handle = _open(path, _FILE_APPEND_DATA | _SYNCHRONIZE, _SHARE_ALL, _OPEN_ALWAYS)
    return msvcrt.open_osfhandle(handle, os.O_APPEND)


def _job_name(run_folder: Path) -> str:
    # Global: the runner that resumes may live in another logon session than the one that started this.
    digest = hashlib.sha256(str(run_folder).lower().encode()).hexdigest()
    return f"Global\\AzConnectedMachineLite-{digest}"


def enter_job(run_folder: Path) -> None:
    """Put the calling process, and all that it will start, into the run's job object.

    The handle is left open on purpose: the name exists as long as the attendant does.
    """
    job = _kernel32.CreateJobObjectW(None, _job_name(run_folder))
    if not job or not _kernel32.AssignProcessToJobObject(job, _kernel32.GetCurrentProcess()):
        raise ctypes.WinError(ctypes.get_last_error())


def end_group(pid: int, run_folder: Path) -> None:  # noqa: ARG001 - the POSIX twin goes by the process id
    """End the attendant and all that it started, at one moment."""
    job = _kernel32.OpenJobObjectW(_JOB_OBJECT_TERMINATE, False, _job_name(run_folder))
    if job:
        _kernel32.TerminateJobObject(job, _KILLED)
        _kernel32.CloseHandle(job)


class EndWatch:
    """Sleep, but wake up when the attendant ends."""

    def __init__(self, child: subprocess.Popen[bytes] | None, pid: Callable[[], int | None]) -> None:  # noqa: ARG002
        self._child = child
        self._pause = _FIRST_PAUSE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self, seconds: float) -> None:
        """Return after ``seconds``, or earlier: when the attendant ended, or to be asked again."""
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(seconds)
        else:
            time.sleep(min(seconds, self._pause))
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
