"""Puts itself between this process and the system: the calls of ``os``, of open files and ``subprocess``.

Everything of the standard library that the product uses for files (``pathlib``, ``shutil``, ``zipfile``,
``open``) comes by here; ``test_taps.py`` compares with what the system itself sees of the process.
Only what lies under the given root counts, and only what changes something: deleting a name that is not there
is no durable call. Calls that an observer makes itself are not seen.
"""

from __future__ import annotations

import builtins
import io
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from .calls import Call, Observer
from .commits import Connection

Real = Callable[..., Any]

_open, _stat, _lstat = os.open, os.stat, os.lstat
_write, _readlink, _real_open, _real_connect = os.write, os.readlink, io.open, sqlite3.connect


class Taps:
    """Shows the calls of one process to one observer."""

    def __init__(self, root: Path, observer: Observer) -> None:
        self._root = str(root)
        self._observer = observer
        self._count = 0
        self._silent = False

    def made(self, call: Call, make: Callable[[], Any]) -> Any:
        """Make a call, with the observer told of it; its result."""
        if self._silent or not self.is_inside(call.path):
            return make()
        self._count += 1
        number = self._count
        self._tell(self._observer.before, number, call)
        result = make()
        self._tell(self._observer.after, number, call)
        return result

    @contextmanager
    def silence(self) -> Iterator[None]:
        """What this process does here is another's doing: it is made, and not shown."""
        before, self._silent = self._silent, True
        try:
            yield
        finally:
            self._silent = before

    def is_inside(self, path: Path) -> bool:
        text = str(path)
        return text == self._root or text.startswith(f"{self._root}/")

    def _tell(self, what: Callable[[int, Call], None], number: int, call: Call) -> None:
        with self.silence():
            what(number, call)


class _File(io.FileIO):
    """A file as the system has it, below every buffer; each write is one call."""

    taps: Taps
    where: Path
    appends: bool

    def write(self, data: Any) -> int:
        content = bytes(data)
        offset = _stat(self.fileno()).st_size if self.appends else self.tell()
        call = Call("write", self.where, offset=offset, data=content)
        written: int = self.taps.made(call, lambda: super(_File, self).write(content))
        return written

    def truncate(self, size: int | None = None) -> int:
        length = self.tell() if size is None else size
        call = Call("truncate", self.where, offset=length)
        done: int = self.taps.made(call, lambda: super(_File, self).truncate(length))
        return done


@contextmanager
def tapped(root: Path, observer: Observer, *, sqlite_files: bool = False) -> Iterator[Taps]:
    """Show every durable call under ``root`` to ``observer``; not to be nested.

    Args:
        sqlite_files: The calls that SQLite makes on its files are seen (``sqlite.tapped``); else each of its
            commits is one call.
    """
    taps = Taps(root, observer)
    changed: list[tuple[object, str, object]] = []

    def put(owner: object, name: str, value: object) -> None:
        changed.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    for name, made in _of_os(taps).items():
        put(os, name, made)
    opened = _opener(taps)
    put(builtins, "open", opened)
    put(io, "open", opened)
    put(subprocess.Popen, "_execute_child", _spawner(taps))
    put(shutil, "_USE_CP_SENDFILE", False)  # copies would bypass the files
    if not sqlite_files:
        put(sqlite3, "connect", _connector(taps))
    try:
        with _sqlite(taps) if sqlite_files else nullcontext():
            yield taps
    finally:
        for owner, name, value in reversed(changed):
            setattr(owner, name, value)


# Where a call points to.


def _at(path: Any, folder: int | None = None) -> Path:
    """The absolute path; the last part of it is not followed."""
    if isinstance(path, int):
        return Path(_readlink(f"/proc/self/fd/{path}"))
    name = os.fsdecode(path)
    if folder is not None and not os.path.isabs(name):  # noqa: PTH117
        name = f"{_readlink(f'/proc/self/fd/{folder}')}/{name}"
    return Path(os.path.abspath(name))  # noqa: PTH100 - resolve would follow links


def _exists(path: Path) -> bool:
    try:
        _lstat(path)
    except OSError:
        return False
    return True


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(_stat(descriptor).st_mode)


# The functions of os.


