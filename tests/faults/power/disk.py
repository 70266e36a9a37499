"""What a disk holds after the power went off, as far as POSIX promises it. Pure.

A trace is the disk before, and what was done to it since, in order. After a cut at some place everything that
was made certain before that place is there: contents by a sync of their file, names by a sync of their folder
(OSDI'14, "All File Systems Are Not Created Equal"). Of the rest each single change may be there or not, in
any combination: file systems reorder. A rename is atomic, and certain when both its folders are synced.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

ROOT = 0
NEVER = 1 << 60


class Kind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    PIPE = "pipe"


@dataclass(frozen=True)
class Node:
    """What has a name, or had one: its mode, and where a link points to."""

    kind: Kind
    mode: int = 0o600
    link: str = ""
    modified_ns: int = 0


@dataclass(frozen=True)
class Enter:
    """``name`` in ``folder`` means ``node`` from now on."""

    folder: int
    name: str
    node: int


@dataclass(frozen=True)
class Leave:
    """``name`` in ``folder`` means nothing any more."""

    folder: int
    name: str


@dataclass(frozen=True)
class Move:
    """A rename."""

    source: int
    old: str
    target: int
    new: str
    node: int


@dataclass(frozen=True)
class Write:
    node: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Resize:
    node: int
    size: int


@dataclass(frozen=True)
class Sync:
    """``node`` is on the disk: a file's contents, a folder's names. ``site`` says who asked for it."""

    node: int
    site: str


@dataclass(frozen=True)
class Stamp:
    """``node`` looks as old as can be, until it is written again."""

    node: int


Change = Enter | Leave | Move | Write | Resize


@dataclass(frozen=True)
class Disk:
    """Names by folder, contents by file, and the files that look as old as can be."""

    names: Mapping[int, Mapping[str, int]]
    contents: Mapping[int, bytes]
    stamped: frozenset[int] = frozenset()


class Torn(StrEnum):
    """How much of a write arrived, besides all and nothing."""

    HALF = "half"
    ZEROS = "zeros"


@dataclass(frozen=True)
class Loss:
    """Of the changes before ``position``, those in ``missing`` never arrived and one arrived torn."""

    position: int
    missing: frozenset[int] = frozenset()
    torn: tuple[int, Torn] | None = None


@dataclass(frozen=True)
class Trace:
    """What happened to a disk.

    Attributes:
        before: The disk at the beginning, all of it certain.
        nodes: Everything that ever had a name.
        events: In order.
        certain: Events that survive whatever is synced: of programs that keep their own word.
        cuts: The places between events where the power may go, each the number of events before it.
    """

    before: Disk
    nodes: Mapping[int, Node]
    events: Sequence[Change | Sync | Stamp]
    certain: frozenset[int]
    cuts: Sequence[int]
    _syncs: dict[int, list[int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for index, event in enumerate(self.events):
            if isinstance(event, Sync):
                self._syncs.setdefault(event.node, []).append(index)

    def without(self, syncs: Iterable[int]) -> Trace:
        """The same, had these syncs not been asked for: nothing else depends on a sync."""
        gone = set(syncs)
        kept = tuple(
            Sync(-1, event.site) if isinstance(event, Sync) and index in gone else event
            for index, event in enumerate(self.events)
        )
        return Trace(self.before, self.nodes, kept, self.certain, self.cuts)

    def certain_from(self, index: int) -> int:
        """The first place at which a change cannot be lost any more."""
        if index in self.certain:
            return index + 1
        match self.events[index]:
            case Enter(folder=node) | Leave(folder=node) | Write(node=node) | Resize(node=node):
                return self._synced(node, index)
            case Move(source=source, target=target):
                return max(self._synced(source, index), self._synced(target, index))
        return index + 1

    def _synced(self, node: int, after: int) -> int:
        syncs = self._syncs.get(node, [])
        following = bisect.bisect_right(syncs, after)
        return syncs[following] + 1 if following < len(syncs) else NEVER

    def uncertain(self, position: int) -> list[int]:
        """The changes before a place that may be missing there."""
        return [
            index
            for index, event in enumerate(self.events[:position])
            if not isinstance(event, Sync | Stamp) and self.certain_from(index) > position
        ]

    def after(self, loss: Loss) -> Disk:
        """The disk as it is found when the power is back."""
        names = {folder: dict(entries) for folder, entries in self.before.names.items()}
        touched: dict[int, bytearray] = {}
        stamped = set(self.before.stamped)
        for index, event in enumerate(self.events[: loss.position]):
            if index in loss.missing:
                continue
            if isinstance(event, Write | Resize):
                stamped.discard(event.node)
            match event:
                case Stamp(node):
                    stamped.add(node)
                case Write(node, offset, data):
                    torn = loss.torn[1] if loss.torn is not None and loss.torn[0] == index else None
                    write(self._touch(touched, node), offset, data, torn)
                case Resize(node, size):
                    resize(self._touch(touched, node), size)
                case Enter() | Leave() | Move():
                    rename(names, event)
        contents = {**self.before.contents, **{node: bytes(data) for node, data in touched.items()}}
        return Disk(names, contents, frozenset(stamped))

    def _touch(self, touched: dict[int, bytearray], node: int) -> bytearray:
        if node not in touched:
            touched[node] = bytearray(self.before.contents.get(node, b""))
        return touched[node]


def rename(names: dict[int, dict[str, int]], event: Enter | Leave | Move) -> None:
    """Names after a change of them; of a name that a lost change would have made, what can be done is."""
    match event:
        case Enter(folder, name, node):
            names.setdefault(folder, {})[name] = node
        case Leave(folder, name):
            names.get(folder, {}).pop(name, None)
        case Move(source, old, target, new, node):
            if names.get(source, {}).get(old) == node:
                del names[source][old]
            names.setdefault(target, {})[new] = node


def write(content: bytearray, offset: int, data: bytes, torn: Torn | None = None) -> None:
    """A write; what lies between the end of the content and it is zeros."""
    if torn is Torn.HALF:
        data = data[: len(data) // 2]
    elif torn is Torn.ZEROS:
        data = bytes(len(data))
    if len(content) < offset:
        resize(content, offset)
    content[offset : offset + len(data)] = data


def resize(content: bytearray, size: int) -> None:
    """Cut off at a size, or filled up to it with zeros."""
    del content[size:]
    content.extend(bytes(size - len(content)))


def paths(disk: Disk, nodes: Mapping[int, Node]) -> dict[str, int]:
    """Everything that can be reached by a name, parents first; names are relative to the root."""
    found: dict[str, int] = {}

    def walk(folder: int, prefix: str) -> None:
        for name, node in sorted(disk.names.get(folder, {}).items()):
            found[prefix + name] = node
            if nodes[node].kind is Kind.FOLDER:
                walk(node, f"{prefix}{name}/")

    walk(ROOT, "")
    return found
