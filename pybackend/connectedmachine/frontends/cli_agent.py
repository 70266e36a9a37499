"""The command ``agent``: passes by themselves until a signal says stop."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import signal
import sys
import threading
from typing import TYPE_CHECKING

from connectedmachine.frontends.cli_calls import Options, initiator
from connectedmachine.model.errors import InvalidRequestError

if TYPE_CHECKING:
    from connectedmachine.frontends.cli_terminal import Terminal
    from connectedmachine.service import Service

_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")
_WINDOWS_WAIT = 0.5
_LOG_BYTES = 1 << 20


def agent(service: Service, options: Options, terminal: Terminal) -> object:
    """Run the resident agent; returns when a signal ends it, at once also while nothing is due."""
    from connectedmachine.agent.sd_notify import notify

    if options.get("interval") == 0:
        raise InvalidRequestError(
            "InvalidArgument", "Argument --interval: it is zero.", target="--interval", hint="Give 1h, say."
        )
    _log(service)
    stopped = threading.Event()
    # Python runs a handler in the main thread, between two steps of it: a flag, and the wait is over.
    for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
        signal.signal(number, lambda *_: stopped.set())

    def wait(seconds: float) -> bool:
        # Windows lets no handler run during a wait, so it is a row of short ones there.
        longest = _WINDOWS_WAIT if sys.platform == "win32" else seconds
        while seconds > 0 and not stopped.wait(min(longest, seconds)):
            seconds -= longest
        return stopped.is_set()

    def ready() -> None:
        logging.info("Agent started.")
        terminal.say("The agent runs; Ctrl+C stops it.")
        with contextlib.suppress(OSError):
            notify("READY=1")

    timing = {name: float(str(options[name])) for name in ("interval", "jitter") if name in options}
    service.agent_run(wait=wait, ready=ready, initiator=initiator("Agent"), **timing)
    with contextlib.suppress(OSError):
        notify("STOPPING=1")
    logging.info("Agent stopped.")
    return None


def _log(service: Service) -> None:
    handler = logging.handlers.RotatingFileHandler(
        service.store.home / "agent.log", maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
    )
    logging.basicConfig(
        handlers=[handler], level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )
