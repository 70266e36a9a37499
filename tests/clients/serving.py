"""A server as users start it: the command as a process, a credential made with the command, TLS."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from frontends.cli_harness import COMMAND, Cli
from packages import PackageSpec, end_processes

GROUP, MACHINE = "rg", "m1"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-8888-7777-6666-555555555555"


class Server:
    """A machine with a server for it, and what a client needs to reach that."""

    def __init__(self, root: Path, *packages: PackageSpec, simulated: str | None = "Linux") -> None:
        self.cli = Cli(root, {"AZCMLITE_SUBSCRIPTION": SUBSCRIPTION})
        kind = ["--simulated", "--os-type", simulated] if simulated else []
        assert self.cli.run("connect", "-g", GROUP, "--name", MACHINE, *kind).code == 0
        for spec in packages:
            self.cli.publish(spec)
        made = self.cli.run("credential", "create", "--name", "tests", "--scope", "operate").json()
        self.client_id, self.secret = str(made["clientId"]), str(made["clientSecret"])
        self._process: subprocess.Popen[str] | None = None
        self.start("--port", "0")

    def start(self, *words: str) -> None:
        """Start it and wait for the line that says where it listens."""
        self._process = subprocess.Popen(
            [*COMMAND, "serve", "-o", "json", *words],
            env=self.cli.environment, cwd=self.cli.root, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.url, self.certificate = str(said["url"]), str(said["certificate"])

    def kill(self) -> None:
        """What a power cut does to it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Stop it as a service manager does; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def end(self) -> None:
        """Leave nothing of it behind."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        end_processes(self.cli.root)

    def token(self) -> str:
        """A bearer token, as any client gets one."""
        form = {
            "grant_type": "client_credentials", "client_id": self.client_id,
            "client_secret": self.secret, "scope": "https://management.azure.com/.default",
        }  # fmt: skip
        trusted = ssl.create_default_context(cafile=self.certificate)
        address = f"{self.url}/{TENANT}/oauth2/v2.0/token"
        with urlopen(address, data=urlencode(form).encode(), context=trusted) as answer:
            return str(json.load(answer)["access_token"])

    def for_client(self, **more: str) -> str:
        """What ``sdk_program.py`` reads."""
        given = {
            "url": self.url, "certificate": self.certificate, "tenant": TENANT,
            "client_id": self.client_id, "secret": self.secret,
            "subscription": SUBSCRIPTION, "group": GROUP, "machine": MACHINE,
        }  # fmt: skip
        return json.dumps(given | more)
