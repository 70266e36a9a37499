"""The schema of the store as its numbered migrations, from the sixth on; a released one is never changed."""

from __future__ import annotations

FROM_6: tuple[tuple[int, str], ...] = (
    (
        10,
        """
        -- target is a JSON list; secret is sealed with the key of the state root.
        CREATE TABLE event_sinks (
            name TEXT PRIMARY KEY COLLATE NOCASE,
            machine_id TEXT REFERENCES machines ON DELETE CASCADE,
            kind TEXT NOT NULL,
            target TEXT NOT NULL,
            timeout REAL NOT NULL,
            header TEXT NOT NULL,
            secret BLOB,
            last_error TEXT NOT NULL DEFAULT ''
        ) STRICT;

        -- Written with what an event is about, taken out when it arrived; its machine may be gone.
        CREATE TABLE outbox (
            event_id TEXT NOT NULL,
            sink TEXT NOT NULL COLLATE NOCASE REFERENCES event_sinks ON DELETE CASCADE,
            body TEXT NOT NULL,
            created TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            due TEXT NOT NULL,
            PRIMARY KEY (event_id, sink)
        ) STRICT;
        """,
    ),
)
