"""The log of the system on POSIX: a datagram to the socket that syslog, or journald in its place, listens on.

Not the C library's ``syslog``, which says nothing when nobody listens.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

assert sys.platform != "win32"

_SOCKET = Path("/var/run/syslog" if sys.platform == "darwin" else "/dev/log")
_DAEMON = 3 << 3
_WARNING, _INFO = 4, 6
_LONGEST = 8192


def write(message: str, *, is_failure: bool, address: Path = _SOCKET) -> None:
    """Write one entry.

    Raises:
        OSError: Nobody listens.
    """
    priority = _DAEMON | (_WARNING if is_failure else _INFO)
    datagram = f"<{priority}>azcmlite[{os.getpid()}]: {message}".encode()[:_LONGEST]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.settimeout(1.0)
        channel.sendto(datagram, str(address))
