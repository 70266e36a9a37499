"""Delivers what is in the outbox, at least once, beside the work and never in its way.

A parcel is put off before it is tried, so that of two couriers one tries it, and one that is killed meanwhile
leaves it to a later one. Sinks know an event that arrives twice by its id.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.events.sinks import send
from connectedmachine.model.clock import Clock
from connectedmachine.model.errors import ConnectedMachineError
from connectedmachine.model.event import Parcel, Sink
from connectedmachine.store import Store

KEPT = timedelta(days=3)
"""For how long an event is tried to be delivered."""

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)

Send = Callable[[Path, Sink, str], None]

log = logging.getLogger(__name__)


class Courier:
    def __init__(self, store: Store, clock: Clock, send: Send = send) -> None:
        self._store = store
        self._clock = clock
        self._send = send

    def deliver(self) -> None:
        """Try everything that is due, once each."""
        for parcel in self._store.events.due(self._clock.now(), _LONGEST_PAUSE):
            self._deliver(parcel)

    def _deliver(self, parcel: Parcel) -> None:
        events, now = self._store.events, self._clock.now()
        sink = events.sink(parcel.sink)
        if sink is None:
            return
        if now - parcel.created > KEPT:
            log.warning("Event %s was not taken by sink '%s' in time.", parcel.event_id, parcel.sink)
            events.drop(parcel)
            return
        if not events.claim(parcel, now + _pause(parcel.attempts) + timedelta(seconds=sink.timeout)):
            return
        try:
            self._send(self._store.home, sink, parcel.body)
        except ConnectedMachineError as error:
            log.warning("Event %s: %s", parcel.event_id, error.message)
            events.failed(parcel, error.message)
            return
        events.arrived(parcel)


def _pause(attempts: int) -> timedelta:
    return min(_LONGEST_PAUSE / 2, _FIRST_PAUSE * (1 << min(attempts, 10)))


@contextmanager
def delivering(home: Path, *, every: float, patience: float) -> Iterator[None]:
    """Deliver during the block, in a thread with a store of its own; then wait for it, for a while.

    Args:
        every: Seconds between two looks at the outbox.
        patience: Seconds for which the end of the block waits for the last ones.
    """
    ended = threading.Event()

    def work() -> None:
        try:
            store = Store.open(home)
            try:
                courier = Courier(store, SystemClock())
                while not ended.wait(every):
                    courier.deliver()
                courier.deliver()
            finally:
                store.close()
        except Exception:  # a full disk, say: the next runner delivers
            log.exception("Events are not delivered for now.")

    # A process does not outlive its work for the sake of a sink that hangs.
    thread = threading.Thread(target=work, name="courier", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(patience)
