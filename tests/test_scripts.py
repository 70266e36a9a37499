"""The scripts' own ground: the environment they make, and the engine they find."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import _environment
from _environment import Record, missing, powershell

ROOT = Path(__file__).resolve().parents[1]
DONE = Record(python="cpython 3.11", project="a hash", root="/here", extras=["test"])


@pytest.mark.parametrize(
    ("found", "todo"),
    [
        (DONE, "nothing"),
        (replace(DONE, extras=["test", "docs"]), "nothing"),
        (replace(DONE, extras=[]), "packages"),
        (replace(DONE, project="another hash"), "packages"),
        (replace(DONE, python="cpython 3.13"), "everything"),
        (replace(DONE, root="/where/it/was/copied/from"), "everything"),
        (None, "everything"),
    ],
    ids=[
        "complete",
        "more than asked",
        "extra missing",
        "project changed",
        "other Python",
        "copied",
        "unfinished",
    ],
)
def test_an_environment_is_made_as_far_as_it_is_missing(found: Record | None, todo: str) -> None:
    assert missing(found, DONE) == todo


def test_without_venv_a_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(_environment, "_RECORD", tmp_path / ".venv" / "azcmlite.json")
    monkeypatch.setattr(_environment, "_LOCK", tmp_path / ".venv.lock")
    # A finder that finds nothing, as on a Debian without the package.
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match=rf"apt-get install python3\.{sys.version_info.minor}-venv"):
        _environment.ensure()
    assert not (tmp_path / ".venv").exists()


def test_a_folder_that_somebody_else_made_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(_environment, "_RECORD", tmp_path / ".venv" / "azcmlite.json")
    monkeypatch.setattr(_environment, "_LOCK", tmp_path / ".venv.lock")
    theirs = tmp_path / ".venv" / "pyvenv.cfg"
    theirs.parent.mkdir()
    theirs.write_text("theirs", encoding="ascii")
    with pytest.raises(SystemExit, match="was not made by this script"):
        _environment.ensure()
    assert theirs.read_text(encoding="ascii") == "theirs"


def test_a_run_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    holder = (
        "import sys, time, pathlib, _environment\n"
        "with _environment._locked(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(lock)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with lock.open("ab") as file:
            assert not _environment._try_lock(file)
            process.kill()
            process.wait()
            assert _environment._try_lock(file)


def test_the_engine_that_is_named_comes_before_those_on_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named, on_path = _program(tmp_path / "named" / "engine"), _program(tmp_path / "path" / "pwsh")
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setenv("AZCMLITE_PWSH", str(named))
    assert powershell() == named
    monkeypatch.delenv("AZCMLITE_PWSH")
    assert powershell() == on_path


def test_windows_powershell_is_found_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AZCMLITE_PWSH", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert powershell() is None
    assert powershell() != (engine := _program(tmp_path / "powershell"))
    assert powershell() == engine


def test_a_named_engine_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AZCMLITE_PWSH", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit, match="AZCMLITE_PWSH names"):
        powershell()


def test_requiring_powershell_fails_without_an_engine(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AZCMLITE_PWSH"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "test.py"), "--require-powershell"],
        env=environment | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no PowerShell engine" in done.stderr


def _program(path: Path) -> Path:
    path = path.with_suffix(".exe") if sys.platform == "win32" else path
    path.parent.mkdir(exist_ok=True)
    path.touch(mode=0o755)
    return path
