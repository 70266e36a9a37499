"""Where a machine's files are, under the state root (design page, section 8)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectedmachine.handler.layout import Library


DEFAULT_GALLERY = "default"


@dataclass(frozen=True)
class Places:
    """The folders and files of one machine."""

    home: Path
    machine_id: str

    @property
    def packages(self) -> Path:
        """Verified zips by SHA-256, shared by all machines of this state root."""
        return self.home / "packages"

    @property
    def machine(self) -> Path:
        return self.home / "machines" / self.machine_id

    @property
    def library(self) -> Library:
        from connectedmachine.handler.layout import Library

        return Library(self.machine / "library", self.machine / "logs")

    @property
    def runs(self) -> Path:
        return self.machine / "runs"

    @property
    def contents(self) -> Path:
        """Lists of what the packages of this machine unpacked to, by SHA-256; they outlive the packages."""
        return self.machine / "contents"

    @property
    def reserve(self) -> Path:
        """Takes up room for an undo while a version change is under way."""
        return self.machine / "reserve"

    @property
    def lock(self) -> Path:
        return self.machine / "runner.lock"

    @property
    def runner_log(self) -> Path:
        return self.machine / "runner.log"

    def run(self, operation_id: str, seq: int) -> Path:
        """The folder of one handler command's run; outlives the runner."""
        return self.runs / operation_id / str(seq)


def default_gallery(home: Path) -> Path:
    """The folder of the gallery that exists without being added."""
    return home / "gallery"