def _of_os(taps: Taps) -> dict[str, Real]:
    made: dict[str, Real] = {}

    def removing(name: str, kind: str) -> None:
        real: Real = getattr(os, name)

        def call(path: Any, *, dir_fd: int | None = None) -> Any:
            at = _at(path, dir_fd)
            if not _exists(at):
                return real(path, dir_fd=dir_fd)
            return taps.made(Call(kind, at), lambda: real(path, dir_fd=dir_fd))

        made[name] = call

    def renaming(name: str) -> None:
        real: Real = getattr(os, name)

        def call(src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> Any:
            source = _at(src, src_dir_fd)

            def make() -> Any:
                real(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

            if not _exists(source):
                return make()
            return taps.made(Call("rename", source, to=_at(dst, dst_dir_fd)), make)

        made[name] = call

    removing("unlink", "unlink")
    removing("remove", "unlink")
    removing("rmdir", "rmdir")
    renaming("rename")
    renaming("replace")
    made |= _making(taps) | _of_descriptors(taps)
    return made


def _making(taps: Taps) -> dict[str, Real]:
    mkdir, symlink, link, chmod, utime = os.mkdir, os.symlink, os.link, os.chmod, os.utime

    def mkdir_(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> Any:
        at = _at(path, dir_fd)
        if _exists(at):
            mkdir(path, mode, dir_fd=dir_fd)  # says that it is there
            return None
        return taps.made(Call("mkdir", at), lambda: mkdir(path, mode, dir_fd=dir_fd))

    def symlink_(src: Any, dst: Any, target_is_directory: bool = False, *, dir_fd: int | None = None) -> Any:
        call = Call("symlink", _at(dst, dir_fd), to=Path(os.fsdecode(src)))
        return taps.made(call, lambda: symlink(src, dst, target_is_directory, dir_fd=dir_fd))

    def link_(src: Any, dst: Any, **options: Any) -> Any:
        call = Call("link", _at(src, options.get("src_dir_fd")), to=_at(dst, options.get("dst_dir_fd")))
        return taps.made(call, lambda: link(src, dst, **options))

    def chmod_(path: Any, mode: int, **options: Any) -> Any:
        at = _at(path, options.get("dir_fd"))
        if _exists(at) and stat.S_IMODE(_lstat(at).st_mode) == mode:
            chmod(path, mode, **options)
            return None
        return taps.made(Call("chmod", at, offset=mode), lambda: chmod(path, mode, **options))

    def utime_(path: Any, times: Any = None, **options: Any) -> Any:
        at = _at(path, options.get("dir_fd"))
        return taps.made(Call("utime", at), lambda: utime(path, times, **options))

    return {"mkdir": mkdir_, "symlink": symlink_, "link": link_, "chmod": chmod_, "utime": utime_}


def _of_descriptors(taps: Taps) -> dict[str, Real]:
    fsync, truncate, ftruncate = os.fsync, os.truncate, os.ftruncate

    def open_(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        def make() -> int:
            return _open(path, flags, mode, dir_fd=dir_fd)

        if not flags & (os.O_CREAT | os.O_TRUNC):
            return make()
        opened: int = _opened(taps, _at(path, dir_fd), flags, make)
        return opened

    def write_(fd: int, data: Any) -> int:
        if not _is_file(fd):
            return _write(fd, data)
        call = Call("write", _at(fd), offset=os.lseek(fd, 0, os.SEEK_CUR), data=bytes(data))
        written: int = taps.made(call, lambda: _write(fd, data))
        return written

    def synced(real: Real) -> Real:
        def call(fd: Any) -> Any:
            descriptor = fd if isinstance(fd, int) else fd.fileno()
            kind = "fsync folder" if stat.S_ISDIR(_stat(descriptor).st_mode) else "fsync"
            return taps.made(Call(kind, _at(descriptor)), lambda: real(fd))

        return call

    def shortened(real: Real) -> Real:
        def call(path: Any, length: int) -> Any:
            return taps.made(Call("truncate", _at(path), offset=length), lambda: real(path, length))

        return call

    return {
        "open": open_,
        "write": write_,
        "fsync": synced(fsync),
        "fdatasync": synced(os.fdatasync),
        "truncate": shortened(truncate),
        "ftruncate": shortened(ftruncate),
    }


# Open files.


def _opened(taps: Taps, at: Path, flags: int, make: Callable[[], Any]) -> Any:
    """Open a file: a durable call when that makes it, or empties it."""
    if flags & os.O_CREAT and not _exists(at):
        return taps.made(Call("create", at), make)
    if flags & os.O_TRUNC and _exists(at) and _lstat(at).st_size:
        return taps.made(Call("truncate", at), make)
    return make()


_FLAGS = {"w": os.O_CREAT | os.O_TRUNC, "a": os.O_CREAT, "x": os.O_CREAT, "r": 0}


def _opener(taps: Taps) -> Real:
    def open_(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wax+"):
            return _real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        at = _at(file)
        if not taps.is_inside(at):
            return _real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        kind = next(letter for letter in mode if letter in _FLAGS)
        raw_mode = kind + ("+" if "+" in mode else "")
        if isinstance(file, int):
            raw = _File(file, raw_mode, closefd)
        else:
            raw = _opened(taps, at, _FLAGS[kind], lambda: _File(file, raw_mode, closefd, opener))
        raw.taps, raw.where, raw.appends = taps, at, kind == "a"
        if buffering == 0:
            return raw
        size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
        buffered: Any = io.BufferedRandom(raw, size) if "+" in mode else io.BufferedWriter(raw, size)
        if "b" in mode:
            return buffered
        text = io.TextIOWrapper(buffered, encoding, errors, newline, buffering == 1)
        text.mode = mode  # type: ignore[misc]
        return text

    return open_


# Processes and the store.


def _spawner(taps: Taps) -> Real:
    real: Real = subprocess.Popen._execute_child  # type: ignore[attr-defined]

    def execute(self: Any, args: Any, *rest: Any) -> Any:
        words = [args] if isinstance(args, (str, bytes, os.PathLike)) else list(args)
        cwd = rest[4]
        call = Call("spawn", _at(cwd or "."), detail="\0".join(os.fsdecode(word) for word in words))
        return taps.made(call, lambda: real(self, args, *rest))

    return execute


def _connector(taps: Taps) -> Real:
    def connect(database: Any, **options: Any) -> sqlite3.Connection:
        name = str(database)
        connection: Connection = _real_connect(database, factory=Connection, **options)
        if not options.get("uri"):
            at = _at(name)
            connection.made = lambda sql, make: taps.made(Call("commit", at, detail=sql), make)
        return connection

    return connect


def _sqlite(taps: Taps) -> Any:
    from .sqlite import tapped as sqlite_tapped  # apsw is slow to import

    def report(kind: str, path: Path, offset: int, data: bytes) -> None:
        taps.made(Call(kind, path, offset=offset, data=data), lambda: None)

    return sqlite_tapped(report)
