"""Maintenance windows of machines and of single extensions."""

from __future__ import annotations

import json
import sqlite3
from datetime import time, timedelta

from connectedmachine.model.window import MaintenanceWindow, parsed_blackouts
from connectedmachine.store.database import Database


class Windows:
    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, machine_id: str, window: MaintenanceWindow) -> None:
        """Add a window, or replace the one of that level and name."""
        self._db.run(
            "INSERT OR REPLACE INTO windows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            machine_id,
            window.extension,
            window.name,
            window.time_zone,
            json.dumps(window.days),
            json.dumps(window.weeks),
            window.start.isoformat(),
            int(window.duration.total_seconds()),
            json.dumps([str(blackout) for blackout in window.blackouts]),
            int(window.spread.total_seconds()),
        )

    def of_machine(self, machine_id: str) -> list[MaintenanceWindow]:
        """Those of every level: the machine's own, then those of its extensions."""
        rows = self._db.all("SELECT * FROM windows WHERE machine_id = ? ORDER BY extension, name", machine_id)
        return [_window(row) for row in rows]

    def remove(self, machine_id: str, extension: str, name: str) -> bool:
        """Remove a window; says whether there was one."""
        return bool(
            self._db.run(
                "DELETE FROM windows WHERE machine_id = ? AND extension = ? AND name = ?",
                machine_id,
                extension,
                name,
            )
        )


def _window(row: sqlite3.Row) -> MaintenanceWindow:
    return MaintenanceWindow(
        row["extension"],
        row["name"],
        row["time_zone"],
        tuple(json.loads(row["days"])),
        tuple(json.loads(row["weeks"])),
        time.fromisoformat(row["start"]),
        timedelta(seconds=row["duration"]),
        parsed_blackouts(json.loads(row["blackouts"])),
        timedelta(seconds=row["spread"]),
    )
