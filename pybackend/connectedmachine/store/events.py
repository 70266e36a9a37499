"""Sinks of events, and the outbox: events on their way, one parcel for each sink that wants them."""

from __future__ import annotations

import builtins
import json
import sqlite3
from datetime import datetime, timedelta

from connectedmachine.model.clock import from_text, to_text
from connectedmachine.model.event import Event, Parcel, Sink, SinkKind
from connectedmachine.store.database import Database


class Events:
    def __init__(self, database: Database) -> None:
        self._db = database

    # Sinks.

    def any(self) -> bool:
        """Say whether anybody wants to be told."""
        return self._db.one("SELECT 1 FROM event_sinks") is not None

    def list(self) -> list[Sink]:
        """Every sink, by name."""
        return [_sink(row) for row in self._db.all("SELECT * FROM event_sinks ORDER BY name")]

    def sink(self, name: str) -> Sink | None:
        row = self._db.one("SELECT * FROM event_sinks WHERE name = ?", name)
        return None if row is None else _sink(row)

    def save(self, sink: Sink) -> None:
        """Add or replace by name; what is on its way goes to the new one."""
        self._db.run(
            "INSERT INTO event_sinks (name, machine_id, kind, target, timeout, header, secret)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET machine_id = excluded.machine_id,"
            " kind = excluded.kind, target = excluded.target, timeout = excluded.timeout,"
            " header = excluded.header, secret = excluded.secret, last_error = ''",
            sink.name,
            sink.machine_id,
            sink.kind,
            json.dumps(sink.target),
            sink.timeout,
            sink.header,
            sink.secret,
        )

    def remove(self, name: str) -> bool:
        """Forget a sink and what is on its way to it; says whether there was one."""
        return bool(self._db.run("DELETE FROM event_sinks WHERE name = ?", name))

    # The outbox.

    def post(self, machine_id: str, event: Event) -> None:
        """Have an event of a machine go to every sink that wants it; with what it is about, or not at all."""
        now = to_text(event.time)
        self._db.run(
            "INSERT INTO outbox (event_id, sink, body, created, due)"
            " SELECT ?, name, ?, ?, ? FROM event_sinks WHERE machine_id IS NULL OR machine_id = ?",
            event.id,
            json.dumps(event.to_json()),
            now,
            now,
            machine_id,
        )

    def waiting(self, sink: str) -> int:
        """How many events are on their way to a sink."""
        row = self._db.one("SELECT count(*) AS number FROM outbox WHERE sink = ?", sink)
        assert row is not None
        return int(row["number"])

    def due(self, now: datetime, longest_pause: timedelta) -> builtins.list[Parcel]:
        """What is to be delivered now, oldest first.

        What is due later than any pause after now was put off by a clock that has been set back since.
        """
        rows = self._db.all(
            "SELECT * FROM outbox WHERE due <= ? OR due > ? ORDER BY created, rowid",
            to_text(now),
            to_text(now + longest_pause),
        )
        return [_parcel(row) for row in rows]

    def claim(self, parcel: Parcel, again: datetime) -> bool:
        """Put a parcel off until ``again`` before it is tried; ``False`` when somebody else did."""
        return bool(
            self._db.run(
                "UPDATE outbox SET due = ?, attempts = attempts + 1"
                " WHERE event_id = ? AND sink = ? AND attempts = ?",
                to_text(again),
                parcel.event_id,
                parcel.sink,
                parcel.attempts,
            )
        )

    def arrived(self, parcel: Parcel) -> None:
        with self._db.transaction():
            self.drop(parcel)
            self._db.run("UPDATE event_sinks SET last_error = '' WHERE name = ?", parcel.sink)

    def failed(self, parcel: Parcel, why: str) -> None:
        self._db.run("UPDATE event_sinks SET last_error = ? WHERE name = ?", why, parcel.sink)

    def drop(self, parcel: Parcel) -> None:
        self._db.run("DELETE FROM outbox WHERE event_id = ? AND sink = ?", parcel.event_id, parcel.sink)


def _sink(row: sqlite3.Row) -> Sink:
    return Sink(
        row["name"],
        SinkKind(row["kind"]),
        tuple(json.loads(row["target"])),
        row["timeout"],
        row["machine_id"],
        row["header"],
        row["secret"],
        row["last_error"],
    )


def _parcel(row: sqlite3.Row) -> Parcel:
    return Parcel(
        row["event_id"],
        row["sink"],
        row["body"],
        from_text(row["created"]),
        row["attempts"],
        from_text(row["due"]),
    )
