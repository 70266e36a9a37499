"""Tells systemd how a service stands, where it asks to be told (``Type=notify``)."""

from __future__ import annotations

import os
import socket
import sys


def notify(state: str) -> None:
    """Say ``READY=1`` or ``STOPPING=1``; nothing where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or sys.platform == "win32":
        return
    if address.startswith("@"):  # the abstract namespace, as systemd writes it
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), address)
