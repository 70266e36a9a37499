"""Policy values, holds and backoffs."""

from __future__ import annotations

import json

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.policy import Backoff, Hold, PolicyValues
from connectedmachine.model.version import Version
from connectedmachine.store.columns import time_of, time_text, version_in, version_of
from connectedmachine.store.database import Database

MACHINE_LEVEL = ""


class Policies:
    def __init__(self, database: Database) -> None:
        self._db = database

    def values(self, machine_id: str, extension: str = MACHINE_LEVEL) -> PolicyValues:
        """What the machine, or one extension, sets of its own."""
        row = self._db.one(
            "SELECT policy_values FROM policies WHERE machine_id = ? AND extension = ?", machine_id, extension
        )
        values: PolicyValues = {} if row is None else json.loads(row["policy_values"])
        return values

    def set_values(self, machine_id: str, extension: str, values: PolicyValues) -> None:
        """Replace all that one level sets."""
        self._db.run(
            "INSERT INTO policies VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET policy_values = excluded.policy_values",
            machine_id,
            extension,
            json.dumps(dict(values)),
        )

    # Holds.

    def hold(self, machine_id: str, hold: Hold) -> None:
        """Add a hold, or replace the one on the same extension and version."""
        self._db.run(
            "INSERT INTO holds VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " until = excluded.until, reason = excluded.reason, created = excluded.created",
            machine_id,
            hold.extension,
            "" if hold.version is None else str(hold.version),
            time_text(hold.until),
            hold.reason,
            to_text(hold.created),
        )

    def holds(self, machine_id: str, extension: str | None = None) -> list[Hold]:
        rows = self._db.all(
            "SELECT * FROM holds WHERE machine_id = ? AND (? IS NULL OR extension = ?)"
            " ORDER BY extension, version",
            machine_id,
            extension,
            extension,
        )
        return [
            Hold(
                row["extension"],
                version_of(row["version"] or None),
                time_of(row["until"]),
                row["reason"],
                from_text(row["created"]),
            )
            for row in rows
        ]

    def release(self, machine_id: str, extension: str, version: Version | None) -> bool:
        """Remove a hold; says whether there was one."""
        text = "" if version is None else str(version)
        return bool(
            self._db.run(
                "DELETE FROM holds WHERE machine_id = ? AND extension = ? AND version = ?",
                machine_id,
                extension,
                text,
            )
        )

    def forget(self, machine_id: str, extension: str) -> None:
        """Drop the policy values and holds of an extension that is gone."""
        for table in ("policies", "holds"):
            self._db.run(
                f"DELETE FROM {table} WHERE machine_id = ? AND extension = ?",  # noqa: S608 # names are ours
                machine_id,
                extension,
            )

    # Backoffs.

    def backoffs(self, machine_id: str, extension: str) -> list[Backoff]:
        rows = self._db.all(
            "SELECT * FROM backoffs WHERE machine_id = ? AND extension = ?", machine_id, extension
        )
        return [
            Backoff(version_in(row["version"]), row["failures"], from_text(row["failed_at"])) for row in rows
        ]

    def back_off(self, machine_id: str, extension: str, backoff: Backoff) -> None:
        """Record a failure of a version on an extension; those of other versions are past."""
        self.forgive(machine_id, extension)
        self._db.run(
            "INSERT INTO backoffs VALUES (?, ?, ?, ?, ?)",
            machine_id,
            extension,
            str(backoff.version),
            backoff.failures,
            to_text(backoff.failed_at),
        )

    def forgive(self, machine_id: str, extension: str) -> None:
        """Forget an extension's failures."""
        self._db.run("DELETE FROM backoffs WHERE machine_id = ? AND extension = ?", machine_id, extension)
