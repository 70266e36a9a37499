"""Operations and their journal (design page, section 5).

An operation is one piece of work on one handler of one machine. Its journal is the list of its records:
a step's intent is committed before the step, its outcome after it. The journal alone says where the
operation is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from connectedmachine.model.handler import HandlerManifest
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.policy import Policy
from connectedmachine.model.version import Version


class OperationKind(StrEnum):
    INSTALL = "Install"
    CONFIGURE = "Configure"
    CHANGE_VERSION = "ChangeVersion"
    REMOVE = "Remove"
    RESET_STATE = "ResetState"


class Outcome(StrEnum):
    """How an operation ended. A pending rollback is not an end."""

    SUCCEEDED = "Succeeded"
    ROLLED_BACK = "RolledBack"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class StepName(StrEnum):
    """The vocabulary of every operation; which version a step acts on is its side."""

    FETCH = "fetch"
    BASELINE = "baseline"
    DISABLE = "disable"
    CARRY = "carry"
    UPDATE = "update"
    UNINSTALL = "uninstall"
    KEEP = "keep"
    INSTALL = "install"
    ENABLE = "enable"
    WATCH = "watch"
    RETIRE = "retire"
    RESTORE = "restore"
    CONFIRM = "confirm"
    DISCARD = "discard"
    FORGET = "forget"
    RESET_STATE = "resetState"


class Side(StrEnum):
    """Of a version change: the version that was installed when it began, and the one it leads to.

    An operation with one version (install, configure, remove) calls it ``new``.
    """

    OLD = "old"
    NEW = "new"


@dataclass(frozen=True)
class Step:
    """One effect.

    Attributes:
        target: The version that an update command is told to move to, else ``None``.
        instance: The extension that it is about, where the handler of that side may have several.
    """

    name: StepName
    side: Side
    target: Side | None = None
    instance: str | None = None

    def __str__(self) -> str:
        about = f"{self.side}, {self.instance}" if self.instance else self.side
        text = f"{self.name}({about})"
        return f"{text} to {self.target}" if self.target else text


class StepOutcome(StrEnum):
    """How one attempt at a step ended.

    ``LOST``: it is done again. The host went down while a command ran, so nobody can know; or there was no
    room for it on the way back, and is now. ``WITHDRAWN``: the user's wish changed at this safe point.
    """

    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class Choice(StrEnum):
    """What an operator may decide about a pending rollback."""

    FORWARD = "forward"
    BACK = "back"
    STOP = "stop"


@dataclass(frozen=True)
class StepRecord:
    """One line of the journal.

    Attributes:
        seq: Position in the journal, from 1.
        step: What is done; ``None`` for an operator's choice.
        round: 0 forward, 1 the first undo, 2 and more its further tries.
        began: When the intent was committed.
        ended: When the outcome was committed; ``None`` while it is open.
        outcome: ``None`` while it is open.
        exit_code: Of a handler command.
        code: Of the error that failed it, e.g. ``DiskFull``.
        message: Evidence for people.
        manifest: Of the version fetched, on the record of ``fetch(new)``.
        choice: An operator's, on a record without a step.
        boot: The boot of the host in which the intent was committed; empty where an earlier release did.
    """

    seq: int
    step: Step | None
    round: int
    began: datetime
    ended: datetime | None = None
    outcome: StepOutcome | None = None
    exit_code: int | None = None
    code: str = ""
    message: str = ""
    manifest: HandlerManifest | None = None
    choice: Choice | None = None
    boot: str = ""


@dataclass(frozen=True)
class PackageRef:
    """An image as an operation pins it: which version, and the zip in ``packages/`` that holds it."""

    version: Version
    sha256: str


@dataclass(frozen=True)
class Instance:
    """One extension that an operation covers, as it was when the operation began.

    Attributes:
        settings_seq: Sequence number of the settings that ``enable(new)`` applies.
        old_settings_seq: Of the settings that were applied before, to which an undo returns; ``None`` for
            an extension that was not on the machine.
        old_enabled: Whether it was enabled.
    """

    name: str
    settings_seq: int
    old_settings_seq: int | None
    old_enabled: bool


@dataclass(frozen=True)
class Operation:
    """An operation's head, fixed when it begins, and its journal.

    Attributes:
        extension: The one that set it going; among ``instances``.
        old: The installed version when it began; ``None`` for install, configure and remove.
        new: The version it leads to, or the one it acts on.
        old_manifest: Of the installed version, read when it was installed.
        instances: The extensions it covers. A version change covers all that share the version, whatever
            else it is covers one.
        partial: Others have the handler installed too: an install only joins them, a removal only leaves.
        automatic: A pass started it, not a user.
        policy: As it was in force when the operation began.
    """

    id: str
    machine_id: str
    extension: str
    handler: HandlerName
    kind: OperationKind
    old: PackageRef | None
    new: PackageRef
    old_manifest: HandlerManifest | None
    instances: tuple[Instance, ...]
    automatic: bool
    initiator: str
    policy: Policy
    began: datetime
    partial: bool = False
    ended: datetime | None = None
    outcome: Outcome | None = None
    code: str = ""
    message: str = ""
    pass_id: str | None = None
    journal: tuple[StepRecord, ...] = field(default=())

    @property
    def downgrade(self) -> bool:
        return self.old is not None and self.new.version < self.old.version

    def package(self, side: Side) -> PackageRef:
        """One of its two versions; there is an old one where an old side is spoken of."""
        ref = self.new if side is Side.NEW else self.old
        assert ref is not None
        return ref

    def instance(self, name: str) -> Instance:
        """The covered extension of that name."""
        return next(i for i in self.instances if i.name.lower() == name.lower())

    def covers(self, name: str) -> bool:
        """Say whether it is about the extension of that name."""
        return any(i.name.lower() == name.lower() for i in self.instances)


# What next_step answers.


@dataclass(frozen=True)
class Do:
    """Do this step now; ``resume`` when its intent is in the journal already."""

    step: Step
    round: int
    resume: bool = False


@dataclass(frozen=True)
class Pause:
    """A rollback is pending: its next try, which starts with ``then``, is due ``seconds`` after ``since``."""

    since: datetime
    seconds: float
    then: Do
    message: str

    def is_due(self, now: datetime) -> bool:
        """Say whether the pause is over. A clock that was set back ends it, rather than stretching it."""
        return not self.since <= now < self.since + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class End:
    """Nothing is left to do. ``installed``: which of the two versions is on the machine now, if any."""

    outcome: Outcome
    message: str
    installed: Side | None
    code: str = ""


NextStep = Do | Pause | End
