"""The schema of the store as its numbered migrations, from the sixth on; a released one is never changed."""

from __future__ import annotations

FROM_6: tuple[tuple[int, str], ...] = (
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
)
