"""What a plan needs to know of one extension, and what it says about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectedmachine.model.decision import Decision
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import ExtensionImage
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.policy import Backoff, Hold, Policy
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.upgrade.order import Obstacle

JITTER = 0.1
"""A retry is put off by up to this part of its interval, by an amount that a machine keeps."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another extension with the same handler, which moves along: they share one version."""

    name: str
    enrolled: bool
    stopped: bool


@dataclass(frozen=True)
class Subject:
    """What a plan needs to know of one extension.

    ``shared`` is the version that its ``siblings`` have, and that it joins or moves with them; ``holds``
    are theirs too. ``pending`` is the message of a pending rollback and ``pending_due`` its next try;
    ``busy`` says that another operation is under way; ``settings_due`` that settings wait to be applied,
    ``reset_due`` that a reset of its state was asked for; ``obstacle`` what it waits for before its install.
    """

    name: str
    handler: HandlerName
    requested: VersionRequest
    installed: Version | None
    shared: Version | None = None
    siblings: Sequence[Sibling] = ()
    target: Version | None = None
    enrolled: bool = False
    removing: bool = False
    stopped: bool = False
    settings_due: bool = False
    reset_due: bool = False
    busy: bool = False
    pending: str | None = None
    pending_due: datetime | None = None
    operation_id: str | None = None
    policy: Policy | None = None
    holds: Sequence[Hold] = ()
    backoffs: Sequence[Backoff] = ()
    obstacle: Obstacle | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """An operation that is due. ``image`` is ``None`` where it leads to no other version: for configure,
    reset and remove, and for an install that joins the version there is."""

    kind: OperationKind
    image: ExtensionImage | None
    automatic: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A decision, and the move it leads to; the decision of a move says what it would be."""

    decision: Decision
    move: Move | None = None
    obstacle: Obstacle | None = None


def is_retry_due(backoff: Backoff, policy: Policy, machine_id: str, now: datetime) -> bool:
    """Say whether a version that failed is tried again: at :func:`retry_at`.

    A clock that was set back by more than the whole interval ends the wait, rather than stretching it.
    """
    due = retry_at(backoff, policy, machine_id)
    return not backoff.failed_at - (due - backoff.failed_at) <= now < due


def retry_at(backoff: Backoff, policy: Policy, machine_id: str) -> datetime:
    """When a version that failed is tried again: interval, growth, and the machine's own jitter."""
    import hashlib

    interval = policy.retry_interval * policy.retry_growth ** min(backoff.failures - 1, 32)
    share = int.from_bytes(hashlib.sha256(machine_id.encode()).digest()[:4]) / 2**32
    return backoff.failed_at + timedelta(seconds=interval * (1 + JITTER * share))
