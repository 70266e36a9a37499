"""A Unix socket for the same user: who is at its other end, and a file that only they can open."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import os
    import socket
    import stat
    import struct
    from pathlib import Path

    from connectedmachine.model.errors import ConflictError, InvalidRequestError

    # struct xucred of macOS and the BSDs: a version, the user, and what is of no interest here.
    _XUCRED_BYTES, _SOL_LOCAL, _LOCAL_PEERCRED = 76, 0, 1

    def listen(path: Path) -> socket.socket:
        """Take the path, also from a server that died.

        Raises:
            ConflictError: ``SocketInUse``.
            InvalidRequestError: ``InvalidSocket``: it is another kind of file, or cannot be made.
        """
        try:
            _clear(path)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                listener.bind(str(path))
            finally:
                os.umask(before)
        except OSError as error:
            raise InvalidRequestError(
                "InvalidSocket",
                f"There can be no socket at '{path}': {error.strerror or error}.",
                target=str(path),
                hint="Give a path that is free, in a folder of your own, of less than 100 characters.",
            ) from error
        return listener

    def _clear(path: Path) -> None:
        try:
            found = path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise InvalidRequestError(
                "InvalidSocket",
                f"'{path}' exists and is not a socket.",
                target=str(path),
                hint="Give another path.",
            )
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
                return
        raise ConflictError(
            "SocketInUse",
            f"Another server listens on '{path}'.",
            target=str(path),
            hint="Stop it first, or give another path.",
        )

    def peer_uid(connection: socket.socket) -> int | None:
        """The user at the other end as the kernel knows it, or ``None`` if it is no Unix socket."""
        if connection.family != socket.AF_UNIX:
            return None
        if sys.platform == "linux":
            packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            return int(struct.unpack("3i", packed)[1])
        packed = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
        return int(struct.unpack("2I", packed[:8])[1])
