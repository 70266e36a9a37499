"""Policy values, holds, pins and backoffs."""

from __future__ import annotations

import json
from datetime import datetime

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.pin import Pin, PinKind
from connectedmachine.model.policy import Backoff, Hold, PolicyValues
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.store.columns import time_of, time_text, version_in
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
                VersionRequest.parse(row["version"]) if row["version"] else None,
                time_of(row["until"]),
                row["reason"],
                from_text(row["created"]),
            )
            for row in rows
        ]

    def release(self, machine_id: str, extension: str, version: VersionRequest | None) -> bool:
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

    def release_all(self, machine_id: str, extension: str | None) -> bool:
        """Remove every hold of a machine or of one extension; says whether there was one."""
        return bool(
            self._db.run(
                "DELETE FROM holds WHERE machine_id = ? AND (? IS NULL OR extension = ?)",
                machine_id,
                extension,
                extension,
            )
        )

    # Pins.

    def pin(self, machine_id: str, pin: Pin) -> None:
        """Add a pin in place of the one on the same version; one that is no block in place of any other such.

        Inside the caller's transaction.
        """
        if pin.kind is not PinKind.BLOCK:
            self._db.run(
                "DELETE FROM pins WHERE machine_id = ? AND extension = ? AND kind <> ?",
                machine_id,
                pin.extension,
                PinKind.BLOCK,
            )
        self._db.run(
            "INSERT OR REPLACE INTO pins (machine_id, extension, version, kind, reason, created)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            machine_id,
            pin.extension,
            str(pin.version),
            pin.kind,
            pin.reason,
            to_text(pin.created),
        )

    def pins(self, machine_id: str, extension: str | None = None) -> list[Pin]:
        rows = self._db.all(
            "SELECT * FROM pins WHERE machine_id = ? AND (? IS NULL OR extension = ?)"
            " ORDER BY extension, kind = 'Block', version",
            machine_id,
            extension,
            extension,
        )
        return [
            Pin(
                row["extension"],
                PinKind(row["kind"]),
                VersionRequest.parse(row["version"]),
                row["reason"],
                from_text(row["created"]),
            )
            for row in rows
        ]

    def unpin(self, machine_id: str, extension: str, version: VersionRequest | None) -> bool:
        """Remove the pin on a version, or all of an extension; says whether there was one."""
        text = None if version is None else str(version)
        return bool(
            self._db.run(
                "DELETE FROM pins WHERE machine_id = ? AND extension = ? AND (? IS NULL OR version = ?)",
                machine_id,
                extension,
                text,
                text,
            )
        )

    def forget(self, machine_id: str, extension: str) -> None:
        """Drop the policy values, holds, pins and windows of an extension that is gone."""
        for table in ("policies", "holds", "pins", "windows"):
            self._db.run(
                f"DELETE FROM {table} WHERE machine_id = ? AND extension = ?",  # noqa: S608 # names are ours
                machine_id,
                extension,
            )

    # Backoffs.

    def backoffs(self, machine_id: str, extension: str) -> list[Backoff]:
        rows = self._db.all(
            "SELECT * FROM backoffs WHERE machine_id = ? AND extension = ? ORDER BY failed_at",
            machine_id,
            extension,
        )
        return [
            Backoff(
                version_in(row["version"]),
                row["failures"],
                from_text(row["failed_at"]),
                from_text(row["first_failed_at"]),
                bool(row["waived"]),
            )
            for row in rows
        ]

    def back_off(self, machine_id: str, extension: str, backoff: Backoff) -> None:
        """Record a failure of a version on an extension; those of other versions stay, without a waiver.

        Inside the caller's transaction.
        """
        self._db.run(
            "UPDATE backoffs SET waived = 0 WHERE machine_id = ? AND extension = ?", machine_id, extension
        )
        self._db.run(
            "INSERT OR REPLACE INTO backoffs"
            " (machine_id, extension, version, failures, failed_at, first_failed_at, waived)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            machine_id,
            extension,
            str(backoff.version),
            backoff.failures,
            to_text(backoff.failed_at),
            to_text(backoff.first_failed_at),
            int(backoff.waived),
        )

    def waive(self, machine_id: str, extension: str | None) -> None:
        """End the wait after the failures of an extension, or of a whole machine; they are counted on."""
        self._db.run(
            "UPDATE backoffs SET waived = 1 WHERE machine_id = ? AND (? IS NULL OR extension = ?)",
            machine_id,
            extension,
            extension,
        )

    def clock_was_set_back(self, machine_id: str, now: datetime) -> None:
        """What failed in what is the future now has failed now: its wait is no longer than it was to be."""
        self._db.run(
            "UPDATE backoffs SET failed_at = ?1, first_failed_at = min(first_failed_at, ?1)"
            " WHERE machine_id = ?2 AND failed_at > ?1",
            to_text(now),
            machine_id,
        )

    def forgive(self, machine_id: str, extension: str, version: Version) -> None:
        """Forget an extension's failures with a version that works now."""
        self._db.run(
            "DELETE FROM backoffs WHERE machine_id = ? AND extension = ? AND version = ?",
            machine_id,
            extension,
            str(version),
        )
