"""Decisions: what a pass did or did not do about one extension, with one reason from a closed set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connectedmachine.model.version import Version


class Reason(StrEnum):
    """All there are (design page, section 7; ``docs/reasons.md`` explains each)."""

    UP_TO_DATE = "UpToDate"
    UPGRADED = "Upgraded"
    INSTALLED = "Installed"
    ROLLED_BACK = "RolledBack"
    FAILED = "Failed"
    ROLLBACK_PENDING = "RollbackPending"
    NOT_ENROLLED = "NotEnrolled"
    NOT_SUPPORTED_BY_PUBLISHER = "NotSupportedByPublisher"
    NO_IMAGE = "NoImage"
    PLATFORM_MISMATCH = "PlatformMismatch"
    MAJOR_ONLY = "MajorOnly"
    HELD = "Held"
    PINNED = "Pinned"
    BLOCKED_BY_POLICY = "BlockedByPolicy"
    OUTSIDE_WINDOW = "OutsideWindow"
    RETRY_NOT_DUE = "RetryNotDue"
    DEPENDENCY_FAILED = "DependencyFailed"
    OPERATION_IN_PROGRESS = "OperationInProgress"
    INTERRUPTED = "Interrupted"
    DISK_FULL = "DiskFull"
    REMOVING = "Removing"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one extension, on what evidence, and when it is looked at next.

    ``next_look`` is ``None`` when the next pass, whenever it is, looks again.
    """

    extension: str
    reason: Reason
    message: str
    from_version: Version | None = None
    to_version: Version | None = None
    next_look: datetime | None = None
    operation_id: str | None = None
    time: datetime | None = None
