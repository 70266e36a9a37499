"""A disk as it is found after a loss of power: laid out for real, and told apart from others."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from power.disk import Disk, Kind, Node, paths

_ONLY_DELETED = (".unpacking-", ".discarded-", ".fetching-", ".tmp")
"""Marks of what a crash left: nobody reads it, so what it holds makes no difference."""


def lay_out(disk: Disk, nodes: Mapping[int, Node], root: Path) -> None:
    """Put a disk in the place of what is below ``root``."""
    for entry in os.scandir(root):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    for name, number in paths(disk, nodes).items():
        node, path = nodes[number], root / name
        match node.kind:
            case Kind.FOLDER:
                path.mkdir()
            case Kind.LINK:
                path.symlink_to(node.link)
                continue
            case Kind.PIPE:
                os.mkfifo(path)
            case Kind.FILE:
                path.write_bytes(disk.contents.get(number, b""))
        path.chmod(node.mode)
        if number in disk.stamped:
            os.utime(path, ns=(0, 0))
        elif node.modified_ns:
            os.utime(path, ns=(node.modified_ns, node.modified_ns))


class Fingerprints:
    """Equal for disks from which a recovery takes the same way."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._stores: dict[bytes, bytes] = {}

    def of(self, disk: Disk, nodes: Mapping[int, Node]) -> bytes:
        """By names, contents and what the store says; not by how the store's files hold it."""
        digest = hashlib.sha256()
        store: dict[str, bytes] = {}
        for name, number in paths(disk, nodes).items():
            content = disk.contents.get(number, b"")
            file = name.rpartition("/")[2]
            if file.startswith("store.db"):
                store[file] = content
                continue
            if any(mark in name for mark in _ONLY_DELETED):
                if not any(mark in name.rpartition("/")[0] for mark in _ONLY_DELETED):
                    digest.update(f"{name}\0".encode())
                continue
            node = nodes[number]
            facts = (name, node.kind, node.mode, node.link, number in disk.stamped, len(content))
            digest.update(f"{facts!r}\0".encode())
            digest.update(content)
        digest.update(self._of_store(store))
        return digest.digest()

    def _of_store(self, files: dict[str, bytes]) -> bytes:
        parts = [part for name in sorted(files) for part in (name.encode(), _digest(files[name]))]
        by_bytes = _digest(b"".join(parts))
        if by_bytes not in self._stores:
            self._stores[by_bytes] = self._said(files) or by_bytes
        return self._stores[by_bytes]

    def _said(self, files: dict[str, bytes]) -> bytes | None:
        """What every table holds; ``None`` when SQLite cannot read it."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        for name, content in files.items():
            (self._scratch / name).write_bytes(content)
        connection = sqlite3.connect(self._scratch / "store.db")
        digest = hashlib.sha256()
        try:
            if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
                return None
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            for (table,) in tables.fetchall():
                digest.update(f"{table}\0".encode())
                for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):  # noqa: S608
                    digest.update(f"{row!r}\0".encode())
        except sqlite3.DatabaseError:
            return None
        finally:
            connection.close()
        return digest.digest()


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
