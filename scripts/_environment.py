"""Makes ``.venv`` beside the module manifest and installs the project there, for the scripts in this folder.

Needs nothing but Python 3.11. What was installed is recorded in ``.venv/azcmlite.json``: the record says
"unfinished" before anything else is done and the truth at the very end, so a run that was killed half-way is
recognised and done again. One run at a time works on the folder; others wait for it.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python gets this far, and no installer was there to refuse it
    sys.exit(
        "This needs Python 3.11 or newer; %s is Python %d.%d.\n"  # noqa: UP031 - read by older Pythons
        "Install one (Debian: apt-get install python3 python3-venv; macOS: brew install python; "
        "Windows: winget install Python.Python.3.13) and run this script with it."
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
_RECORD = VENV / "azcmlite.json"
_LOCK = ROOT / ".venv.lock"


@dataclass(frozen=True)
class Record:
    """What a finished ``.venv`` was made with, and from what.

    ``python`` tells the interpreter apart from any other, ``project`` is a hash of ``pyproject.toml``,
    ``root`` is the folder it was made for: a copied tree brings a ``.venv`` that still points to the old one.
    """

    python: str
    project: str
    root: str
    extras: list[str]


def ensure(extra: str | None = None) -> Path:
    """Return the Python of a ``.venv`` with the project, editable, and its optional dependencies ``extra``.

    Does nothing when that is so already; says on standard output what it does otherwise. Ends the program
    with a message when it cannot be done.
    """
    python = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = Record(
        python=f"{sys.implementation.name} {sys.version} at {sys.base_prefix}",
        project=hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        root=str(ROOT),
        extras=[extra] if extra else [],
    )
    with _locked(_LOCK) as lock:
        todo = missing(_read(_RECORD), wanted)
        if todo == "everything":
            _make(python, lock)
        if todo != "nothing":
            _install(python, wanted, lock)
    return python


def missing(found: Record | None, wanted: Record) -> str:
    """Say what a folder with the record ``found`` lacks: ``everything``, ``packages`` or ``nothing``."""
    if found is None or (found.python, found.root) != (wanted.python, wanted.root):
        return "everything"
    if found.project != wanted.project or not set(wanted.extras) <= set(found.extras):
        return "packages"
    return "nothing"


def powershell() -> Path | None:
    """The PowerShell to use: ``AZCMLITE_PWSH``, else ``pwsh``, else ``powershell`` on PATH, else ``None``."""
    chosen = os.environ.get("AZCMLITE_PWSH")
    found = shutil.which(chosen) if chosen else shutil.which("pwsh") or shutil.which("powershell")
    if chosen and not found:
        sys.exit(f"AZCMLITE_PWSH names '{chosen}', and that is not a program that can be run.")
    return Path(found).absolute() if found else None


def _make(python: Path, lock: IO[bytes]) -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"{sys.executable} came without the part of Python that makes virtual environments.\n"
            f"On Debian and Ubuntu: apt-get install python{version}-venv; then run this script again."
        )
    if VENV.is_dir() and any(VENV.iterdir()) and not _RECORD.exists():
        sys.exit(f"{VENV} was not made by this script: move it away or delete it, then run this again.")
    _say(f"Making {VENV} with Python {sys.version.split()[0]}")
    VENV.mkdir(exist_ok=True)
    _RECORD.write_text('"unfinished"\n', encoding="ascii")
    # The record stays: a folder that lost it in the middle of this would look like somebody else's.
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != _RECORD:
            entry.unlink()
    # The Python of a virtual environment may be the one that was just deleted; its base is still there.
    base = getattr(sys, "_base_executable", sys.executable)
    _run([base, "-I", "-m", "venv", str(VENV)], lock, "The virtual environment could not be made")
    assert python.exists(), python


def _install(python: Path, wanted: Record, lock: IO[bytes]) -> None:
    extras = f"[{','.join(wanted.extras)}]" if wanted.extras else ""
    _say(f"Installing the project{' and what its ' + extras[1:-1] + ' needs' if extras else ''}")
    _RECORD.write_text('"unfinished"\n', encoding="ascii")
    pip = [str(python), "-I", "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    _run([*pip, "--editable", f".{extras}"], lock, "pip could not install the project")
    written = _RECORD.with_suffix(".new")
    written.write_text(json.dumps(asdict(wanted), indent=2) + "\n", encoding="utf-8")
    written.replace(_RECORD)


def _read(path: Path) -> Record | None:
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # not there, unfinished, or from another release of this script: made anew all the same


def _run(command: list[str], lock: IO[bytes], failure: str) -> None:
    # A child outlives this script when that is killed; it keeps the lock as long as it writes. Windows has no
    # such inheritance: there the files it holds open cannot be deleted, and the next run says so.
    kept = () if sys.platform == "win32" else (lock.fileno(),)
    code = subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL, pass_fds=kept).returncode
    if code != 0:
        sys.exit(f"{failure}: the reason is above. Running this script again starts anew.")


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """Hold the lock file ``path``; the system gives it up for a process that dies."""
    with path.open("ab") as file:
        waiting = False
        while not _try_lock(file):
            if not waiting:
                _say("Waiting for another run that is setting up the same folder")
            waiting = True
            time.sleep(0.2)
        yield file


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _say(message: str) -> None:
    print(f"[environment] {message} ...", flush=True)
