"""A state root that can be put back to where it was, with what ran there."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from durable import Observer

from .checks import problems
from .life import Fate, Mutation, live, unchanged
from .scenarios import Scenario, connected
from .state import Look, look
from .tiny import end_all, serve


@dataclass(frozen=True)
class Copy:
    """A copy of the state root, and the versions that served then."""

    folder: Path
    versions: list[str]


class Stage:
    """Where one scenario is played again and again, below ``root``."""

    def __init__(self, root: Path, scenario: Scenario, mutation: Mutation = unchanged) -> None:
        self.root = root
        self.home = root / "home"
        self.scenario = scenario
        self._mutation = mutation
        root.mkdir(parents=True)
        world = connected(root)
        scenario.prepare(world)
        self.machine_id = world.machine.id
        self.library = world.places.library.root
        world.store.close()
        self.base = self.copied()

    def look(self) -> Look:
        """The state as it is now."""
        return look(self.home)

    def copied(self, seen: Look | None = None) -> Copy:
        """Keep the state as it is now; ``seen`` of one who has looked at it just now."""
        folder = Path(tempfile.mkdtemp(prefix="copy", dir=self.root))
        _copy(self.home, folder)
        return Copy(folder, (seen or self.look()).serving)

    def put_back(self, copy: Copy) -> None:
        """Make the state what it was, whatever runs now."""
        self.clear()
        _copy(copy.folder, self.home)
        for version in copy.versions:
            serve(self.library, version)

    def drop(self, copy: Copy) -> None:
        shutil.rmtree(copy.folder)

    def live(
        self,
        life: int,
        observer: Observer | None = None,
        last_words: Callable[[], object] | None = None,
        *,
        boot: int = 0,
        sqlite_files: bool = False,
    ) -> tuple[Fate, object]:
        """A runner's life in this state root; see ``life.live``."""
        return live(
            self.home,
            self.machine_id,
            life,
            observer,
            hooks=self.scenario.hooks,
            mutation=self._mutation,
            last_words=last_words,
            boot=boot,
            sqlite_files=sqlite_files,
        )

    def problems(self) -> list[str]:
        """What is not as the scenario promises."""
        return problems(self.root, self.scenario.expected)

    def clear(self) -> None:
        end_all(self.home)
        if self.home.exists():
            shutil.rmtree(self.home)

    def close(self) -> None:
        """Leave nothing."""
        end_all(self.home)
        shutil.rmtree(self.root)


def _copy(source: Path, target: Path) -> None:
    """A tree with its times; ``shutil`` does not know pipes."""
    target.mkdir(exist_ok=True)
    for entry in os.scandir(source):
        state = entry.stat(follow_symlinks=False)
        to = target / entry.name
        if stat.S_ISDIR(state.st_mode):
            _copy(Path(entry.path), to)
        elif stat.S_ISLNK(state.st_mode):
            to.symlink_to(Path(entry.path).readlink())
        elif stat.S_ISFIFO(state.st_mode):
            os.mkfifo(to)
        elif not entry.name.endswith("-shm"):  # the store makes it anew from its log
            to.write_bytes(Path(entry.path).read_bytes())
            to.chmod(stat.S_IMODE(state.st_mode))
            os.utime(to, ns=(state.st_atime_ns, state.st_mtime_ns))
    target.chmod(stat.S_IMODE(source.stat().st_mode))
