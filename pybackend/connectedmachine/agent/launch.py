"""Starts the runner of a machine as a process of its own, which no end of the caller touches.

``python -m connectedmachine.agent.launch HOME MACHINE_ID`` is that process.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import sys
from contextlib import nullcontext
from pathlib import Path

from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.places import Places
from connectedmachine.store import Store

if sys.platform == "win32":
    from connectedmachine.agent import _detach_windows as _detach
else:
    from connectedmachine.agent import _detach_posix as _detach

_LOG_BYTES = 1 << 20
_LAST_EVENTS = 5.0
"""Seconds for which a runner at rest stays to deliver its last events; it holds no lock any more."""


def launch(home: Path, machine_id: str) -> None:
    """Start a runner; it ends at once if the machine has one already.

    Raises:
        OSError: The process could not be started.
    """
    places = Places(home, machine_id)
    places.machine.mkdir(mode=0o700, parents=True, exist_ok=True)
    arguments = [sys.executable, "-I", "-X", "utf8", "-m", __name__, str(home), machine_id]
    _detach.detach(arguments, places.machine)


def run(home: Path, machine_id: str) -> None:
    """Be the runner of a machine until nothing is left to do.

    Whoever commits a wish starts a runner after it, which finds the lock taken and ends. So the one that
    has the lock looks once more after it let go: a wish is seen by one of the two.
    """
    from connectedmachine.agent.events.courier import delivering
    from connectedmachine.agent.hosting import hands_for
    from connectedmachine.agent.runner import Runner

    store = Store.open(home)
    machine = store.machines.get(machine_id)
    if machine is None:
        return
    lock = EffectsLock(Places(home, machine_id).lock)
    runner = Runner(store, machine, hands_for(store, machine, SystemClock()))
    told = delivering(home, every=1.0, patience=_LAST_EVENTS) if store.events.any() else nullcontext()
    with told:
        while lock.acquire():
            try:
                runner.run()
            finally:
                lock.release()
            if not runner.has_work():
                return


def main(home: Path, machine_id: str) -> int:
    """Run with a log; returns the exit code."""
    handler = logging.handlers.RotatingFileHandler(
        Places(home, machine_id).runner_log, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8"
    )
    logging.basicConfig(
        handlers=[handler], level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )
    try:
        logging.info("Runner started.")
        run(home, machine_id)
        logging.info("Runner at rest.")
    except Exception:
        logging.exception("Runner failed.")
        return 1
    return 0


if __name__ == "__main__":
    # Handlers expect the usual mask, whatever the caller's is.
    os.umask(0o022)
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
