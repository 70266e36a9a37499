"""What keeps an extension from a version: a pin whoever asks, a failure for as long as policy says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectedmachine.model.decision import Reason
from connectedmachine.model.operation import End, Operation, Outcome, Side
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import DAY, Backoff, Policy
from connectedmachine.model.version import Version
from connectedmachine.upgrade.jitter import share

VERSION_PINNED = "VersionPinned"
"""The code of an error or a status: a pin excludes the version that was asked for."""

_LONGEST = 365 * DAY
_MOST_GROWTH = 32


def pinned_out(pins: Sequence[Pin], version: Version) -> Pin | None:
    """The pin that excludes ``version``, if one does."""
    return next((pin for pin in pins if pin.excludes(version)), None)


def own(pins: Sequence[Pin], extension: str) -> list[Pin]:
    """Those on the extension itself: what it shares a version with does not keep it from joining."""
    return [pin for pin in pins if pin.extension.lower() == extension.lower()]


def in_words(pin: Pin, extension: str, version: Version) -> str:
    """Why ``extension`` does not take ``version``, in a sentence."""
    whose = ""
    if pin.extension.lower() != extension.lower():
        whose = f" on '{pin.extension}', which shares its version,"
    why = f": {pin.reason.rstrip('.')}" if pin.reason else ""
    return f"The {pin}{whose} excludes {version}{why}."


def blames(end: End, before: Operation | None) -> bool:
    """Say whether an end of an operation is a failure of the version that it led to.

    A full disk says nothing of a version, and the next pass with room is to succeed. But one that was rolled
    back for it twice in a row may be what fills the disk, and each try interrupts the version that works.

    Args:
        before: The attempt at the same version before this one.
    """
    if end.installed is Side.NEW or end.outcome not in (Outcome.FAILED, Outcome.ROLLED_BACK):
        return False
    if end.code != Reason.DISK_FULL:
        return True
    again = before is not None and (before.outcome, before.code) == (Outcome.ROLLED_BACK, Reason.DISK_FULL)
    return again and end.outcome is Outcome.ROLLED_BACK


def retry_at(backoff: Backoff, policy: Policy, machine_id: str) -> datetime | None:
    """When a version that failed is tried again; ``None`` when that waits for somebody to ask for it.

    The interval, grown with each failure, and of it the part that the machine's own jitter adds.
    """
    if policy.retry_limit and backoff.failures >= policy.retry_limit:
        return None
    longest = max(policy.retry_interval, policy.retry_longest or _LONGEST)
    grown = policy.retry_interval * policy.retry_growth ** min(backoff.failures - 1, _MOST_GROWTH)
    due = backoff.failed_at + timedelta(
        seconds=min(grown, longest) * (1 + policy.retry_jitter * share(machine_id))
    )
    if policy.retry_for and due > backoff.first_failed_at + timedelta(seconds=policy.retry_for):
        return None
    return due


def longest_wait(
    failures: Iterable[Backoff], version: Version, policy: Policy, machine_id: str
) -> Backoff | None:
    """Of what failed on extensions that move together, what keeps them longest from ``version``."""
    counted = [failed for failed in failures if failed.version == version and not failed.waived]
    if not counted:
        return None

    def wait(failed: Backoff) -> tuple[bool, datetime]:
        due = retry_at(failed, policy, machine_id)
        return due is None, due or failed.failed_at

    return max(counted, key=wait)
