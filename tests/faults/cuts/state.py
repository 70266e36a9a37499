"""What a runner that was cut off leaves to its successor, in a form in which equal states are equal.

Taken in: every committed row of the store, every file with its content and mode, which versions serve. Left out:
what tells nobody anything (logs, the runner's lock). Ids and times are put in a common form, since each run
has its own; the log of the handler's commands is taken in, so that equal states also have an equal past.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import stat
from pathlib import Path

from .tiny import TINY, is_serving

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COMMON = (
    (re.compile(r"(\.(?:unpacking|replaced|fetching)-)[0-9a-f]+"), r"\1#"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "T"),
    (re.compile(r'"monotonic": [\d.]+'), '"monotonic": #'),
    (re.compile(r"tinyservice \(\d+\)"), "tinyservice (#)"),
)
_NOT_TOLD = ("store.db", "runner.l", "logs")


class Looker:
    """Looks at one state root; keeps what it read of the store until that changes."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._rows: list[str] = []

    def look(self, changed: Path | None = None, content: bytes = b"") -> list[str]:
        """The state, line by line.

        Args:
            changed: A file to be taken as if it had ``content``.
        """
        lines = [*self._store(), *self._files(self._home, changed, content), *self._serving()]
        ids: dict[str, str] = {}

        def common(match: re.Match[str]) -> str:
            return ids.setdefault(match[0], f"id{len(ids)}")

        text = _UUID.sub(common, "\0".join(lines))
        for pattern, replacement in _COMMON:
            text = pattern.sub(replacement, text)
        return sorted(text.split("\0"))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _store(self) -> list[str]:
        path = self._home / "store.db"
        if self._connection is None:
            self._connection = sqlite3.Connection(path, isolation_level=None)
        connection = self._connection
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            # First of all in the order in which they came, by which ids get their common form.
            self._rows = [
                f"{number} {row}"
                for table in ("operations", "passes")
                for number, row in connection.execute(f"SELECT rowid, id FROM {table} ORDER BY rowid")  # noqa: S608
            ]
            self._rows += [
                f"{table} {row}"
                for (table,) in tables.fetchall()
                for row in connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608
            ]
            self._version = version
        return self._rows

    def _files(self, folder: Path, changed: Path | None, content: bytes) -> list[str]:
        lines = []
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if entry.name.startswith(_NOT_TOLD):
                continue
            path = Path(entry.path)
            state = entry.stat(follow_symlinks=False)
            head = f"{path.relative_to(self._home)} {state.st_mode:o}"
            if stat.S_ISDIR(state.st_mode):
                lines += [head, *self._files(path, changed, content)]
            elif stat.S_ISREG(state.st_mode) and entry.name != "pid" and not entry.name.endswith(".pid"):
                data = content if path == changed else path.read_bytes()
                # A carried status has no time of its own.
                lines.append(f"{head} {state.st_mtime_ns == 0} {data.decode('latin-1')}".replace("\0", "NUL"))
            else:
                lines.append(head)
        return lines

    def _serving(self) -> list[str]:
        pipes = sorted(self._home.glob(f"machines/*/library/{TINY.handler}-data/*.ask"))
        return [f"{pipe.name} answers: {is_serving(pipe)}" for pipe in pipes]


def digest(lines: list[str]) -> str:
    """A short name of a state."""
    return hashlib.sha256("\0".join(lines).encode()).hexdigest()[:16]


def serving(lines: list[str]) -> list[str]:
    """The versions that serve in a state."""
    words = [line.split(" answers: ") for line in lines if " answers: " in line]
    return [name.removesuffix(".ask") for name, says in words if says == "True"]
