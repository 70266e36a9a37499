"""Where the product keeps its state (design page, section 8)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from connectedmachine.model.errors import PermissionDeniedError, StoreError

STORE_FILE = "store.db"


def state_root() -> Path:
    """The folder of this caller's state; it may not exist yet.

    ``AZCMLITE_HOME``, else the machine-wide place when privileged, else the user's own state folder.

    Raises:
        PermissionDeniedError: A machine-wide store exists and this caller may not use it: a second store
            would silently split what the operator sees from what the machine does. Or none exists, and
            the caller has no home folder.
    """
    named = os.environ.get("AZCMLITE_HOME")
    if named:
        return Path(named).absolute()
    shared = _machine_wide()
    if is_privileged():
        return shared
    if _may_hold_store(shared):
        raise PermissionDeniedError(
            "PermissionDenied",
            f"The store of this machine is in {shared} and only administrators may use it.",
            target=str(shared),
            hint="Run as root or administrator, or set AZCMLITE_HOME to a folder of your own.",
        )
    try:
        return _user_place()
    except RuntimeError as error:  # a user id without an account, and no HOME
        raise PermissionDeniedError(
            "PermissionDenied",
            "This user has no home folder for the state to be in.",
            hint="Set AZCMLITE_HOME to a folder of your own.",
        ) from error


def _may_hold_store(folder: Path) -> bool:
    # Not exists(), which hides a missing permission from Python 3.14 on.
    try:
        (folder / STORE_FILE).stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _machine_wide() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "AzConnectedMachineLite"
    if sys.platform == "darwin":
        return Path("/Library/Application Support/AzConnectedMachineLite")
    return Path("/var/lib/azcmlite")


def _user_place() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
        return Path(base) / "AzConnectedMachineLite"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "AzConnectedMachineLite"
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "azcmlite"


def is_privileged() -> bool:
    """Say whether this process is the system's administrator."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return os.geteuid() == 0


def prepare(root: Path) -> None:
    """Make the state folder, private to its owner.

    Raises:
        PermissionDeniedError: It exists and somebody else owns it, so its content cannot be trusted.
        StoreError: ``StoreUnreadable`` when there can be no folder.
    """
    try:
        if sys.platform == "win32":
            from connectedmachine.store._folder_windows import prepare_private

            prepare_private(root)
            return
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = root.stat().st_uid
        if owner != os.geteuid():
            raise PermissionDeniedError(
                "PermissionDenied",
                f"The state folder {root} belongs to another user.",
                target=str(root),
                hint="Use a folder that you own, or run as its owner.",
            )
        if root.stat().st_mode & 0o077:
            root.chmod(0o700)
    except PermissionError as error:
        raise PermissionDeniedError(
            "PermissionDenied",
            f"The state folder {root} cannot be used: {error.strerror}.",
            target=str(root),
            hint="Set AZCMLITE_HOME to a folder that you may write to.",
        ) from error
    except OSError as error:
        raise StoreError(
            "StoreUnreadable",
            f"The state folder {root} cannot be made: {error.strerror}.",
            target=str(root),
            hint="Set AZCMLITE_HOME to a folder on a disk with space that can be written to.",
        ) from error
