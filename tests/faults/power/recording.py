"""Turns the durable calls of a process into a trace.

Other processes change the disk as well: handler commands, their attendants, the programs they leave behind.
Before each call of ours the disk is looked at, and what nobody reported is theirs: made since the last look,
synced by nobody. Where the caller says that a folder's owner keeps its own word (a handler's own data), it is
certain at once.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from durable import Call, sqlite

from power.disk import (
    ROOT,
    Change,
    Disk,
    Enter,
    Kind,
    Leave,
    Move,
    Node,
    Resize,
    Stamp,
    Sync,
    Trace,
    Write,
    rename,
    resize,
    write,
)

_PRODUCT = f"{os.sep}connectedmachine{os.sep}"
_MERE_HELPERS = ("store/database.py", "store/migrations.py", "handler/_files.py", "gallery/_files.py")
_SHARED_MEMORY = "-shm"

Signature = tuple[int, int, int, int]


class Recording:
    """An observer that keeps what is done below ``root``, which must hold nothing that changes by itself."""

    def __init__(self, root: Path, keeps_its_word: Callable[[str], bool]) -> None:
        self._root = root
        self._keeps_its_word = keeps_its_word
        self._nodes = {ROOT: Node(Kind.FOLDER, 0o700)}
        self._names: dict[int, dict[str, int]] = {ROOT: {}}
        self._contents: dict[int, bytearray] = {}
        self._seen: dict[str, Signature] = {}
        self._events: list[Change | Sync | Stamp] = []
        self._certain: set[int] = set()
        self._stamped: set[int] = set()
        self._cuts: list[int] = []
        self._look()
        self._before = self._now()
        self._events.clear()
        self._certain.clear()

    def before(self, number: int, call: Call) -> None:  # noqa: ARG002 - the observer's face
        self._look()
        self._cuts.append(len(self._events))

    def after(self, number: int, call: Call) -> None:  # noqa: ARG002
        parent, name = self._place(call.path)
        node = ROOT if call.path == self._root else self._names.get(parent, {}).get(name, -1)
        match call.kind:
            case "create":
                self._enter(parent, name, Node(Kind.FILE, _mode(call.path)))
            case "mkdir":
                self._enter(parent, name, Node(Kind.FOLDER, _mode(call.path)))
            case "symlink":
                self._enter(parent, name, Node(Kind.LINK, link=str(call.to)))
            case "rename" if call.to is not None and node >= 0:
                target, new = self._place(call.to)
                self._do(Move(parent, name, target, new, node))
                self._forget(call.path)
                self._forget(call.to)
            case "unlink" | "rmdir":
                self._do(Leave(parent, name))
                self._forget(call.path)
            case "write" if node >= 0:
                self._do(Write(node, call.offset, call.data))
            case "truncate" if node >= 0:
                self._do(Resize(node, call.offset))
            case "fsync" | "fsync folder" if node >= 0:
                self._do(Sync(node, _site(call)))
            case "chmod" | "utime" if node >= 0:
                # An inode's own facts go with it; nothing here depends on when they arrive.
                state = call.path.lstat()
                old = self._nodes[node]
                if call.kind == "utime" and not state.st_mtime_ns:
                    self._do(Stamp(node))
                self._nodes[node] = Node(old.kind, stat.S_IMODE(state.st_mode), old.link, state.st_mtime_ns)

    def trace(self) -> Trace:
        """All until now, with a last cut behind it."""
        self._look()
        self._cuts.append(len(self._events))
        return Trace(
            self._before, dict(self._nodes), tuple(self._events), frozenset(self._certain), tuple(self._cuts)
        )

    # The disk as it should be by what was reported.

    def _now(self) -> Disk:
        names = {folder: dict(entries) for folder, entries in self._names.items()}
        return Disk(names, {node: bytes(content) for node, content in self._contents.items()})

    def _place(self, path: Path) -> tuple[int, str]:
        folder = ROOT
        parts = path.relative_to(self._root).parts
        for part in parts[:-1]:
            folder = self._names.get(folder, {}).get(part, -1)
        return folder, parts[-1] if parts else ""

    def _enter(self, folder: int, name: str, node: Node) -> int:
        number = len(self._nodes)
        self._nodes[number] = node
        if node.kind is Kind.FOLDER:
            self._names[number] = {}
        elif node.kind is Kind.FILE:
            self._contents[number] = bytearray()
        self._do(Enter(folder, name, number))
        return number

    def _do(self, event: Change | Sync | Stamp) -> None:
        self._events.append(event)
        if isinstance(event, Stamp):
            self._stamped.add(event.node)
        elif isinstance(event, Write | Resize):
            self._stamped.discard(event.node)
        match event:
            case Write(node, offset, data):
                write(self._contents[node], offset, data)
            case Resize(node, size):
                resize(self._contents[node], size)
            case Enter() | Leave() | Move():
                rename(self._names, event)

    def _forget(self, path: Path) -> None:
        """What was known of a path that means something else now, and of all below it."""
        gone = str(path)
        for known in [known for known in self._seen if known == gone or known.startswith(f"{gone}/")]:
            del self._seen[known]

    # The disk as it is.

    def _look(self) -> None:
        self._compare(ROOT, str(self._root))

    def _compare(self, folder: int, where: str) -> None:
        try:
            with os.scandir(where) as entries:
                there = {entry.name: entry for entry in entries}
        except FileNotFoundError:
            there = {}  # another process took it away since its parent was read
        for name in list(self._names[folder]):
            if name not in there:
                self._theirs(f"{where}/{name}", Leave(folder, name))
        for name, entry in sorted(there.items()):
            if not name.endswith(_SHARED_MEMORY):
                try:
                    state = entry.stat(follow_symlinks=False)
                    self._compare_entry(folder, name, entry.path, state)
                except FileNotFoundError:
                    continue  # the next look finds it gone

    def _compare_entry(self, folder: int, name: str, path: str, state: os.stat_result) -> None:
        node = self._names[folder].get(name, -1)
        if stat.S_ISDIR(state.st_mode):
            if node < 0 or self._nodes[node].kind is not Kind.FOLDER:
                node = self._their_node(path, folder, name, Node(Kind.FOLDER, stat.S_IMODE(state.st_mode)))
            self._compare(node, path)
        elif stat.S_ISLNK(state.st_mode):
            link = os.readlink(path)  # noqa: PTH115 - the text is wanted
            if node < 0 or self._nodes[node].link != link:
                self._their_node(path, folder, name, Node(Kind.LINK, link=link))
        elif stat.S_ISFIFO(state.st_mode):
            if node < 0 or self._nodes[node].kind is not Kind.PIPE:
                self._their_node(path, folder, name, Node(Kind.PIPE, stat.S_IMODE(state.st_mode)))
        elif stat.S_ISREG(state.st_mode):
            self._compare_file(folder, name, path, state, node)

    def _compare_file(self, folder: int, name: str, path: str, state: os.stat_result, node: int) -> None:
        signature = (state.st_ino, state.st_mtime_ns, state.st_ctime_ns, state.st_size)
        known = self._seen.get(path)
        if known == signature:
            return
        content = Path(path).read_bytes()
        self._seen[path] = signature
        replaced = known is not None and known[0] != state.st_ino
        if node >= 0 and self._nodes[node].kind is Kind.FILE:
            has = bytes(self._contents[node])
            if has == content:
                if node in self._stamped and state.st_mtime_ns:
                    self._theirs(path, Write(node, 0, content))  # the same words, said anew
                return
            if not replaced:
                if not content.startswith(has):
                    self._theirs(path, Resize(node, 0))
                    has = b""
                self._theirs(path, Write(node, len(has), content[len(has) :]))
                return
        made = self._their_node(
            path, folder, name, Node(Kind.FILE, stat.S_IMODE(state.st_mode), "", state.st_mtime_ns)
        )
        if content:
            self._theirs(path, Write(made, 0, content))

    def _their_node(self, path: str, folder: int, name: str, node: Node) -> int:
        made = self._enter(folder, name, node)
        self._note_word(path)
        return made

    def _theirs(self, path: str, event: Change) -> None:
        self._do(event)
        self._note_word(path)

    def _note_word(self, path: str) -> None:
        if self._keeps_its_word(path.removeprefix(f"{self._root}/")):
            self._certain.add(len(self._events) - 1)


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return 0o600  # SQLite's files are reported before they are made


def _site(call: Call) -> str:
    """Which line of the product asked for this sync, below it only what does nothing else."""
    of_sqlite, site = "", "elsewhere"
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file == sqlite.__file__:
            what = "a log" if call.path.name.endswith("-wal") else "a store"
            of_sqlite = f", SQLite's {call.kind} of {what}"
        if _PRODUCT in file:
            short = file.rpartition(_PRODUCT)[2].replace(os.sep, "/")
            site = f"{short} {frame.f_code.co_name}:{frame.f_lineno}{of_sqlite}"
            if short not in _MERE_HELPERS:
                return site
        frame = frame.f_back
    return site
