"""What a runner that was cut off leaves to its successor, in a form in which equal states are equal.

Taken in: every committed row of the store, every file with its content and mode, which versions serve.
Left out: what tells nobody anything (logs, the runner's lock). Ids and times are put in a common form, since
each run has its own; the log of the handler's commands is taken in.

Two states that differ only in what is over have one future: a step that was lost and then done, and what the
steps that are done saw of health but for the first sample, which is the baseline. That is how the product
reads its journal (``upgrade.journal``); who relies on it here looks at some of the states it holds equal.
So steps, and the folders of their commands, are counted anew without what is over.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .tiny import is_serving

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COMMON = (
    (re.compile(r"(\.(?:unpacking|replaced|fetching)-)[0-9a-f]+"), r"\1#"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "T"),
    (re.compile(r'"monotonic": [\d.]+'), '"monotonic": #'),
    (re.compile(r"tinyservice \(\d+\)"), "tinyservice (#)"),
)
_JOURNAL = ("SELECT * FROM steps", "SELECT * FROM samples")
_RUN = re.compile(r"(?<=/runs/)(\w+)/(\d+)")
_STILL_TOLD = """
CREATE TEMP VIEW told AS
SELECT *, row_number() OVER (PARTITION BY operation_id ORDER BY seq) AS place FROM steps AS s
WHERE s.outcome IS NOT 'lost' OR NOT EXISTS (
    SELECT 1 FROM steps AS d
    WHERE d.operation_id = s.operation_id AND d.round = s.round AND d.step = s.step AND d.side = s.side
    AND d.target IS s.target AND d.instance IS s.instance AND d.seq > s.seq AND d.outcome = 'done'
)
"""
"""Steps but those that were lost and then done, which the product passes over."""
_PLACES = "SELECT operation_id, seq, place FROM told"
_AHEAD = (
    "SELECT operation_id, place, step, side, target, instance, round, began, ended, outcome, exit_code, code,"
    " message, manifest, choice, boot FROM told",
    "SELECT operation_id, place, number, observed, sources FROM told JOIN samples USING (operation_id, seq)"
    " WHERE ended IS NULL OR number = 1",
)
_NOT_TOLD = ("store.db", "runner.l", "logs")


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        state: The name of the state.
        future: A name that it shares with states that the product cannot tell from it.
        serving: The versions that serve.
    """

    state: str
    future: str
    serving: list[str]


class Looker:
    """Looks at one state root again and again, each time at what changed since.

    It is told of what changed in files (``changed``); the store it asks, and whether versions serve.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._connection: sqlite3.Connection | None = None
        self._version = -1
        self._ids: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._rows: list[str] = []
        self._journal: list[str] = []
        self._ahead: list[str] = []
        self._places: dict[tuple[str, str], str] = {}
        self._files: dict[str, str] = {}
        self._stale: set[Path] = {home}

    def changed(self, *paths: Path) -> None:
        """These, and what is below them, may not be what they were."""
        self._stale.update(paths)

    def all_changed(self) -> None:
        self.changed(self._home)

    def look(self) -> Look:
        """The state as it is now."""
        self._read_store()
        for path in sorted(self._stale):
            self._read(path)
        self._stale.clear()
        pipes = [Path(path) for path in self._files if path.endswith(".ask")]
        serving = [pipe.stem for pipe in pipes if is_serving(pipe)]
        told = [*self._rows, *(f"{version} serves" for version in serving)]
        return Look(
            _digest([*told, *self._journal, *self._files.values()]),
            _digest([*told, *self._ahead, *self._files_ahead()]),
            serving,
        )

    def _files_ahead(self) -> Iterator[str]:
        """The lines of files, those of a step's command with its new place, and not when that is over."""
        for path, line in self._files.items():
            run = _RUN.search(line) if "/runs/" in path else None
            if run is None:
                yield line
            elif (run[1], run[2]) in self._places:
                yield f"{line[: run.start(2)]}{self._places[run[1], run[2]]}{line[run.end(2) :]}"

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read_store(self) -> None:
        if self._connection is None:
            self._connection = sqlite3.Connection(self._home / "store.db", isolation_level=None)
            self._connection.execute(_STILL_TOLD)
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
            self._known.clear()
            self.all_changed()
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        self._rows = [
            self._common(f"{table} {row}")
            for (table,) in tables
            if table not in ("steps", "samples")
            for row in connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
        ]
        self._journal = self._lines_of(_JOURNAL)
        self._ahead = self._lines_of(_AHEAD)
        self._places = {
            (ids[operation], str(seq)): str(place) for operation, seq, place in connection.execute(_PLACES)
        }

    def _lines_of(self, queries: tuple[str, ...]) -> list[str]:
        assert self._connection is not None
        rows = [row for query in queries for row in self._connection.execute(query)]
        return [self._common(str(row)) for row in rows]

    def _common(self, text: str) -> str:
        if text not in self._known:
            known = _UUID.sub(lambda match: self._ids.get(match[0], "id"), text)
            for pattern, replacement in _COMMON:
                known = pattern.sub(replacement, known)
            self._known[text] = known
        return self._known[text]

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


def look(home: Path) -> Look:
    """The state as it is."""
    looker = Looker(home)
    try:
        return looker.look()
    finally:
        looker.close()


def _digest(lines: Iterable[str]) -> str:
    """A short name of lines, whatever their order."""
    return f"{sum(map(_number, lines)) % 2**64:016x}"


@lru_cache(maxsize=10_000)
def _number(line: str) -> int:
    return int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], "big")
