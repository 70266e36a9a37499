"""Names and ids: ARM resource ids, handler names, and what may be a name.

Azure's rules: a machine name is 1 to 54 letters, digits, ``-``, ``_`` or ``.``; ids and names are
compared without regard to case and shown as their creator wrote them (REST reference, section 1).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from connectedmachine.model.errors import InvalidRequestError

NIL_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"

_MACHINE = re.compile(r"[A-Za-z0-9_.-]{1,54}", re.ASCII)
_GROUP = re.compile(r"[\w().-]{1,90}", re.ASCII)
_EXTENSION = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)
# Both become part of a folder name. Real types hold dots and dashes (MDE.Linux, ChangeTracking-Linux).
_PUBLISHER = _TYPE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)


# Windows opens a device for such a name, in any folder and whatever follows its first dot.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3])\s*(?:\..*)?", re.I)


def is_device(name: str) -> bool:
    """Say whether Windows takes a file's name for that of a device."""
    return _DEVICE.fullmatch(name) is not None


def _checked(pattern: re.Pattern[str], value: str, what: str, rule: str) -> str:
    # Windows drops a trailing dot of a folder name, and '.' and '..' are no folder names anywhere.
    if pattern.fullmatch(value) is None or value.strip(".") == "" or value.endswith("."):
        raise _refusal(value, what, rule)
    return value


def _file_name(pattern: re.Pattern[str], value: str, what: str, rule: str) -> str:
    """As ``_checked``, for what names of folders and settings files begin with."""
    if is_device(value):
        raise _refusal(value, what, f"{rule}, but not what Windows calls a device by")
    return _checked(pattern, value, what, rule)


def _refusal(value: str, what: str, rule: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidName", f"'{value}' is not a valid {what}.", target=value, hint=f"Use {rule}."
    )


def machine_name(value: str) -> str:
    """Return ``value`` if it may name a machine; raises InvalidRequestError ``InvalidName``."""
    return _checked(_MACHINE, value, "machine name", "1 to 54 letters, digits, '-', '_' or '.'")


def resource_group_name(value: str) -> str:
    """Return ``value`` if it may name a resource group; raises InvalidRequestError ``InvalidName``."""
    return _checked(
        _GROUP, value, "resource group name", "1 to 90 letters, digits, '-', '_', '.', '(' or ')'"
    )


def extension_name(value: str) -> str:
    """Return ``value`` if it may name an extension; raises InvalidRequestError ``InvalidName``."""
    return _file_name(_EXTENSION, value, "extension name", "1 to 128 letters, digits, '-', '_' or '.'")


@dataclass(frozen=True)
class HandlerName:
    """Publisher and type; ``str()`` gives ``Publisher.Type``. Compare by ``key``."""

    publisher: str
    type: str

    @classmethod
    def checked(cls, publisher: str, type_: str) -> HandlerName:
        """Build one from user input; raises InvalidRequestError ``InvalidName``."""
        rule = "up to 128 letters, digits, '_', '.' or '-', a letter or digit first"
        return cls(
            _file_name(_PUBLISHER, publisher, "publisher", rule),
            _checked(_TYPE, type_, "extension type", rule),
        )

    @cached_property
    def key(self) -> str:
        """What two spellings of one handler have in common."""
        return str(self).lower()

    def __str__(self) -> str:
        return f"{self.publisher}.{self.type}"


def machine_id(subscription: str, resource_group: str, machine: str) -> str:
    """The ARM id of a machine."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
        f"/providers/Microsoft.HybridCompute/machines/{machine}"
    )


def extension_id(subscription: str, resource_group: str, machine: str, extension: str) -> str:
    """The ARM id of an extension."""
    return f"{machine_id(subscription, resource_group, machine)}/extensions/{extension}"
