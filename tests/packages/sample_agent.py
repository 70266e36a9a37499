"""A small real agent, the program inside a sample package; it knows nothing of who runs it.

``agent.py <command>`` is one of the handler commands (handler contract 2); ``agent.py serve`` is the
process that stays: it answers HTTP on 127.0.0.1, reports status and heartbeat. Where the handler may have
several extensions, one process serves each. Standard library and Python 3.8 only, and few imports: it is
started often.

Files in the state folder (public setting ``stateFolder``, else ``<library>/<handler>-data``):

* ``commands.log``: one line for each command that began, ``OVERLAP`` first if another was still running;
* ``data.json``: what ``install`` made, ``update`` migrated and ``uninstall`` of its owner removes;
* ``[<extension>.]agent.json``: pid, port and instance of the process that serves;
* ``runs.log``: version and settings number of each run of a handler that runs ``once``;
* ``overrides.json``: by version, behaviour that replaces the package's own, for a test to change its mind.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, TextIO  # noqa: UP035 -- the Python on PATH may be 3.8

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

Json = Dict[str, Any]  # noqa: UP006

REPORTED = (
    "ConfigSequenceNumber",
    "ConfigExtensionName",
    "VERSION",
    "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION",
    "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE",
    "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODES_MULTIPLE_EXTENSIONS",
    "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE",
)
PROGRAM = str(Path(__file__).resolve())
START_SECONDS = 10.0
REFRESH_SECONDS = 0.5
# Nothing that a test forgot lives for ever.
LIFETIME_SECONDS = 3600.0


class Handler:
    """Where this version is, what it is told, and how it behaves."""

    def __init__(self) -> None:
        self.folder = Path(PROGRAM).parent
        package = read_json(self.folder / "package.json")
        self.name: str = package["handler"]
        self.version: str = package["version"]
        environment = json.loads((self.folder / "HandlerEnvironment.json").read_text("utf-8-sig"))
        self.environment: Json = environment[0]["handlerEnvironment"]
        extension = os.environ.get("ConfigExtensionName")  # noqa: SIM112 -- the contract's spelling
        self.extension = extension or ""
        self.prefix = f"{extension}." if extension else ""
        self.sequence = os.environ.get("ConfigSequenceNumber", "0")  # noqa: SIM112
        self.settings = self._settings()
        library = Path(self.environment["configFolder"]).parent.parent
        self.state = Path(self.settings.get("stateFolder") or library / f"{self.name}-data")
        self.state.mkdir(parents=True, exist_ok=True)
        self.agent_file = self.state / f"{self.prefix}agent.json"
        self.data_file = self.state / "data.json"
        overrides = read_json(self.state / "overrides.json").get(self.version, {})
        self.behaviour: Json = {**package["behaviour"], **overrides}

    def _settings(self) -> Json:
        path = Path(self.environment["configFolder"], f"{self.prefix}{self.sequence}.settings")
        runtime = read_json(path).get("runtimeSettings") or [{}]
        return runtime[0].get("handlerSettings", {}).get("publicSettings") or {}

    def report(self, kind: str, code: int, message: str) -> None:
        """Write status and heartbeat as the contract asks, whole files only."""
        text = {"lang": "en-US", "message": message}
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        status = {
            "name": self.name,
            "operation": "Enable",
            "status": kind,
            "code": code,
            "formattedMessage": text,
        }
        write_json(
            Path(self.environment["statusFolder"], f"{self.prefix}{self.sequence}.status"),
            [{"version": 1.0, "timestampUTC": stamp, "status": status}],
        )
        ready = "ready" if kind == "success" else "notready"
        heartbeat = {"status": ready, "code": code, "formattedMessage": text}
        write_json(Path(self.environment["heartbeatFile"]), [{"version": 1.0, "heartbeat": heartbeat}])

    def note(self, file: str, line: str) -> None:
        with (self.state / file).open("a", encoding="utf-8") as log:
            log.write(line + "\n")


def read_json(path: Path) -> Json:
    """The object in a file; empty if the file is missing or empty."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return {}
    document: Json = json.loads(text) if text.strip() else {}
    return document


