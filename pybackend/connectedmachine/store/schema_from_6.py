"""The schema of the store as its numbered migrations, from the sixth on; a released one is never changed."""

from __future__ import annotations

FROM_6: tuple[tuple[int, str], ...] = (
    (
        6,
        """
        -- What a simulated machine plays; without it all goes well.
        ALTER TABLE machines ADD COLUMN scenario TEXT;
        """,
    ),
    (
        7,
        """
        CREATE TABLE pins (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT NOT NULL COLLATE NOCASE,
            version TEXT NOT NULL,
            kind TEXT NOT NULL,
            reason TEXT NOT NULL,
            created TEXT NOT NULL,
            PRIMARY KEY (machine_id, extension, version)
        ) STRICT;

        -- The first failure of what had failed by now is not known any more.
        ALTER TABLE backoffs ADD COLUMN first_failed_at TEXT NOT NULL DEFAULT '';
        UPDATE backoffs SET first_failed_at = failed_at;
        ALTER TABLE backoffs ADD COLUMN waived INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    (
        8,
        """
        -- extension '' is the machine's own level.
        CREATE TABLE windows (
            machine_id TEXT NOT NULL REFERENCES machines ON DELETE CASCADE,
            extension TEXT NOT NULL COLLATE NOCASE,
            name TEXT NOT NULL COLLATE NOCASE,
            time_zone TEXT NOT NULL,
            days TEXT NOT NULL,
            weeks TEXT NOT NULL,
            start TEXT NOT NULL,
            duration INTEGER NOT NULL,
            blackouts TEXT NOT NULL,
            spread INTEGER NOT NULL,
            PRIMARY KEY (machine_id, extension, name)
        ) STRICT;

        ALTER TABLE extensions ADD COLUMN ignore_window INTEGER NOT NULL DEFAULT 0;
        """,
    ),
    (
        9,
        # What a pass that was given a plan may do, as JSON; NULL is whatever is due.
        "ALTER TABLE passes ADD COLUMN plan TEXT;",
    ),
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
    (
        11,
        # What a kill leaves is not what a loss of power leaves, and they are told apart by this.
        "ALTER TABLE steps ADD COLUMN boot TEXT NOT NULL DEFAULT '';",
    ),
)
