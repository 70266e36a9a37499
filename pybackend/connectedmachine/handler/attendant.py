"""The process that outlives the runner on Windows and notes how a handler command ended.

Elsewhere a shell does this, see ``_launch_posix.py``. Run as
``python -I -m connectedmachine.handler.attendant RUN_FOLDER``; standard input is the lock, which it holds
by merely living, standard output and error are the capture files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_CANNOT_RUN = 126
_NOT_FOUND = 127


def main(run_folder: Path) -> None:
    """Run the command that ``command`` in ``run_folder`` holds and write ``receipt``."""
    (run_folder / "pid").write_text(f"{os.getpid()}\n", encoding="ascii")
    if sys.platform == "win32":
        from connectedmachine.handler import _launch_windows

        # A job around us that allows none inside it leaves the sweep by environment to end the tree.
        with suppress(OSError):
            _launch_windows.enter_job(run_folder)
    command = json.loads((run_folder / "command").read_text(encoding="utf-8"))
    # One write of a few bytes that end with a line feed is whole or absent.
    (run_folder / "receipt").write_bytes(b"%d\n" % _run(command["argv"], command["folder"]))


def _run(argv: list[str], folder: str) -> int:
    try:
        return subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, check=False).returncode
    except FileNotFoundError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
        return _NOT_FOUND
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
        return _CANNOT_RUN


if __name__ == "__main__":
    main(Path(sys.argv[1]))
