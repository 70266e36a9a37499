"""Health samples and probes (design page, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Health(StrEnum):
    HEALTHY = "Healthy"
    INITIALIZING = "Initializing"
    UNHEALTHY = "Unhealthy"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class SourceHealth:
    """What one source says at one moment.

    A source is ``handler:<Publisher.Type>``, ``handler:<Publisher.Type>/<extension>`` where the handler may
    have several extensions, or ``probe:<name>``.
    """

    health: Health
    message: str = ""


@dataclass(frozen=True)
class Sample:
    """One look at every source.

    ``observed`` is how many seconds of the window had been observed by then: time in which no runner
    lived does not count.
    """

    observed: float
    sources: Mapping[str, SourceHealth] = field(default_factory=dict)


class ProbeKind(StrEnum):
    COMMAND = "Command"
    TCP = "Tcp"
    HTTP = "Http"
    PROCESS = "Process"
    SERVICE = "Service"


@dataclass(frozen=True)
class Probe:
    """A user's own check of a machine.

    ``target`` is a list for a command (program and arguments, no shell), else one element: ``host:port``,
    a URI, a process name or a service name. ``interval`` and ``timeout`` are seconds.
    """

    name: str
    kind: ProbeKind
    target: tuple[str, ...]
    interval: float
    timeout: float
