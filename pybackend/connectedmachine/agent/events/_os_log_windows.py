"""The log of the system on Windows: the Application log, source ``Az.ConnectedMachineLite``."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes

assert sys.platform == "win32"

_SOURCE = "Az.ConnectedMachineLite"
_WARNING, _INFORMATION = 2, 4
_EVENT_ID = 1
_LONGEST = 31_839
"""Characters that an entry holds."""


def write(message: str, *, is_failure: bool) -> None:
    """Write one entry. Without a registered source the viewer adds a remark and shows the text all the same.

    Raises:
        OSError: The log does not take it.
    """
    library = ctypes.WinDLL("advapi32", use_last_error=True)
    library.RegisterEventSourceW.restype = wintypes.HANDLE
    library.RegisterEventSourceW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR]
    library.DeregisterEventSource.argtypes = [wintypes.HANDLE]
    library.ReportEventW.argtypes = [
        wintypes.HANDLE, wintypes.WORD, wintypes.WORD, wintypes.DWORD, ctypes.c_void_p, wintypes.WORD,
        wintypes.DWORD, ctypes.POINTER(wintypes.LPCWSTR), ctypes.c_void_p,
    ]  # fmt: skip
    source = library.RegisterEventSourceW(None, _SOURCE)
    if not source:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        kind = _WARNING if is_failure else _INFORMATION
        text = (wintypes.LPCWSTR * 1)(message[:_LONGEST])
        if not library.ReportEventW(source, kind, 0, _EVENT_ID, None, 1, 0, text, None):
            raise ctypes.WinError(ctypes.get_last_error())
    finally:
        library.DeregisterEventSource(source)
