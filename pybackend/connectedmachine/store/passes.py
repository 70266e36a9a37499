"""Upgrade passes that were asked for, and the decisions they came to."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.decision import Decision, Reason
from connectedmachine.store.columns import time_of, time_text, version_of, version_text
from connectedmachine.store.database import Database


@dataclass(frozen=True)
class Pass:
    """A look at every extension of a machine, or at one, that somebody asked for.

    ``plan`` is the text of the plan that it keeps to (``model.upgrade_plan``), if it was given one.
    """

    id: str
    machine_id: str
    extension: str | None
    initiator: str
    requested: datetime
    ended: datetime | None = None
    plan: str | None = None


class Passes:
    def __init__(self, database: Database) -> None:
        self._db = database

    def request(self, wanted: Pass) -> None:
        """Ask for a pass; the machine's runner does it."""
        self._db.run(
            "INSERT INTO passes (id, machine_id, extension, initiator, requested, plan)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            wanted.id,
            wanted.machine_id,
            wanted.extension,
            wanted.initiator,
            to_text(wanted.requested),
            wanted.plan,
        )

    def get(self, pass_id: str) -> Pass | None:
        row = self._db.one("SELECT * FROM passes WHERE id = ?", pass_id)
        return None if row is None else _pass(row)

    def any(self, machine_id: str) -> bool:
        """Say whether a pass was ever asked for."""
        return self._db.one("SELECT 1 FROM passes WHERE machine_id = ?", machine_id) is not None

    def last_requested(self, machine_id: str) -> datetime | None:
        """When a pass over a whole machine was last asked for."""
        row = self._db.one(
            "SELECT max(requested) AS last FROM passes WHERE machine_id = ? AND extension IS NULL", machine_id
        )
        return None if row is None else time_of(row["last"])

    def next_wanted(self, machine_id: str) -> Pass | None:
        """The oldest pass that has not ended."""
        row = self._db.one(
            "SELECT * FROM passes WHERE machine_id = ? AND ended IS NULL ORDER BY requested, rowid",
            machine_id,
        )
        return None if row is None else _pass(row)

    def end(self, pass_id: str, now: datetime) -> None:
        self._db.run("UPDATE passes SET ended = ? WHERE id = ?", to_text(now), pass_id)

    def decide(self, pass_: Pass, decision: Decision, now: datetime) -> None:
        """Record a pass's decision about one extension, in place of an earlier one of the same pass.

        Without a sync: the end of the pass has one, and until then the pass is taken up again (decision 20).
        """
        with self._db.transaction(synced=False):
            self._db.run(
                "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET reason = excluded.reason, message = excluded.message,"
                " from_version = excluded.from_version, to_version = excluded.to_version,"
                " next_look = excluded.next_look, operation_id = excluded.operation_id, time = excluded.time",
                pass_.machine_id,
                decision.extension,
                pass_.id,
                decision.reason,
                decision.message,
                version_text(decision.from_version),
                version_text(decision.to_version),
                time_text(decision.next_look),
                decision.operation_id,
                to_text(now),
            )

    def forget(self, machine_id: str, extension: str) -> None:
        """Drop what was decided about an extension of that name, which is another one from now on."""
        self._db.run("DELETE FROM decisions WHERE machine_id = ? AND extension = ?", machine_id, extension)

    def latest(self, machine_id: str) -> dict[str, Decision]:
        """The newest decision about each extension of a machine, by lower-case name."""
        rows = self._db.all("SELECT * FROM decisions WHERE machine_id = ? ORDER BY time", machine_id)
        return {row["extension"].lower(): _decision(row) for row in rows}

    def decided(self, machine_id: str, extension: str, until: datetime) -> tuple[Decision, Pass] | None:
        """The decision about an extension that was in force at a moment, and the pass that came to it."""
        row = self._db.one(
            "SELECT * FROM decisions WHERE machine_id = ? AND extension = ? AND time <= ?"
            " ORDER BY time DESC, rowid DESC LIMIT 1",
            machine_id,
            extension,
            to_text(until),
        )
        if row is None:
            return None
        pass_ = self.get(row["pass_id"])
        assert pass_ is not None
        return _decision(row), pass_

    def last_for_reason(self, machine_id: str, reason: Reason) -> list[str]:
        """The extensions whose newest decision has ``reason``; of passes with a plan there is none.

        Such a pass does what its plan says and leaves the rest, so nothing waits on its behalf.
        """
        rows = self._db.all(
            "SELECT d.extension, d.reason, MAX(d.time) FROM decisions d JOIN passes p ON p.id = d.pass_id"
            " WHERE d.machine_id = ? AND p.plan IS NULL GROUP BY d.extension",
            machine_id,
        )
        return [row["extension"] for row in rows if row["reason"] == reason]

    def decisions(self, pass_id: str) -> list[Decision]:
        """What a pass decided, by extension name."""
        rows = self._db.all("SELECT * FROM decisions WHERE pass_id = ? ORDER BY extension", pass_id)
        return [_decision(row) for row in rows]


def _pass(row: sqlite3.Row) -> Pass:
    return Pass(
        row["id"],
        row["machine_id"],
        row["extension"],
        row["initiator"],
        from_text(row["requested"]),
        time_of(row["ended"]),
        row["plan"],
    )


def _decision(row: sqlite3.Row) -> Decision:
    return Decision(
        extension=row["extension"],
        reason=Reason(row["reason"]),
        message=row["message"],
        from_version=version_of(row["from_version"]),
        to_version=version_of(row["to_version"]),
        next_look=time_of(row["next_look"]),
        operation_id=row["operation_id"],
        time=from_text(row["time"]),
    )
