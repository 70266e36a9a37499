"""Looks over a handler's shoulder while it works: half-written status files, and secrets where none belong.

Handler contract 1.6: a status is written beside its place and renamed; design page, section 10: protected
settings reach a handler encrypted, in its settings file, and show nowhere else.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from connectedmachine.handler._files import read_regular
from connectedmachine.handler._report import parse
from connectedmachine.handler.execution_log import is_log

_LOOK_SECONDS = 0.01
_LOOKS_BETWEEN_PROCESSES = 25
_STATUS_BYTES = 4 * 1024 * 1024
_LOG_BYTES = 16 * 1024 * 1024
# A shorter text occurs by chance in what has nothing to do with it.
_SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Seen:
    """What was seen. ``torn``: status files that were not whole at a moment and were later; ``leaks``:
    places that held a secret."""

    reads: int
    torn: tuple[str, ...]
    leaks: tuple[str, ...]


def secrets_in(protected: str | None) -> tuple[str, ...]:
    """The texts in protected settings that are long enough to be looked for."""
    found: set[str] = set()
    pending: list[object] = [] if protected is None else [json.loads(protected)]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
        elif isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
            found.add(value)
    return tuple(sorted(found, key=len, reverse=True))


def spellings(secret: str) -> set[str]:
    """A secret as it is, and as JSON has it."""
    return {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}


class Onlooker:
    """Looks from ``with`` to its end, by a thread of its own.

    Args:
        library: Folder of the version folders.
        secrets: Texts that must not show.
    """

    def __init__(self, library: Path, secrets: Sequence[str]) -> None:
        self._library = library
        self._needles = [text.encode() for secret in secrets for text in spellings(secret)]
        self._reads = 0
        self._broken: set[Path] = set()
        self._torn: dict[str, None] = {}
        self._leaks: dict[str, None] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="onlooker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def seen(self) -> Seen:
        """What was seen up to now."""
        return Seen(self._reads, tuple(self._torn), tuple(self._leaks))

    def look_into(self, where: str, texts: Iterable[str]) -> None:
        """Look for secrets in what a handler said."""
        for text in texts:
            self._judge(where, text.encode("utf-8", "surrogatepass"))

    def look_into_files(self, folder: Path) -> None:
        """Look for secrets in a folder of logs; ``look_into`` is given what its execution log repeats."""
        for path in sorted(folder.rglob("*")):
            if is_log(path.name):
                continue
            with suppress(OSError):  # no file, or one that is gone or endless
                self._judge(f"log file {path.relative_to(folder)}", read_regular(path, _LOG_BYTES).data)

    def _work(self) -> None:
        looks = 0
        while not self._stop.wait(_LOOK_SECONDS):
            with suppress(OSError):  # a version folder that is just leaving
                for path in self._library.glob("*/status/*.status"):
                    self._look_at(path)
            if self._needles and looks % _LOOKS_BETWEEN_PROCESSES == 0:
                self._look_at_processes()
            looks += 1

    def _look_at(self, path: Path) -> None:
        try:
            data = read_regular(path, _STATUS_BYTES).data
        except OSError:
            return
        self._reads += 1
        self._judge(f"status file {path.name}", data)
        try:
            parse(data)
        except ValueError:
            self._broken.add(path)
            return
        if path in self._broken:
            self._broken.remove(path)
            self._torn[path.name] = None

    def _look_at_processes(self) -> None:
        for process in psutil.process_iter(["name", "cmdline"]):
            words = "\0".join(process.info["cmdline"] or ()).encode("utf-8", "surrogateescape")
            # Who was given the settings to check with may have them in its own arguments.
            if self._holds_secret(words) and self._is_of_handler(process):
                self._leaks[f"arguments of process {process.info['name']}"] = None

    def _is_of_handler(self, process: psutil.Process) -> bool:
        try:
            folder = process.environ().get("AZURE_GUEST_AGENT_EXTENSION_PATH")
        except (psutil.Error, OSError):
            return False
        return folder is not None and Path(folder).parent == self._library

    def _judge(self, where: str, data: bytes) -> None:
        if self._holds_secret(data):
            self._leaks[where] = None

    def _holds_secret(self, data: bytes) -> bool:
        return any(needle in data for needle in self._needles)