def write_json(path: Path, document: Any) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(document), "utf-8")
    temporary.replace(path)


def run(handler: Handler, command: str) -> int:
    """Log the command, misbehave as told, else do it."""
    told = " ".join(f"{name}={os.environ[name].replace(' ', '')}" for name in REPORTED if name in os.environ)
    line = f"{command} {handler.version} {told}"
    with only_command(handler) as alone:
        if not alone:
            handler.note("commands.log", "OVERLAP " + line)
            return 1
        handler.note("commands.log", line)
        behaviour = handler.behaviour
        time.sleep(behaviour["slow"].get(command, 0))
        wait_until(
            lambda: command not in behaviour["waits"] or (handler.state / "go").exists(), LIFETIME_SECONDS
        )
        if command in behaviour["hangs"]:
            hang(handler)
        if command in behaviour["fails"] or f"{command} {handler.extension}" in behaviour["fails"]:
            print(
                f"{handler.name} {handler.version}: {command} fails, as this package was built to.",
                file=sys.stderr,
            )
            if command == "enable":
                handler.report("error", behaviour["exit_code"], "enable failed, as this package was built to")
            return int(behaviour["exit_code"])
        return COMMANDS[command](handler)


@contextlib.contextmanager
def only_command(handler: Handler) -> Iterator[bool]:
    """Say whether no other command of this handler runs; the lock ends with the process, also by a kill."""
    with (handler.state / "lock").open("a", encoding="utf-8") as file:
        yield take_lock(file)


def take_lock(file: TextIO) -> bool:
    try:
        if sys.platform == "win32":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def install(handler: Handler) -> int:
    write_json(handler.data_file, {"version": handler.version})
    return 0


def update(handler: Handler) -> int:
    data = read_json(handler.data_file)
    target = os.environ.get("VERSION", handler.version)
    write_json(handler.data_file, {"version": target, "migratedFrom": data.get("version")})
    return 0


def enable(handler: Handler) -> int:
    if handler.behaviour["lies"]:
        return 0
    if handler.behaviour["once"]:
        return run_once(handler)
    stop(handler)
    instance = os.urandom(8).hex()
    process = start([PROGRAM, "serve", instance])
    if handler.behaviour["leaves_stray"]:
        handler.note("stray.pids", str(start([PROGRAM, "linger"]).pid))
    answers = wait_until(
        lambda: read_json(handler.agent_file).get("instance") == instance or process.poll() is not None,
        START_SECONDS,
    )
    if answers and ask(handler) == instance:
        return 0
    handler.report("error", 1, f"the agent did not come up on port {handler.settings.get('port', 0)}")
    print(f"{handler.name} {handler.version}: the agent did not come up.", file=sys.stderr)
    return 1


def run_once(handler: Handler) -> int:
    """The idiom of handlers that run what a user gave them: noted before it is run, and never run again."""
    mark = handler.folder / "mrseq"
    if mark.exists() and int(mark.read_text("utf-8")) >= int(handler.sequence):
        return 0
    mark.write_text(handler.sequence, "utf-8")
    handler.note("runs.log", f"{handler.version} {handler.sequence}")
    handler.report("success", 0, f"ran for settings {handler.sequence}")
    return 0


def disable(handler: Handler) -> int:
    stop(handler)
    return 0


def reset_state(handler: Handler) -> int:
    write_json(handler.data_file, {"version": handler.version, "reset": handler.extension or True})
    return 0


def uninstall(handler: Handler) -> int:
    for agent_file in handler.state.glob("*agent.json"):
        handler.agent_file = agent_file
        stop(handler)
    # After an update the data belong to the new version, which is there before the old one is uninstalled.
    if read_json(handler.data_file).get("version") == handler.version:
        handler.data_file.unlink()
    return 0


COMMANDS = {
    "install": install,
    "update": update,
    "enable": enable,
    "disable": disable,
    "uninstall": uninstall,
    "resetState": reset_state,
}


