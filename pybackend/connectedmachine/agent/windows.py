"""Maintenance windows as they hold for the extensions of a machine.

An extension's own windows take the place of the machine's. Extensions that share a version move together,
so each of them has to be open.
"""

from __future__ import annotations

from datetime import datetime

from connectedmachine.model.decision import Reason
from connectedmachine.model.resource import Extension
from connectedmachine.model.window import MaintenanceWindow
from connectedmachine.store import Store
from connectedmachine.upgrade.calendar import Closed, closed


def windows_of(windows: list[MaintenanceWindow], extension: str) -> list[MaintenanceWindow]:
    """Those of a machine's windows that hold for one extension."""
    own = [window for window in windows if window.extension.lower() == extension.lower()]
    return own or [window for window in windows if not window.extension]


def keeping(store: Store, extension: Extension, siblings: list[Extension], now: datetime) -> Closed | None:
    """Why the version of an extension may not begin to change now; ``None`` when it may."""
    windows = store.windows.of_machine(extension.machine_id)
    if not windows:
        return None
    for moved in (extension, *siblings):
        found = closed(windows_of(windows, moved.name), now, extension.machine_id)
        if found is not None:
            return found
    return None


def waits(extension: Extension) -> bool:
    """Say whether a version that was asked for waits for a window."""
    return extension.target is not None and extension.status.code == Reason.OUTSIDE_WINDOW
