"""Paths of what is served (REST reference, section 1), compared without regard to case as ARM does."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

NAMESPACE = "Microsoft.HybridCompute"

SUBSCRIPTIONS = "/subscriptions"
SUBSCRIPTION = "/subscriptions/{subscription}"
LOCATIONS = f"{SUBSCRIPTION}/locations"
GROUPS = f"{SUBSCRIPTION}/resourceGroups"
GROUP = f"{GROUPS}/{{group}}"

PROVIDER = f"{SUBSCRIPTION}/providers/{NAMESPACE}"
REGISTER = f"{PROVIDER}/register"
MACHINES_OF_SUBSCRIPTION = f"{PROVIDER}/machines"
MACHINES = f"{GROUP}/providers/{NAMESPACE}/machines"
MACHINE = f"{MACHINES}/{{machine}}"
EXTENSIONS = f"{MACHINE}/extensions"
EXTENSION = f"{EXTENSIONS}/{{extension}}"
UPGRADE_EXTENSIONS = f"{MACHINE}/upgradeExtensions"
ADD_EXTENSIONS = f"{MACHINE}/addExtensions"

OPERATION_STATUS = f"{PROVIDER}/locations/{{location}}/operationstatus/{{operation}}"
OPERATION_RESULT = f"{PROVIDER}/locations/{{location}}/operationresults/{{operation}}"

_VERSIONS = "/publishers/{publisher}/extensionTypes/{type}/versions"
METADATA_LIST_V1 = f"{PROVIDER}/locations/{{location}}{_VERSIONS}"
METADATA_V1 = f"{METADATA_LIST_V1}/{{version}}"
PUBLISHERS = f"/providers/{NAMESPACE}/locations/{{location}}/publishers"
TYPES = f"{PUBLISHERS}/{{publisher}}/extensionTypes"
METADATA_LIST = f"{TYPES}/{{type}}/versions"
METADATA = f"{METADATA_LIST}/{{version}}"


class AnyCaseRoute(Route):
    """A route of any method whose path is matched in any case; names keep the caller's."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        super().__init__(path, endpoint)
        self.methods = None
        self.path_regex = re.compile(self.path_regex.pattern, re.IGNORECASE)


def what_it_names(method: str, path: str) -> str:
    """What a path that is not served asks for, in words for an error message."""
    parts = [part for part in path.split("/") if part]
    lower = [part.lower() for part in parts]
    if "providers" not in lower[:-1]:
        return f"{method} {path}"
    at = lower.index("providers") + 1
    # After the provider come type and name in turn; an action stands where a type would.
    return "/".join((parts[at], *parts[at + 1 :: 2]))
