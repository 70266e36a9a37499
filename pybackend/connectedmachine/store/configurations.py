"""What the administrator of each machine lets extensions do there."""

from __future__ import annotations

from connectedmachine.model.configuration import Configuration, Entry, Mode
from connectedmachine.store.columns import names_of, names_text
from connectedmachine.store.database import Database


class Configurations:
    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, machine_id: str) -> Configuration:
        """A machine's configuration; the default when nothing was ever set."""
        row = self._db.one("SELECT * FROM configurations WHERE machine_id = ?", machine_id)
        if row is None:
            return Configuration()
        return Configuration(
            bool(row["extensions_enabled"]),
            tuple(map(Entry.parse, names_of(row["allow_list"]))),
            tuple(map(Entry.parse, names_of(row["block_list"]))),
            Mode(row["mode"]),
        )

    def set(self, machine_id: str, configuration: Configuration) -> None:
        """Replace all of it."""
        self._db.run(
            "INSERT INTO configurations VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " extensions_enabled = excluded.extensions_enabled, allow_list = excluded.allow_list,"
            " block_list = excluded.block_list, mode = excluded.mode",
            machine_id,
            int(configuration.extensions_enabled),
            names_text([str(entry) for entry in configuration.allow_list]),
            names_text([str(entry) for entry in configuration.block_list]),
            configuration.mode,
        )
