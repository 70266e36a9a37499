"""The server is killed in the middle of each long operation; the client that polls gets the true result.

Everything is real: the server, the runner, a package whose command waits until the test lets it go on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from connectedmachine.model.identity import NIL_SUBSCRIPTION
from frontends.cli_harness import Cli, until
from packages import AGENT
from rest.serving import Server, serving, token_of

MACHINE = f"/subscriptions/{NIL_SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.HybridCompute/machines/m1"
EXTENSION = f"{MACHINE}/extensions/agent"
QUERY = {"api-version": "2024-07-10"}

SPEC = replace(AGENT, waits=("enable", "uninstall"))


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A local machine, and a package whose commands wait for ``let_go``."""
    made = Cli(tmp_path)
    made.connect()
    made.publish(SPEC)
    return made


def let_go(cli: Cli) -> None:
    cli.state(SPEC).mkdir(exist_ok=True)
    (cli.state(SPEC) / "go").touch()


def installed(cli: Cli) -> None:
    """Put version 1.0 on the machine; the next command waits again."""
    let_go(cli)
    assert cli.set(SPEC, "--type-handler-version", "1.0").code == 0
    (cli.state(SPEC) / "go").unlink()
    (cli.state(SPEC) / "commands.log").unlink()


def is_waiting(cli: Cli, command: str) -> bool:
    log = cli.state(SPEC) / "commands.log"
    return log.exists() and any(
        line.startswith(f"{command} ") for line in log.read_text("utf-8").splitlines()
    )


def body(cli: Cli, **more: object) -> dict[str, object]:
    settings = {"stateFolder": str(cli.state(SPEC)), **more}
    named = {"publisher": SPEC.publisher, "type": SPEC.type, "typeHandlerVersion": "1.0"}
    return {"location": "local", "properties": {**named, "settings": settings}}


def killed_meanwhile(
    cli: Cli, method: str, path: str, sent: Mapping[str, object] | None, command: str
) -> tuple[dict[str, object], httpx.Response]:
    """Send a request, kill the server while ``command`` runs, and start it again when that has ended.

    Returns:
        What the poller saw at last, and the result.
    """
    with serving(cli) as server:
        token, port = token_of(server, cli), server.url.rpartition(":")[2]
        with server.client(token) as client, ThreadPoolExecutor() as pool:
            accepted = client.request(method, path, params=QUERY, json=sent)
            assert accepted.status_code == 202, accepted.text
            until(lambda: is_waiting(cli, command))
            polling = pool.submit(poll, server, token, accepted.headers["Azure-AsyncOperation"])
            server.process.kill()
            server.process.wait()
            let_go(cli)
            with serving(cli, "--port", port) as again:
                last = polling.result()
                with again.client(token) as anew:
                    return last, anew.get(accepted.headers["Location"])


def poll(server: Server, token: str, url: str) -> dict[str, object]:
    """Ask until there is an end, as Azure's SDK does: a connection that fails is tried again."""
    found: dict[str, object] = {}

    def has_ended() -> bool:
        try:
            with server.client(token) as client:
                answer = client.get(url)
        except httpx.TransportError:
            return False
        assert answer.status_code == 200, answer.text
        found.update(answer.json())
        return found["status"] in ("Succeeded", "Failed", "Canceled")

    until(has_ended)
    return found


def test_a_create_ends_with_the_extension(cli: Cli) -> None:
    last, result = killed_meanwhile(cli, "PUT", EXTENSION, body(cli), "enable")
    assert last["status"] == "Succeeded", last
    assert result.json() == last["properties"]
    assert result.json()["properties"]["typeHandlerVersion"] == "1.0.0.0"
    assert result.json()["properties"]["provisioningState"] == "Succeeded"


def test_a_change_of_settings_ends_with_the_extension(cli: Cli) -> None:
    installed(cli)
    last, result = killed_meanwhile(cli, "PATCH", EXTENSION, body(cli, color="blue"), "enable")
    assert last["status"] == "Succeeded", last
    assert result.json()["properties"]["settings"]["color"] == "blue"


def test_an_upgrade_ends_with_the_new_version(cli: Cli) -> None:
    installed(cli)
    cli.publish(replace(SPEC, version="1.1.0.0"))
    targets = {"extensionTargets": {SPEC.handler: {"targetVersion": "1.1"}}}
    last, result = killed_meanwhile(cli, "POST", f"{MACHINE}/upgradeExtensions", targets, "uninstall")
    assert last["status"] == "Succeeded", last
    (upgraded,) = result.json()
    assert upgraded["properties"]["typeHandlerVersion"] == "1.1.0.0"


def test_a_delete_ends_with_nothing_left(cli: Cli) -> None:
    installed(cli)
    last, result = killed_meanwhile(cli, "DELETE", EXTENSION, None, "uninstall")
    assert last["status"] == "Succeeded", last
    assert result.status_code == 204
    assert json.loads(cli.run("extension", "list", "-g", "rg", "--machine-name", "m1").out) == []


def test_an_operation_that_fails_meanwhile_is_told_so(cli: Cli) -> None:
    failing = replace(SPEC, version="1.2.0.0", fails=("enable",))
    cli.publish(failing)
    wanted = body(cli)
    wanted["properties"]["typeHandlerVersion"] = "1.2"  # type: ignore[index] # a dict
    last, result = killed_meanwhile(cli, "PUT", EXTENSION, wanted, "enable")
    assert last["status"] == "Failed", last
    assert last["error"]["code"] == "HCRP400"  # type: ignore[index] # a dict
    assert (result.status_code, result.json()["error"]) == (400, last["error"])
