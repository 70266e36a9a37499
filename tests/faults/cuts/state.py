"""What a runner that was cut off leaves to its successor, in a form in which equal states are equal.

Taken in: every committed row of the store, every file with its content and mode, which versions serve.
Left out: what tells nobody anything (logs, the runner's lock). Ids and times are put in a common form, since
each run has its own; the log of the handler's commands is taken in, so equal states have an equal past, too.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Iterator
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
    """Looks at one state root again and again, each time at what changed since.

    It is told of what changed in files (``changed``); the store it asks, and whether versions serve.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._ids: dict[str, str] = {}
        self._rows: list[str] = []
        self._files: dict[str, str] = {}
        self._stale: set[Path] = {home}

    def changed(self, *paths: Path) -> None:
        """These, and what is below them, may not be what they were."""
        self._stale.update(paths)

    def all_changed(self) -> None:
        self.changed(self._home)

    def look(self) -> list[str]:
        """The state as lines, in an order that tells nothing."""
        self._read_store()
        for path in sorted(self._stale):
            self._read(path)
        self._stale.clear()
        pipes = sorted(self._home.glob(f"machines/*/library/{TINY.handler}-data/*.ask"))
        serving = [f"{pipe.name} answers: {is_serving(pipe)}" for pipe in pipes]
        return [*self._rows, *self._files.values(), *serving]

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read_store(self) -> None:
        if self._connection is None:
            self._connection = sqlite3.Connection(self._home / "store.db", isolation_level=None)
        connection = self._connection
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return
        self._version = version
        ids = {
            id_: f"{table}{number}"
            for table in ("operations", "passes")
            for number, (id_,) in enumerate(
                connection.execute(f"SELECT id FROM {table} ORDER BY rowid")  # noqa: S608
            )
        }
        if ids != self._ids:
            self._ids = ids
            self.all_changed()
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        self._rows = [
            self._common(f"{table} {row}")
            for (table,) in tables
            for row in connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
        ]

    def _common(self, text: str) -> str:
        text = _UUID.sub(lambda match: self._ids.get(match[0], "id"), text)
        for pattern, replacement in _COMMON:
            text = pattern.sub(replacement, text)
        return text

    def _read(self, path: Path) -> None:
        name = str(path)
        below = f"{name}/"
        self._files = {k: v for k, v in self._files.items() if k != name and not k.startswith(below)}
        self._files.update((key, self._common(line)) for key, line in self._lines(path))

    def _lines(self, path: Path) -> Iterator[tuple[str, str]]:
        below = path.relative_to(self._home)
        if str(below).startswith(_NOT_TOLD) or (
            len(below.parts) > 2 and below.parts[2].startswith(_NOT_TOLD)
        ):
            return  # in the home, or in the folder of a machine
        try:
            state = path.lstat()
        except FileNotFoundError:
            return
        head = f"{below} {state.st_mode:o}"
        if stat.S_ISREG(state.st_mode) and path.suffix != ".pid" and path.name != "pid":
            # A carried status has no time of its own.
            head = f"{head} {state.st_mtime_ns == 0} {path.read_bytes().decode('latin-1')}"
        yield str(path), head
        if stat.S_ISDIR(state.st_mode):
            for name in os.listdir(path):  # noqa: PTH208
                yield from self._lines(path / name)


def look(home: Path) -> list[str]:
    """The state as it is."""
    looker = Looker(home)
    try:
        return looker.look()
    finally:
        looker.close()


def digest(lines: Iterable[str]) -> str:
    """A short name of a state."""
    return hashlib.sha256("\0".join(sorted(lines)).encode()).hexdigest()[:16]


def serving(lines: list[str]) -> list[str]:
    """The versions that serve in a state."""
    words = [line.split(" answers: ") for line in lines if " answers: " in line]
    return [name.removesuffix(".ask") for name, says in words if says == "True"]
