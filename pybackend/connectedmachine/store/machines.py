"""Machines."""

from __future__ import annotations

import builtins
import json
import sqlite3

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.image import Architecture, OSType, Platform
from connectedmachine.model.resource import Machine
from connectedmachine.store.columns import tags_of, tags_text
from connectedmachine.store.database import Database


class Machines:
    def __init__(self, database: Database) -> None:
        self._db = database

    def find(self, subscription: str, resource_group: str, name: str) -> Machine | None:
        row = self._db.one(
            "SELECT * FROM machines WHERE subscription = ? AND resource_group = ? AND name = ?",
            subscription,
            resource_group,
            name,
        )
        return None if row is None else _machine(row)

    def get(self, machine_id: str) -> Machine | None:
        row = self._db.one("SELECT * FROM machines WHERE id = ?", machine_id)
        return None if row is None else _machine(row)

    def list(self, subscription: str, resource_group: str | None = None) -> list[Machine]:
        rows = self._db.all(
            "SELECT * FROM machines WHERE subscription = ? AND (? IS NULL OR resource_group = ?)"
            " ORDER BY resource_group, name",
            subscription,
            resource_group,
            resource_group,
        )
        return [_machine(row) for row in rows]

    def all(self) -> builtins.list[Machine]:
        """Every machine of every subscription."""
        return [_machine(row) for row in self._db.all("SELECT * FROM machines ORDER BY rowid")]

    def subscriptions(self) -> builtins.list[str]:
        """Every subscription that a machine is in, as the first one wrote it."""
        rows = self._db.all("SELECT subscription FROM machines GROUP BY subscription ORDER BY min(rowid)")
        return [row["subscription"] for row in rows]

    def local(self) -> Machine | None:
        """The local machine, of which there is one at most."""
        row = self._db.one("SELECT * FROM machines WHERE NOT simulated")
        return None if row is None else _machine(row)

    def save(self, machine: Machine) -> None:
        """Add or replace by ``id``."""
        self._db.run(
            "INSERT INTO machines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET location = excluded.location, tags = excluded.tags,"
            " os_name = excluded.os_name, os_version = excluded.os_version, fqdn = excluded.fqdn,"
            " details = excluded.details, scenario = excluded.scenario",
            machine.id,
            machine.subscription,
            machine.resource_group,
            machine.name,
            machine.location,
            tags_text(machine.tags),
            int(machine.simulated),
            machine.platform.os,
            machine.platform.architecture,
            machine.os_name,
            machine.os_version,
            machine.fqdn,
            machine.os_machine_id,
            to_text(machine.created),
            json.dumps(dict(machine.details)),
            machine.scenario,
        )

    def delete(self, machine_id: str) -> None:
        """Remove a machine with all that is known of it, its history included."""
        self._db.run("DELETE FROM machines WHERE id = ?", machine_id)


def _machine(row: sqlite3.Row) -> Machine:
    return Machine(
        id=row["id"],
        subscription=row["subscription"],
        resource_group=row["resource_group"],
        name=row["name"],
        location=row["location"],
        tags=tags_of(row["tags"]),
        simulated=bool(row["simulated"]),
        platform=Platform(OSType(row["os"]), Architecture(row["architecture"])),
        os_name=row["os_name"],
        os_version=row["os_version"],
        fqdn=row["fqdn"],
        os_machine_id=row["os_machine_id"],
        created=from_text(row["created"]),
        details=json.loads(row["details"]),
        scenario=row["scenario"],
    )
