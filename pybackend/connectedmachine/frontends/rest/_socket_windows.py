"""Windows: Python has no Unix sockets there and uvicorn serves no named pipes, so neither is offered."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import socket
    from pathlib import Path

    from connectedmachine.model.errors import NotSupportedError

    def listen(path: Path) -> socket.socket:
        """Refuse.

        Raises:
            NotSupportedError: ``UnixSocketNotOffered``.
        """
        raise NotSupportedError(
            "UnixSocketNotOffered",
            "A Unix socket or named pipe is not offered on Windows.",
            target=str(path),
            hint="Leave --unix-socket out and use a credential.",
        )

    def peer_uid(_: socket.socket) -> int | None:
        """No connection has one."""
        return None
