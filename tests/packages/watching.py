"""What a test sees of a sample handler from outside: its commands in order, its process, its answers."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CommandRun:
    """One line of ``commands.log``; ``overlap`` if another command was still running."""

    command: str
    version: str
    environment: dict[str, str]
    overlap: bool = False


@dataclass(frozen=True)
class Reply:
    """An HTTP answer of the sample agent."""

    status: int
    handler: str
    version: str
    pid: int


def commands(state: Path) -> list[CommandRun]:
    """Every command that began, in order, of all versions that share this state folder."""
    log = state / "commands.log"
    runs = []
    for line in log.read_text("utf-8").splitlines() if log.exists() else []:
        words = line.split()
        overlap = words[0] == "OVERLAP"
        command, version, *told = words[overlap:]
        runs.append(CommandRun(command, version, dict(word.split("=", 1) for word in told), overlap))
    return runs


def override(state: Path, version: str, **behaviour: object) -> None:
    """Change how a version behaves from its next start on: fields of ``PackageSpec`` by name."""
    state.mkdir(parents=True, exist_ok=True)
    path = state / "overrides.json"
    overrides = json.loads(path.read_text("utf-8")) if path.exists() else {}
    overrides[version] = behaviour
    path.write_text(json.dumps(overrides), "utf-8")


def forget_override(state: Path) -> None:
    """Let every version behave as it was built to."""
    (state / "overrides.json").unlink(missing_ok=True)


def running_agent(state: Path, extension: str | None = None) -> int | None:
    """The port that the serving process took, or ``None`` if none says that it serves.

    Of a handler that may have several extensions, one process serves each.
    """
    path = state / ("agent.json" if extension is None else f"{extension}.agent.json")
    return int(json.loads(path.read_text("utf-8"))["port"]) if path.exists() else None


def get(port: int, timeout: float = 5.0) -> Reply | None:
    """Ask the agent on a port; ``None`` if nothing answers there."""
    url = f"http://127.0.0.1:{port}/"
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            status, body = error.code, error.read()
    except OSError:
        return None
    answer = json.loads(body)
    return Reply(status, answer["handler"], answer["version"], answer["pid"])


def alive(pid: int) -> bool:
    """Say whether a process runs; one that ended and that its parent has not yet noticed does not."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def end_processes(folder: Path) -> list[int]:
    """End every process that was started from below ``folder``, and return their pids; for a test's end."""
    import psutil

    from connectedmachine.handler import cgroup

    places = (str(folder), str(folder.resolve()))
    ended = []
    for process in psutil.process_iter(["cmdline"]):
        if any(word.startswith(places) for word in process.info["cmdline"] or []) and alive(process.pid):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
            ended.append(process.pid)
    while any(alive(pid) for pid in ended):
        time.sleep(0.01)
    for library in folder.rglob("library"):
        for version in library.iterdir():
            group = cgroup.version_group(cgroup.host_base(), version)
            if group is not None:
                cgroup.remove(group)
    return ended
