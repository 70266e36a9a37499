"""Whether what would be done is what was agreed on, and how it differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from connectedmachine.model.upgrade_plan import PlannedMove, UpgradePlan

_WORDS = {
    "operation": "operation",
    "toVersion": "version",
    "fromVersion": "installed version",
    "sha256": "package",
    "settings": "settings",
    "extensions": "extensions",
    "automatic": "automatic",
    "healthWindowSeconds": "health window",
    "stableForSeconds": "stable for",
    "healthyForSeconds": "healthy for",
}


def difference(agreed: PlannedMove | None, due: PlannedMove | None, reason: str) -> str | None:
    """How what is due for one extension differs from what was agreed on; ``None`` when it does not.

    Args:
        reason: Why nothing is due, where nothing is.
    """
    if agreed == due:
        return None
    if agreed is None:
        assert due is not None
        return f"{_said(due)} is due, and the plan has nothing"
    if due is None:
        return f"{_said(agreed)} is not due any more ({reason.rstrip('.')})"
    before, now = agreed.to_json(), due.to_json()
    changes = [
        f"{word} {now[key]} instead of {before[key]}"
        for key, word in _WORDS.items()
        if now[key] != before[key]
    ]
    return ", ".join(changes)


def differences(agreed: UpgradePlan, due: UpgradePlan, reasons: Mapping[str, str]) -> list[str]:
    """How two plans of one machine differ, by extension.

    Args:
        reasons: By lower-case name of each extension that there is, what was decided about it now.
    """
    names = sorted({move.extension.lower(): move.extension for move in (*agreed.moves, *due.moves)}.items())
    found = []
    for key, name in names:
        how = difference(agreed.move(key), due.move(key), reasons.get(key, "it does not exist any more"))
        if how is not None:
            found.append(f"{name}: {how}")
    return found


def _said(move: PlannedMove) -> str:
    versions = [str(version) for version in (move.from_version, move.to_version) if version is not None]
    return f"{move.operation} {' -> '.join(versions)}".rstrip()
