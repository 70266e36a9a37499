"""A runner that ends itself at a stop point, for tests to start as a process of its own.

``runner_process.py HOME MACHINE_ID HOW POINT NUMBER``: HOW is ``process`` or ``group``; POINT is a name like
``before enable(new)``, or ``any``; it ends the NUMBERth time it comes by there.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from connectedmachine.agent.clock import SystemClock
from connectedmachine.agent.hosting import hands_for
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.agent.places import Places
from connectedmachine.agent.runner import Runner
from connectedmachine.store import Store


def main(home: Path, machine_id: str, how: str, point: str, number: int) -> None:
    store = Store.open(home)
    machine = store.machines.get(machine_id)
    assert machine is not None
    came_by = 0

    def stop(name: str) -> None:
        nonlocal came_by
        came_by += point in ("any", name)
        if came_by == number:
            if how == "group":
                os.killpg(0, signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    if not EffectsLock(Places(home, machine_id).lock).acquire():
        sys.exit(3)
    Runner(store, machine, hands_for(store, machine, SystemClock()), patience=0.0, stop_point=stop).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
