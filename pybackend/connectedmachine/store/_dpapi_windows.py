"""DPAPI in machine scope: what is sealed here opens on this Windows installation only."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _LOCAL_MACHINE = 0x4
    _UI_FORBIDDEN = 0x1

    class _Blob(ctypes.Structure):
        _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))

    def _call(name: str, data: bytes) -> bytes:
        buffer = ctypes.create_string_buffer(data, len(data))
        source = _Blob(len(data), ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char)))
        result = _Blob()
        function = getattr(ctypes.windll.crypt32, name)
        if not function(
            ctypes.byref(source), None, None, None, None, _LOCAL_MACHINE | _UI_FORBIDDEN, ctypes.byref(result)
        ):
            raise ctypes.WinError()
        try:
            return ctypes.string_at(result.data, result.size)
        finally:
            ctypes.windll.kernel32.LocalFree(result.data)

    def seal(key: bytes) -> bytes:
        """Encrypt a key for this machine."""
        return _call("CryptProtectData", key)

    def unseal(sealed: bytes) -> bytes:
        """Decrypt what ``seal`` made on this machine."""
        return _call("CryptUnprotectData", sealed)
