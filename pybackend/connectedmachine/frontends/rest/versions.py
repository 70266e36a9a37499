"""The api-versions that were ever published (REST reference, section 3), and what an unknown one is told."""

from __future__ import annotations

import re

from connectedmachine.model.errors import InvalidRequestError

STABLE = (
    "2019-12-12",
    "2020-08-02",
    "2020-08-15",
    "2021-05-18",
    "2021-05-20",
    "2022-03-10",
    "2022-11-10",
    "2022-12-27",
    "2024-07-10",
    "2025-01-13",
    "2025-06-01",
    "2026-07-15",
    "2026-09-01",
)
_PREVIEW_DATES = (
    "2019-03-18",
    "2019-08-02",
    "2020-07-30",
    "2020-08-15",
    "2021-01-28",
    "2021-03-25",
    "2021-04-22",
    "2021-05-17",
    "2021-06-10",
    "2021-12-10",
    "2022-05-10",
    "2022-08-11",
    "2022-12-27",
    "2023-03-15",
    "2023-06-20",
    "2023-10-03",
    "2024-03-31",
    "2024-05-20",
    "2024-07-31",
    "2024-09-10",
    "2024-11-10",
    "2025-02-19",
    "2025-06-01",
    "2025-08-21",
    "2025-09-16",
    "2026-02-12",
    "2026-06-04",
    "2026-06-16",
)
DOCUMENTED = "2019-12-01"
"""What Microsoft's page of November 2021 says; it was never published."""

PUBLISHED = frozenset((*STABLE, *(f"{date}-preview" for date in _PREVIEW_DATES)))
LATEST = max(STABLE)

NOTE_HEADER = "x-ms-azcmlite-note"
_NOTE = f"api-version {DOCUMENTED} was never published; it is taken as {min(STABLE)}."

_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}(-[a-z]+)?", re.ASCII | re.IGNORECASE)
_DELETE_IS_LONG_SINCE = "2025-02-19"


def checked(given: str | None, *, ours: bool) -> str:
    """Return the api-version of a request.

    Args:
        ours: The request is to ``Microsoft.HybridCompute``; other providers' versions are taken as they come.

    Raises:
        InvalidRequestError: ``MissingApiVersionParameter``, ``InvalidApiVersionParameter`` when it is no
            version, ``NoRegisteredProviderFound`` when it was never published.
    """
    if not given:
        raise InvalidRequestError(
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
            target="api-version",
        )
    if not _SHAPE.fullmatch(given):
        raise InvalidRequestError(
            "InvalidApiVersionParameter", f"The api-version '{given}' is invalid.", target="api-version"
        )
    version = given.lower()
    if ours and version not in PUBLISHED and version != DOCUMENTED:
        raise InvalidRequestError(
            "NoRegisteredProviderFound",
            f"Microsoft.HybridCompute has no api-version '{given}'. The supported api-versions are "
            f"'{', '.join(sorted(PUBLISHED))}'.",
            target="api-version",
        )
    return version


def notes(version: str) -> dict[str, str]:
    """Headers that say how a version was taken, where that is not as it stands."""
    return {NOTE_HEADER: _NOTE} if version == DOCUMENTED else {}


def deletes_machines_at_once(version: str) -> bool:
    """Say whether this version's clients expect 200 for a deleted machine; to later ones it is an error."""
    return version[:10] < _DELETE_IS_LONG_SINCE