def start(arguments: List[str]) -> subprocess.Popen[Any]:  # noqa: UP006
    """Start a process that outlives this command, its session and its console."""
    detached: Json = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **detached,
    )


def stop(handler: Handler) -> None:
    """End the process that serves, after asking it who it is: a pid alone may be somebody else's by now."""
    agent = read_json(handler.agent_file)
    if agent and ask(handler) == agent["instance"]:
        os.kill(agent["pid"], signal.SIGTERM)
        wait_until(lambda: ask(handler) != agent["instance"], START_SECONDS)
    with contextlib.suppress(FileNotFoundError):
        handler.agent_file.unlink()


def ask(handler: Handler) -> Optional[str]:  # noqa: UP045
    """The instance that answers on the port that ``agent.json`` names."""
    agent = read_json(handler.agent_file)
    if not agent:
        return None
    try:
        with socket.create_connection(("127.0.0.1", agent["port"]), 2) as connection:
            connection.sendall(b"GET /instance HTTP/1.0\r\n\r\n")
            reply = b"".join(iter(lambda: connection.recv(4096), b""))
        instance: str = json.loads(reply.partition(b"\r\n\r\n")[2])["instance"]
        return instance
    except (OSError, ValueError, KeyError):
        return None


def hang(handler: Handler) -> None:
    """Never end, with a child that does not either."""
    child = subprocess.Popen([sys.executable, "-I", "-S", PROGRAM, "linger"])
    handler.note("hung.pids", f"{os.getpid()}\n{child.pid}")
    linger()


def linger() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(LIFETIME_SECONDS)


def wait_until(condition: Any, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Server:
    """The process that serves."""

    def __init__(self, handler: Handler, instance: str) -> None:
        self.handler = handler
        self.instance = instance
        self.requests = 0
        self.began = time.monotonic()

    def healthy(self) -> bool:
        seconds = self.handler.behaviour["unhealthy_after_seconds"]
        requests = self.handler.behaviour["unhealthy_after_requests"]
        return (seconds is None or time.monotonic() - self.began < seconds) and (
            requests is None or self.requests < requests
        )

    def report(self) -> None:
        # The version folder may have been taken away under a process that should no longer be there.
        with contextlib.suppress(FileNotFoundError):
            if self.healthy():
                self.handler.report("success", 0, f"{self.handler.name} {self.handler.version} is serving")
            else:
                self.handler.report("error", 1, f"{self.handler.name} {self.handler.version} is not healthy")

    def serve(self) -> None:
        with socket.socket() as listener:
            if os.name != "nt":  # there it would let two processes share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", int(self.handler.settings.get("port") or 0)))
            listener.listen(16)
            listener.settimeout(REFRESH_SECONDS)
            port = listener.getsockname()[1]
            self.report()
            write_json(self.handler.agent_file, {"pid": os.getpid(), "port": port, "instance": self.instance})
            due = time.monotonic() + REFRESH_SECONDS
            while time.monotonic() - self.began < LIFETIME_SECONDS:
                was_healthy = self.healthy()
                with contextlib.suppress(OSError):  # a time-out here is the clock of this loop
                    self.answer(listener.accept()[0])
                if time.monotonic() >= due or self.healthy() != was_healthy:
                    self.report()
                    due = time.monotonic() + REFRESH_SECONDS

    def answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(1)
            request = connection.recv(4096)
            ok = self.healthy()
            if not request.startswith(b"GET /instance "):
                self.requests += 1
            body = {
                "handler": self.handler.name,
                "extension": self.handler.extension,
                "version": self.handler.version,
                "pid": os.getpid(),
                "instance": self.instance,
            }
            text = json.dumps(body).encode()
            line = b"HTTP/1.0 200 OK" if ok else b"HTTP/1.0 503 Service Unavailable"
            head = b"%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (line, len(text))
            connection.sendall(head + text)


def main(arguments: List[str]) -> int:  # noqa: UP006
    if arguments[0] == "linger":
        linger()
    elif arguments[0] == "serve":
        Server(Handler(), arguments[1]).serve()
    else:
        return run(Handler(), arguments[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
