"""The schema of the store as its numbered migrations, from the sixth on; a released one is never changed."""

from __future__ import annotations

FROM_6: tuple[tuple[int, str], ...] = (
    (
        9,
        # What a pass that was given a plan may do, as JSON; NULL is whatever is due.
        "ALTER TABLE passes ADD COLUMN plan TEXT;",
    ),
)
