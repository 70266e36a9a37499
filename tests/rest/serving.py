"""``connectedmachine serve`` as a process."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from frontends.cli_harness import COMMAND, Cli


@dataclass(frozen=True)
class Server:
    """A server that has said that it is ready.

    Attributes:
        said: Its ready line.
    """

    process: subprocess.Popen[str]
    said: dict[str, object]

    @property
    def url(self) -> str:
        return str(self.said["url"])

    def client(self, token: str = "") -> httpx.Client:
        """A client that trusts the certificate that the server names."""
        trusted = self.said["certificate"]
        context = ssl.create_default_context(cafile=str(trusted)) if trusted else True
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, verify=context, headers=headers, trust_env=False)


@contextmanager
def serving(cli: Cli, *arguments: str) -> Iterator[Server]:
    """A server on a port of its own choice."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        env=cli.environment, cwd=cli.root, text=True, encoding="utf-8",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield Server(process, json.loads(line))
    finally:
        process.kill()
        process.communicate()


def token_of(server: Server, cli: Cli, name: str = "client", scope: str = "operate") -> str:
    """A token of a new credential, made as a user makes it."""
    made = cli.run("credential", "create", "--name", name, "--scope", scope).json()
    form = {
        "grant_type": "client_credentials",
        "client_id": made["clientId"],
        "client_secret": made["clientSecret"],
    }
    with server.client() as client:
        answer = client.post("/t/oauth2/v2.0/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def is_posix() -> bool:
    """Whether there are Unix sockets and signals."""
    return sys.platform != "win32"


def log_of(cli: Cli, name: str) -> str:
    """One of the server's logs."""
    return (Path(cli.environment["AZCMLITE_HOME"]) / name).read_text("utf-8")
