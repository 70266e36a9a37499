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
)
