"""Which galleries the machines use, in the order they were added. The default one is not a row."""

from __future__ import annotations

from pathlib import Path

from connectedmachine.store.database import Database


class Galleries:
    def __init__(self, database: Database) -> None:
        self._db = database

    def list(self) -> list[tuple[str, Path]]:
        rows = self._db.all("SELECT name, path FROM galleries ORDER BY position")
        return [(row["name"], Path(row["path"])) for row in rows]

    def add(self, name: str, path: Path) -> None:
        self._db.run(
            "INSERT INTO galleries SELECT ?, ?, coalesce(max(position), 0) + 1 FROM galleries",
            name,
            str(path),
        )

    def remove(self, name: str) -> bool:
        """Stop using a gallery; its folder stays. Says whether there was one of that name."""
        return bool(self._db.run("DELETE FROM galleries WHERE name = ?", name))
