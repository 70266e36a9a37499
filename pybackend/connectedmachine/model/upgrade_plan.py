"""A plan that can be kept: what a pass would do, and the digest that says that it is that and nothing else.

The digest is SHA-256 over the canonical JSON of what would be done: operations, versions, packages, settings
and health windows. Words and times are not in it, so it is the same as long as nothing changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.version import Version


@dataclass(frozen=True)
class PlannedMove:
    """What would be done for one extension, as an operation's head would have it.

    Attributes:
        extensions: All that the operation covers.
        automatic: It moves by itself; else a user asked for it.
        from_version: ``None`` where the operation leads from no version to another.
        to_version: ``None`` for a removal of what is not on the machine.
        sha256: Of the package of ``to_version``.
        settings: Sequence numbers of the settings that are applied, in the order of ``extensions``.
        health_window: Seconds; so are the two that follow, which decide the window's verdict.
    """

    extension: str
    extensions: tuple[str, ...]
    operation: OperationKind
    automatic: bool
    from_version: Version | None
    to_version: Version | None
    sha256: str | None
    settings: tuple[int, ...]
    health_window: float
    stable_for: float
    healthy_for: float | None

    def to_json(self) -> dict[str, object]:
        """As it is in plan files."""
        return {
            "name": self.extension,
            "extensions": list(self.extensions),
            "operation": self.operation.value,
            "automatic": self.automatic,
            "fromVersion": None if self.from_version is None else str(self.from_version),
            "toVersion": None if self.to_version is None else str(self.to_version),
            "sha256": self.sha256,
            "settings": list(self.settings),
            "healthWindowSeconds": self.health_window,
            "stableForSeconds": self.stable_for,
            "healthyForSeconds": self.healthy_for,
        }


@dataclass(frozen=True)
class UpgradePlan:
    """What a pass would do on a machine, or for one ``extension`` of it.

    Attributes:
        retry: The pass ends the waits of what failed, as somebody asks for it.
    """

    machine_id: str
    extension: str | None
    moves: tuple[PlannedMove, ...]
    retry: bool = False

    def move(self, extension: str) -> PlannedMove | None:
        """What the plan has for an extension."""
        return next((m for m in self.moves if m.extension.lower() == extension.lower()), None)

    def to_json(self) -> dict[str, object]:
        """The plan with its digest, as ``parse`` reads it."""
        return {"digest": self.digest, **self._content()}

    @property
    def digest(self) -> str:
        import hashlib

        text = json.dumps(self._content(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def _content(self) -> dict[str, object]:
        moves = sorted(self.moves, key=lambda move: move.extension.lower())
        return {
            "machineId": self.machine_id,
            "extension": self.extension,
            "retry": self.retry,
            "moves": [move.to_json() for move in moves],
        }


def parse(text: str) -> UpgradePlan:
    """Read a plan; members that are there for people are passed over.

    Raises:
        InvalidRequestError: ``InvalidPlan``: it is none, or its digest is not that of what it says.
    """
    plan = _object(text)
    try:
        moves, retry = plan["moves"], plan["retry"]
        if not isinstance(moves, list) or not isinstance(retry, bool):
            raise _no_plan()
        extension = plan["extension"]
        read = UpgradePlan(
            _text(plan["machineId"]),
            None if extension is None else _text(extension),
            tuple(_move(move) for move in moves),
            retry,
        )
        digest = plan["digest"]
    except (KeyError, ValueError, OverflowError):
        raise _no_plan() from None
    if digest != read.digest:
        raise InvalidRequestError(
            "InvalidPlan",
            "The plan was changed: its digest is not that of what it says.",
            target="plan",
            hint="Take a new plan with Get-AzConnectedMachineUpgrade -Plan.",
        )
    return read


def place(text: str) -> tuple[str, str, str]:
    """The subscription, resource group and machine that a plan names.

    Raises:
        InvalidRequestError: ``InvalidPlan``.
    """
    plan = _object(text)
    try:
        return _text(plan["subscriptionId"]), _text(plan["resourceGroup"]), _text(plan["machine"])
    except (KeyError, ValueError):
        raise _no_plan() from None


def _object(text: str) -> dict[str, object]:
    try:
        plan = json.loads(text)
    except (ValueError, RecursionError):
        raise _no_plan() from None
    if not isinstance(plan, dict):
        raise _no_plan()
    return plan


def _move(move: object) -> PlannedMove:
    if not isinstance(move, Mapping):
        raise _no_plan()
    extensions, settings, sha256 = move["extensions"], move["settings"], move["sha256"]
    if not isinstance(extensions, list) or not isinstance(settings, list):
        raise _no_plan()
    if not all(isinstance(seq, int) for seq in settings) or not isinstance(move["automatic"], bool):
        raise _no_plan()
    return PlannedMove(
        _text(move["name"]),
        tuple(_text(name) for name in extensions),
        OperationKind(move["operation"]),
        move["automatic"],
        _version(move["fromVersion"]),
        _version(move["toVersion"]),
        None if sha256 is None else _text(sha256),
        tuple(settings),
        _seconds(move["healthWindowSeconds"]),
        _seconds(move["stableForSeconds"]),
        None if move["healthyForSeconds"] is None else _seconds(move["healthyForSeconds"]),
    )


def _version(value: object) -> Version | None:
    try:
        return None if value is None else Version.parse(_text(value))
    except InvalidRequestError:
        raise _no_plan() from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _no_plan()
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _no_plan()
    return float(value)


def _no_plan() -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidPlan",
        "This is no upgrade plan.",
        target="plan",
        hint="Give one as Get-AzConnectedMachineUpgrade -Plan made it.",
    )
