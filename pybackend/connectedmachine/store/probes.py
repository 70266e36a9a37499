"""Health probes that users configured, and their last samples."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from connectedmachine.model.clock import to_text
from connectedmachine.model.health import Health, Probe, ProbeKind, SourceHealth
from connectedmachine.store.columns import time_of
from connectedmachine.store.database import Database


@dataclass(frozen=True)
class LastSample:
    health: SourceHealth
    time: datetime


class Probes:
    def __init__(self, database: Database) -> None:
        self._db = database

    def of_machine(self, machine_id: str, name: str | None = None) -> list[tuple[Probe, LastSample | None]]:
        rows = self._db.all(
            "SELECT * FROM probes WHERE machine_id = ? AND (? IS NULL OR name = ?) ORDER BY name",
            machine_id,
            name,
            name,
        )
        return [(_probe(row), _last(row)) for row in rows]

    def save(self, machine_id: str, probe: Probe) -> None:
        """Add or replace by name; a replaced one has no last sample."""
        self._db.run(
            "INSERT OR REPLACE INTO probes (machine_id, name, kind, target, interval, timeout)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            machine_id,
            probe.name,
            probe.kind,
            json.dumps(probe.target),
            probe.interval,
            probe.timeout,
        )

    def record(self, machine_id: str, name: str, health: SourceHealth, now: datetime) -> None:
        """Keep a probe's latest sample."""
        self._db.run(
            "UPDATE probes SET last_health = ?, last_message = ?, last_time = ?"
            " WHERE machine_id = ? AND name = ?",
            health.health,
            health.message,
            to_text(now),
            machine_id,
            name,
        )

    def remove(self, machine_id: str, name: str) -> bool:
        """Remove a probe; says whether there was one."""
        return bool(self._db.run("DELETE FROM probes WHERE machine_id = ? AND name = ?", machine_id, name))


def _probe(row: sqlite3.Row) -> Probe:
    return Probe(
        row["name"],
        ProbeKind(row["kind"]),
        tuple(json.loads(row["target"])),
        row["interval"],
        row["timeout"],
    )


def _last(row: sqlite3.Row) -> LastSample | None:
    time = time_of(row["last_time"])
    if time is None:
        return None
    return LastSample(SourceHealth(Health(row["last_health"]), row["last_message"]), time)
