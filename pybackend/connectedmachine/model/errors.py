"""What can go wrong, one exception type per family.

Each error says in one sentence what was wrong, what it was about (``target``) and what to do next
(``hint``). ``code`` is stable and Azure's own where Azure has one (``ResourceNotFound``, ``HCRP404``,
``HCRP409``, ...). Front ends translate a family into an ErrorRecord category, an HTTP status or an exit
code; no other room knows about them.
"""

from __future__ import annotations


class ConnectedMachineError(Exception):
    """The root of every error a front end may show.

    Args:
        code: Stable identifier, Azure's where Azure has one.
        message: One sentence, no secrets.
        target: Name or id of what it is about.
        hint: What to do next.
    """

    def __init__(self, code: str, message: str, *, target: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.target = target
        self.hint = hint

    def __str__(self) -> str:
        return f"({self.code}) {self.message}"


class NotFoundError(ConnectedMachineError):
    """The named machine, extension, image, gallery, probe or hold does not exist."""


class InvalidRequestError(ConnectedMachineError):
    """The request itself is wrong; nothing was changed."""


class ConflictError(ConnectedMachineError):
    """The request is right but collides with work under way or with what exists."""


class NotSupportedError(ConnectedMachineError):
    """The request asks for something this product does not do; refused by name."""


class PackageError(ConnectedMachineError):
    """A handler package or an image in a gallery is malformed, damaged or unsafe."""


class HandlerError(ConnectedMachineError):
    """A handler broke its contract: a command failed, timed out or left a malformed file."""


class StoreError(ConnectedMachineError):
    """The store cannot be opened, read or written."""


class PermissionDeniedError(ConnectedMachineError):
    """The caller may not use this store, or this host is not the machine in question."""


class RunnerError(ConnectedMachineError):
    """The machine's runner could not be started or died repeatedly."""


class DiskFullError(ConnectedMachineError):
    """There is no room for what the operation needs; the installed version is untouched."""
