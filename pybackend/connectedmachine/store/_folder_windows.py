"""A private folder on Windows: an ACL for SYSTEM and Administrators (and the owner), owner checked."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import subprocess
    from ctypes import wintypes
    from pathlib import Path

    from connectedmachine.model.errors import PermissionDeniedError

    _SYSTEM = "*S-1-5-18"
    _ADMINISTRATORS = "*S-1-5-32-544"
    _OWNER_SECURITY_INFORMATION = 1
    _SE_FILE_OBJECT = 1

    def prepare_private(root: Path) -> None:
        """Make ``root`` with inheritance cut and full control for SYSTEM, Administrators and the caller.

        Raises:
            PermissionDeniedError: It exists and belongs to another user.
        """
        if root.exists():
            _check_owner(root)
            return
        root.mkdir(parents=True)
        caller = subprocess.run(
            ["whoami", "/user", "/fo", "csv", "/nh"], capture_output=True, text=True, check=True
        ).stdout.rsplit(",", 1)[1]
        grants = [f"{sid}:(OI)(CI)F" for sid in (_SYSTEM, _ADMINISTRATORS, "*" + caller.strip().strip('"'))]
        subprocess.run(
            ["icacls", str(root), "/inheritance:r", "/grant:r", *grants], capture_output=True, check=True
        )

    def _check_owner(root: Path) -> None:
        owner = ctypes.c_void_p()
        descriptor = ctypes.c_void_p()
        failed = ctypes.windll.advapi32.GetNamedSecurityInfoW(
            str(root),
            _SE_FILE_OBJECT,
            _OWNER_SECURITY_INFORMATION,
            ctypes.byref(owner),
            None,
            None,
            None,
            ctypes.byref(descriptor),
        )
        if failed:
            raise ctypes.WinError(failed)
        text = wintypes.LPWSTR()
        ctypes.windll.advapi32.ConvertSidToStringSidW(owner, ctypes.byref(text))
        caller = subprocess.run(
            ["whoami", "/user", "/fo", "csv", "/nh"], capture_output=True, text=True, check=True
        ).stdout
        trusted = {"S-1-5-18", "S-1-5-32-544"}
        sid = text.value or ""
        if sid not in trusted and f'"{sid}"' not in caller:
            raise PermissionDeniedError(
                "PermissionDenied",
                f"The state folder {root} belongs to another user.",
                target=str(root),
                hint="Use a folder that you own, or run as its owner.",
            )
