"""Sample handler packages, built to zips by code, and what tests need to watch them at work.

Not tests themselves: ``import packages`` with ``tests`` on the path, as pytest has it. Only the standard
library is used here, except by ``alive`` and ``end_processes``.
"""

from .building import AGENT, CLOCK, NOOP, PackageSpec, build
from .watching import (
    CommandRun,
    Reply,
    alive,
    commands,
    end_processes,
    forget_override,
    get,
    override,
    running_agent,
)

__all__ = [
    "AGENT",
    "CLOCK",
    "NOOP",
    "CommandRun",
    "PackageSpec",
    "Reply",
    "alive",
    "build",
    "commands",
    "end_processes",
    "forget_override",
    "get",
    "override",
    "running_agent",
]
