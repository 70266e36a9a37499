"""What a plan needs to know of one extension, and what it says about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectedmachine.model.decision import Decision
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.image import ExtensionImage
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import Backoff, Hold, Policy
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.upgrade.calendar import Closed
from connectedmachine.upgrade.order import Obstacle


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another extension with the same handler, which moves along: they share one version."""

    name: str
    enrolled: bool
    stopped: bool
    backoffs: Sequence[Backoff] = ()


@dataclass(frozen=True)
class Subject:
    """What a plan needs to know of one extension.

    ``shared`` is the version that its ``siblings`` have, and that it joins or moves with them; ``holds``
    and ``pins`` are theirs too. ``pending`` is the message of a pending rollback and ``pending_due`` its next
    try; ``busy`` says that another operation is under way; ``settings_due`` that settings wait to be applied,
    ``reset_due`` that a reset of its state was asked for; ``obstacle`` what it waits for before its install;
    ``window`` why its version may not change now.
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
    pins: Sequence[Pin] = ()
    backoffs: Sequence[Backoff] = ()
    obstacle: Obstacle | None = None
    window: Closed | None = None

    @property
    def failures(self) -> list[Backoff]:
        """What failed on it, then what failed on those that move along."""
        return [*self.backoffs, *(failed for sibling in self.siblings for failed in sibling.backoffs)]

    def without_failures(self) -> Subject:
        """The same if nothing had failed on it, nor on those that move along."""
        siblings = [replace(sibling, backoffs=()) for sibling in self.siblings]
        return replace(self, siblings=siblings, backoffs=())


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
