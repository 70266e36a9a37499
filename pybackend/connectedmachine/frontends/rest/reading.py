"""Small reads on the event loop, remembered until anybody commits anything to the store.

In write-ahead mode a reader waits for nobody, and to change threads twice costs several times what such a
read does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from connectedmachine.agent.clock import SystemClock
from connectedmachine.frontends.rest.call import Reply
from connectedmachine.service import Service
from connectedmachine.store import Store

_MOST, _LONGEST = 256, 16 << 10
"""Replies that are remembered, and characters of each: 4 MiB at the very most."""


class Reader:
    """Reads with a connection of its own, on one thread."""

    def __init__(self, home: Path) -> None:
        self._service = Service(Store.open(home), SystemClock())
        self._version = self._service.store.version()
        self._known: dict[object, Reply] = {}

    def read(self, key: object, work: Callable[[Service], Reply]) -> Reply:
        """What ``work`` replies, which depends on ``key``, on what is in the store, and on nothing else."""
        # Asked before reading: what is committed in between is found at the next question.
        version = self._service.store.version()
        if version != self._version:
            self._known.clear()
            self._version = version
        known = self._known.get(key)
        if known is not None:
            return known
        reply = work(self._service)
        if len(reply.text) <= _LONGEST:
            if len(self._known) == _MOST:
                self._known.clear()
            self._known[key] = reply
        return reply

    def close(self) -> None:
        self._service.store.close()
