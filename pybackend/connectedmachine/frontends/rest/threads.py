"""The service on worker threads: the event loop never waits for a writer of the store.

A store connection is for one thread at a time, so each call borrows a service of its own; as many are made
as calls ever ran at once. Small reads stay on the event loop (``reading``).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.applications import Starlette

from connectedmachine.agent.clock import SystemClock
from connectedmachine.frontends.rest.reading import Reader
from connectedmachine.service import Service
from connectedmachine.store import Store

_AT_ONCE = 8
"""Writers of a SQLite file take turns: more of them would only wait for each other."""

_Result = TypeVar("_Result")


class Workers:
    """Threads with a service each.

    Attributes:
        reader: For the event loop.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self.reader = Reader(home)
        self._limiter = CapacityLimiter(_AT_ONCE)
        self._idle: LifoQueue[Service] = LifoQueue()

    async def run(self, work: Callable[[Service], _Result]) -> _Result:
        """Do ``work`` on a thread with a service that nobody else uses meanwhile."""
        return await anyio.to_thread.run_sync(self._run, work, limiter=self._limiter)

    def _run(self, work: Callable[[Service], _Result]) -> _Result:
        try:
            service = self._idle.get_nowait()
        except Empty:
            service = Service(Store.open(self._home), SystemClock())
        try:
            return work(service)
        finally:
            self._idle.put(service)

    def close(self) -> None:
        """Close the stores of the services that are idle."""
        while not self._idle.empty():
            self._idle.get_nowait().store.close()
        self.reader.close()


def workers_of(app: Starlette) -> Workers:
    """The workers of an application, made at its first request; its state has ``home``."""
    if not hasattr(app.state, "workers"):
        # No await between the question and the answer, so there is one only.
        app.state.workers = Workers(app.state.home)
    workers: Workers = app.state.workers
    return workers
