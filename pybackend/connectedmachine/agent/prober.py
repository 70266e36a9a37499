"""Takes samples of the probes that users configured: command, TCP, HTTP, process, service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from connectedmachine.model.clock import Clock
from connectedmachine.model.health import Health, Probe, ProbeKind, SourceHealth

_MESSAGE_LENGTH = 500

# Where no systemd runs, as in a container; of a unit that is not active or not known it says 3 or 4.
_UNASKED = {"systemctl": (1,)}


class Prober:
    """Remembers each probe's last sample until its interval is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[float, SourceHealth]] = {}

    def sample(self, probes: Sequence[Probe]) -> tuple[Mapping[str, SourceHealth], frozenset[str]]:
        """Look at every probe that is due, all at once, each for its own timeout at most.

        Returns:
            Health by probe name, and the names of those that were looked at just now.
        """
        now = self._clock.monotonic()
        due = [p for p in probes if p.name not in self._last or now - self._last[p.name][0] >= p.interval]
        if due:
            with ThreadPoolExecutor(len(due)) as pool:
                for probe, health in zip(due, pool.map(look, due), strict=True):
                    self._last[probe.name] = (now, health)
        return {p.name: self._last[p.name][1] for p in probes}, frozenset(p.name for p in due)


def look(probe: Probe) -> SourceHealth:
    """Take one sample; never raises. What could not be looked at is Unknown, a bad answer Unhealthy."""
    look_at = {
        ProbeKind.COMMAND: _command,
        ProbeKind.TCP: _tcp,
        ProbeKind.HTTP: _http,
        ProbeKind.PROCESS: _process,
        ProbeKind.SERVICE: _service,
    }[probe.kind]
    result = look_at(probe)
    return SourceHealth(result.health, result.message[:_MESSAGE_LENGTH])


def _command(probe: Probe, unasked: Container[int] = ()) -> SourceHealth:
    """Run the probe's target; by a code in ``unasked`` it says that it could not look."""
    try:
        done = subprocess.run(
            probe.target, capture_output=True, timeout=probe.timeout, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        return SourceHealth(Health.UNHEALTHY, f"No end within {probe.timeout:g} s.")
    except (OSError, ValueError) as error:
        return SourceHealth(Health.UNKNOWN, f"It cannot be started: {getattr(error, 'strerror', error)}.")
    text = (done.stderr or done.stdout).decode(errors="backslashreplace").strip()
    if done.returncode == 0:
        return SourceHealth(Health.HEALTHY, text)
    health = Health.UNKNOWN if done.returncode in unasked else Health.UNHEALTHY
    return SourceHealth(health, f"Exit code {done.returncode}. {text}".strip())


def _tcp(probe: Probe) -> SourceHealth:
    import socket

    host, _, port = probe.target[0].rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=probe.timeout):
            return SourceHealth(Health.HEALTHY)
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        return SourceHealth(Health.UNHEALTHY, f"No connection: {reason}.")


def _http(probe: Probe) -> SourceHealth:
    import http.client
    import urllib.error
    import urllib.request

    # A health probe asks the machine itself, so a proxy of the environment has no say.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(probe.target[0], timeout=probe.timeout) as answer:
            return SourceHealth(Health.HEALTHY, f"Status {answer.status}.")
    except urllib.error.HTTPError as error:
        return SourceHealth(Health.UNHEALTHY, f"Status {error.code}.")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return SourceHealth(Health.UNHEALTHY, f"No answer: {reason}.")


def _process(probe: Probe) -> SourceHealth:
    import psutil

    wanted = probe.target[0].lower().removesuffix(".exe")
    for process in psutil.process_iter(["name", "status"]):
        name = str(process.info["name"] or "").lower().removesuffix(".exe")
        if name == wanted and process.info["status"] != psutil.STATUS_ZOMBIE:
            return SourceHealth(Health.HEALTHY)
    return SourceHealth(Health.UNHEALTHY, "No process of that name.")


def _service(probe: Probe) -> SourceHealth:
    name = probe.target[0]
    if sys.platform == "win32":
        import psutil

        try:
            status = psutil.win_service_get(name).status()
        except psutil.NoSuchProcess:
            return SourceHealth(Health.UNHEALTHY, "No service of that name.")
        healthy = status == "running"
        return SourceHealth(Health.HEALTHY if healthy else Health.UNHEALTHY, f"It is {status}.")
    # `launchctl list` fails for a service that is not loaded, and shows a PID for one that runs.
    query = (
        ("launchctl", "list", name) if sys.platform == "darwin" else ("systemctl", "is-active", "--", name)
    )
    health = _command(replace(probe, target=query), unasked=_UNASKED.get(query[0], ()))
    if sys.platform == "darwin" and health.health is Health.HEALTHY and '"PID"' not in health.message:
        return SourceHealth(Health.UNHEALTHY, "It is not running.")
    return health
